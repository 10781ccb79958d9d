/**
 * The value that vmft gives to a flag that the manual leaves undefined. An undefined flag would be
 * non-determinism, so each has one value here, the one seen on a current processor (AMD EPYC).
 * `C P A Z S O` are the flags; `result` is the destination after the instruction.
 */

/** Mnemonic → value, in prose. */
export const UNDEFINED_VALUES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'and or xor test': 'A = 0',
  }).flatMap(([mnemonics, value]) => mnemonics.split(' ').map((name) => [name, value] as const)),
);

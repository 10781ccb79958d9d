/**
 * The values that vmft gives to what the manual leaves undefined. An undefined flag would be
 * non-determinism, so each has one value: the one that AMD's processors give (family 26; the tests
 * in test/oracle hold every flag against it). The processor (cpu/ops) follows this list.
 */

const VALUES: Readonly<Record<string, string>> = {
  'and or xor test': 'A = 0',
  'shl shr sar': 'A = 1; C and O = as the last of so many shifts by one',
  'rol ror rcl rcr': 'O = as the last of so many rotates by one',
  'shld shrd':
    'A = 1; O = as the last of so many shifts by one; of 16 bits by more: C = 0, shld O = 0',
  'mul imul': 'P A Z S unchanged',
  'div idiv': 'A = 1; P Z S = 0; C O unchanged',
  'bt bts btr btc': 'P A S O unchanged',
  'bsf bsr': 'P = of the index, 1 where the source is zero; C A S O = 0',
  'daa das': 'O = of the addition to al, or the subtraction',
  'aaa aas': 'P Z S O = of the addition to ax, or the subtraction, before al is masked',
  aam: 'C A O = 0',
  aad: 'C A O = of the addition to al',
  mov: 'all unchanged',
};

/** Mnemonic → value, in prose. */
export const UNDEFINED_VALUES: ReadonlyMap<string, string> = new Map(
  Object.entries(VALUES).flatMap(([mnemonics, value]) =>
    mnemonics.split(' ').map((mnemonic) => [mnemonic, value] as const),
  ),
);

/** Results that the manual leaves undefined, in prose: instructions, when, and what they give. */
export const UNDEFINED_RESULTS: readonly (readonly [string, string, string])[] = [
  ['bswap', '16-bit operand', '0'],
  ['bsf bsr', 'source 0', 'the destination unchanged'],
  ['shld shrd', '16-bit operand, count above 16', 'as if the register were shifted in twice'],
];

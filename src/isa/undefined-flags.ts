/**
 * The value that vmft gives to a flag that the manual leaves undefined. An undefined flag would be
 * non-determinism, so each has one value: that of AMD and Intel processors where they agree and it
 * costs nothing, else the simplest. The processor (cpu/ops) follows this list.
 */

const VALUES: Readonly<Record<string, string>> = {
  'and or xor test': 'A = 0',
  'shl shr sar': 'A = 0; O = as the last of so many shifts by one',
  'rol ror rcl rcr': 'O = as the last of so many rotates by one',
  'shld shrd': 'A = 0; O = the sign changed; a 16-bit count above 16 shifts in twice, C = 0',
  'mul imul': 'P Z S = of the low half of the product; A = 0',
  'div idiv': 'all unchanged',
  'bt bts btr btc': 'P A S O unchanged',
  'bsf bsr': 'C P A S O unchanged',
  'daa das': 'O = 0',
  'aaa aas': 'P Z S = of al; O = 0',
  'aam aad': 'C A O = 0',
  mov: 'all unchanged',
};

/** Mnemonic → value, in prose. */
export const UNDEFINED_VALUES: ReadonlyMap<string, string> = new Map(
  Object.entries(VALUES).flatMap(([mnemonics, value]) =>
    mnemonics.split(' ').map((mnemonic) => [mnemonic, value] as const),
  ),
);

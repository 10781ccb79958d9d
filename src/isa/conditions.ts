/**
 * The sixteen conditions of jcc, setcc and cmovcc (volume 2, appendix B, table B-10).
 */

/** One condition: the low four bits of the opcode are its index. */
export interface Condition {
  /** As vmft spells it (so do gcc and objdump). */
  readonly name: string;
  /** Other spellings that mean the same. */
  readonly aliases: readonly string[];
  /** The flags that it tests. */
  readonly tests: string;
}

const row = (names: string, tests: string): Condition => {
  const [name, ...aliases] = names.split(' ');
  return { name: name!, aliases, tests };
};

/** In the order of the opcodes. */
export const CONDITIONS: readonly Condition[] = [
  row('o', 'O'),
  row('no', 'O'),
  row('b c nae', 'C'),
  row('ae nb nc', 'C'),
  row('e z', 'Z'),
  row('ne nz', 'Z'),
  row('be na', 'CZ'),
  row('a nbe', 'CZ'),
  row('s', 'S'),
  row('ns', 'S'),
  row('p pe', 'P'),
  row('np po', 'P'),
  row('l nge', 'SO'),
  row('ge nl', 'SO'),
  row('le ng', 'ZSO'),
  row('g nle', 'ZSO'),
];

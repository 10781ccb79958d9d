/**
 * The macros that every source finds defined (NASM manual, 5): which nasm this assembler keeps to,
 * and what it makes. Each has a name of nasm 2.15 and later, `__?BITS?__`, and an older one.
 *
 * There is none for the date, the time or the number of the pass: what a source becomes depends on
 * nothing but the source.
 */

import { lexLine } from '../lexer.ts';
import type { Token } from '../token.ts';

const VALUES: Readonly<Record<string, string>> = {
  NASM_MAJOR: '2',
  NASM_MINOR: '16',
  NASM_SUBMINOR: '1',
  NASM_PATCHLEVEL: '0',
  NASM_VERSION_ID: '0x02100100',
  NASM_VER: '"2.16.01"',
  BITS: '32',
  SECT: '[return]',
  DEFAULT: '[default abs]',
};

/** Both names of a predefined macro. */
export function bothNames(name: string): [string, string] {
  return [`__${name}__`, `__?${name}?__`];
}

let fixed: ReadonlyMap<string, readonly Token[]> | undefined;

/** The macros that are the same in every program: name and body. */
export function predefinedMacros(): ReadonlyMap<string, readonly Token[]> {
  fixed ??= new Map(
    Object.entries(VALUES).flatMap(([name, text]) => {
      const body = lexLine(text);
      return bothNames(name).map((spelled): [string, readonly Token[]] => [spelled, body]);
    }),
  );
  return fixed;
}

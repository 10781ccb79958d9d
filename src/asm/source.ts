/**
 * Source text as the assembler sees it: logical lines. A physical line that ends in a backslash
 * goes on in the next one; the joined line keeps the number of its first physical line.
 */

import { lexLine } from './lexer.ts';
import type { Token } from './token.ts';

/** One logical line. Its tokens are made when first asked for, and kept for later passes. */
export class SourceLine {
  readonly file: string;
  /** Counted from 1. */
  readonly number: number;
  readonly text: string;
  #tokens: readonly Token[] | undefined;

  constructor(file: string, number: number, text: string) {
    this.file = file;
    this.number = number;
    this.text = text;
  }

  get tokens(): readonly Token[] {
    this.#tokens ??= lexLine(this.text);
    return this.#tokens;
  }
}

/** Where an output line came from: what errors point at, and what a listing shows. */
export interface Origin {
  /** The line outside all macros that led here; errors name it. */
  readonly place: SourceLine;
  /** The line itself, perhaps of a macro's body. */
  readonly line: SourceLine;
  /** Macros and repetitions open around it. */
  readonly depth: number;
  /** The innermost macro open around it. */
  readonly macro?: string;
  /** The line that a listing shows in its stead: the call of a macro that is `.nolist`. */
  readonly shownAt?: Origin;
}

/** The logical lines of `text`. */
export function splitLines(file: string, text: string): SourceLine[] {
  const physical = text.split(/\r\n|\n|\r/);
  if (physical.at(-1) === '') physical.pop();
  const lines: SourceLine[] = [];
  for (let i = 0; i < physical.length; i++) {
    const number = i + 1;
    let joined = physical[i]!;
    while (joined.endsWith('\\')) {
      i++;
      joined = joined.slice(0, -1) + (physical[i] ?? '');
    }
    lines.push(new SourceLine(file, number, joined));
  }
  return lines;
}

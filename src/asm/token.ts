/**
 * Tokens: what a line of source consists of, for preprocessor and parser alike. Macro expansion
 * puts tokens together anew; a token made by an expansion carries the column of the text that
 * called for it, so that every error can point into the line that the user wrote.
 */

/** What a token is. */
export const enum Kind {
  /** Identifier, register, mnemonic or keyword. */
  Name,
  /** Integer, not yet checked: `0x1f`, `1fh`, `$1f`. */
  Number,
  /** Decimal fraction: `1.5e3`. */
  Float,
  /** String with its quotes. */
  Text,
  /** Operator or punctuation; `text` is the operator. */
  Punct,
  /** `%name`: a preprocessor directive; `text` is the name. */
  Directive,
  /**
   * `%1`, `%{1:3}`, `%-1`: a parameter of a multi-line macro; `text` is what follows the percent.
   */
  Parameter,
  /** `%%name`: a label of one macro call; `text` is the name. */
  MacroLocal,
  /** `%$name`: a name of the innermost context; `text` is all after the percent. */
  ContextLocal,
  /** A character or string that makes no sense; `text` says why. */
  Bad,
}

export interface Token {
  readonly kind: Kind;
  readonly text: string;
  /** Counted from 1, in the line that an error would show. */
  readonly column: number;
  /** Whether white space comes before it. */
  readonly space: boolean;
}

/** Whether `token` is the operator or punctuation `text`. */
export function isPunct(token: Token | undefined, text: string): boolean {
  return token !== undefined && token.kind === Kind.Punct && token.text === text;
}

/** The source text of one token, without white space. */
export function spelling(token: Token): string {
  switch (token.kind) {
    case Kind.Directive:
    case Kind.Parameter:
    case Kind.ContextLocal:
      return `%${token.text}`;
    case Kind.MacroLocal:
      return `%%${token.text}`;
    default:
      return token.text;
  }
}

/** The source text of `tokens`, white space normalised to one blank. */
export function spellings(tokens: readonly Token[]): string {
  let text = '';
  for (const token of tokens) text += (token.space && text !== '' ? ' ' : '') + spelling(token);
  return text;
}

/** Copies of `tokens` that all point at `column`. */
export function movedTo(column: number, tokens: readonly Token[]): Token[] {
  return tokens.map((token) => ({ ...token, column }));
}

/** The comma-separated parts of `tokens`; commas within parentheses or braces do not separate. */
export function splitAtCommas(tokens: readonly Token[]): Token[][] {
  const parts: Token[][] = [];
  let part: Token[] = [];
  let depth = 0;
  for (const token of tokens) {
    if (token.kind === Kind.Punct) {
      if (token.text === '(' || token.text === '{') depth++;
      else if (token.text === ')' || token.text === '}') depth--;
      else if (token.text === ',' && depth <= 0) {
        parts.push(part);
        part = [];
        continue;
      }
    }
    part.push(token);
  }
  parts.push(part);
  return parts;
}

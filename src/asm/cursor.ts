/** A place in a line's tokens, from which parsers take what they need. */

import { Failure } from './errors.ts';
import { isPunct, Kind, spelling, type Token } from './token.ts';

export class Cursor {
  readonly #tokens: readonly Token[];
  #at: number;

  constructor(tokens: readonly Token[], at = 0) {
    this.#tokens = tokens;
    this.#at = at;
  }

  /** The next token, or undefined at the end of the line. */
  get token(): Token | undefined {
    return this.#tokens[this.#at];
  }

  /** The token after the next one. */
  get second(): Token | undefined {
    return this.#tokens[this.#at + 1];
  }

  get done(): boolean {
    return this.#at >= this.#tokens.length;
  }

  /** Column of the next token; at the end, the column just behind the last. */
  get column(): number {
    const token = this.token;
    if (token) return token.column;
    const last = this.#tokens.at(-1);
    return last ? last.column + spelling(last).length : 1;
  }

  /** The tokens from here on. */
  rest(): Token[] {
    return this.#tokens.slice(this.#at);
  }

  skip(): void {
    this.#at++;
  }

  /** Takes the next token if it is the punctuation `text`. */
  take(text: string): boolean {
    if (!isPunct(this.token, text)) return false;
    this.#at++;
    return true;
  }

  /** Takes the punctuation `text`, or throws a {@link Failure}. */
  expect(text: string, where: string): void {
    if (!this.take(text)) this.fail(`\`${text}' expected ${where}`);
  }

  /** The next token in lower case if it is a name, else the empty string. */
  word(): string {
    const token = this.token;
    return token?.kind === Kind.Name ? token.text.toLowerCase() : '';
  }

  /** Throws a {@link Failure} at the next token, which it names. */
  fail(message: string, hint?: string): never {
    throw this.failure(message, hint);
  }

  /** A {@link Failure} at the next token, which it names. */
  failure(message: string, hint?: string): Failure {
    const token = this.token;
    if (token?.kind === Kind.Bad) return new Failure(token.column, token.text);
    const got = token ? `, got \`${spelling(token)}'` : ', but the line ends here';
    return new Failure(this.column, message + got, hint);
  }

  /** Throws a {@link Failure} unless all is taken. */
  end(what: string): void {
    if (!this.done) this.fail(`end of line expected after ${what}`);
  }
}

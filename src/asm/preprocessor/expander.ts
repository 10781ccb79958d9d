/**
 * Expansion of single-line macros in a line of tokens (NASM manual, 4.2): names and calls are
 * replaced, `%+` pastes its neighbours together, `%[…]` expands what it holds. Arguments are
 * expanded before they are put in; the result is scanned again with the macro itself asleep.
 */

import { Cursor } from '../cursor.ts';
import { Failure } from '../errors.ts';
import { lexLine } from '../lexer.ts';
import { MAX_LINE_TOKENS, MAX_MACRO_DEPTH } from '../limits.ts';
import { isPunct, Kind, movedTo, spelling, splitAtCommas, type Token } from '../token.ts';
import type { Contexts } from './contexts.ts';
import type { SingleMacro, SingleMacros } from './single-macros.ts';

export class Expander {
  readonly #macros: SingleMacros;
  readonly #contexts: Contexts;
  /** Tokens made for the line at hand. */
  #made = 0;
  #depth = 0;

  constructor(macros: SingleMacros, contexts: Contexts) {
    this.#macros = macros;
    this.#contexts = contexts;
  }

  /** `tokens` with all macros expanded. Throws a Failure where a call makes no sense. */
  expand(tokens: readonly Token[]): readonly Token[] {
    this.#made = 0;
    this.#depth = 0;
    const expanded = this.#expand(tokens);
    if (!expanded.some((token) => isPunct(token, '%+'))) return expanded;
    return this.#expand(paste(expanded));
  }

  #expand(tokens: readonly Token[]): readonly Token[] {
    if (!tokens.some(mayExpand)) return tokens;
    if (++this.#depth > MAX_MACRO_DEPTH)
      throw new Failure(tokens[0]!.column, 'macros expand too deeply');
    const out: Token[] = [];
    const cursor = new Cursor(tokens);
    while (!cursor.done) this.#next(cursor, out);
    this.#depth--;
    return out;
  }

  #append(out: Token[], tokens: readonly Token[], at: Token): void {
    this.#made += tokens.length;
    if (this.#made > MAX_LINE_TOKENS)
      throw new Failure(at.column, `line of more than ${MAX_LINE_TOKENS} tokens after expansion`);
    tokens.forEach((token, i) => {
      out.push(i === 0 ? { ...token, space: at.space } : token);
    });
  }

  #next(cursor: Cursor, out: Token[]): void {
    const token = cursor.token!;
    cursor.skip();
    if (token.kind === Kind.Name) {
      if (!this.#call(token, this.#macros.named(token.text), cursor, out)) out.push(token);
    } else if (token.kind === Kind.ContextLocal) {
      const { macros, name, label } = this.#contexts.resolve(token);
      if (!this.#call(token, macros.named(name), cursor, out))
        out.push({ ...token, kind: Kind.Name, text: label });
      glue(cursor, out);
    } else if (isPunct(token, '%[')) {
      this.#append(out, this.#expand(paste(this.#expand(indirect(cursor, token)))), token);
    } else {
      out.push(token);
    }
  }

  /** Expands a call of one of `macros`; false if it is none. */
  #call(token: Token, macros: readonly SingleMacro[], cursor: Cursor, out: Token[]): boolean {
    const macro = macros.find((candidate) => !candidate.parameters);
    if (macro) {
      if (macro.active) return false;
      this.#body(macro, macro.body, token, out);
      return true;
    }
    if (macros.length === 0 || !isPunct(cursor.token, '(')) return false;
    const given = callArguments(cursor);
    const called = macros.find(({ parameters }) => parameters!.length === given.length);
    const fits = called ?? (isEmpty(given) && macros.find((m) => m.parameters!.length === 0));
    if (!fits || fits.active) {
      if (!fits)
        throw new Failure(token.column, `macro \`${token.text}' does not take ${given.length}`);
      out.push(token);
      return true;
    }
    for (let i = lengthOf(given); i > 0; i--) cursor.skip();
    const expanded = given.map((argument) => this.#expand(argument));
    this.#body(fits, substitute(fits, expanded), token, out);
    return true;
  }

  #body(macro: SingleMacro, body: readonly Token[], at: Token, out: Token[]): void {
    const moved = movedTo(at.column, body).map((token) => ownName(token, macro, at));
    macro.active = true;
    try {
      this.#append(out, this.#expand(moved), at);
    } finally {
      macro.active = false;
    }
  }
}

function mayExpand({ kind, text }: Token): boolean {
  return kind === Kind.Name || kind === Kind.ContextLocal || (kind === Kind.Punct && text === '%[');
}

/** `%?` in a body is the macro's name as it was called, `%??` as it was defined. */
function ownName(token: Token, macro: SingleMacro, call: Token): Token {
  if (isPunct(token, '%?')) return { ...token, kind: Kind.Name, text: call.text };
  return isPunct(token, '%??') ? { ...token, kind: Kind.Name, text: macro.name } : token;
}

/** The arguments of the call whose parenthesis is next. The cursor stays. */
function callArguments(cursor: Cursor): Token[][] {
  const tokens = cursor.rest();
  let depth = 0;
  for (let i = 0; i < tokens.length; i++) {
    if (isPunct(tokens[i], '(')) depth++;
    else if (isPunct(tokens[i], ')') && --depth === 0) return splitAtCommas(tokens.slice(1, i));
  }
  return cursor.fail("macro call without its closing `)'");
}

function isEmpty(given: readonly Token[][]): boolean {
  return given.length === 1 && given[0]!.length === 0;
}

/** Tokens of a call: its arguments, the commas between them, the parentheses. */
function lengthOf(given: readonly Token[][]): number {
  return given.reduce((sum, argument) => sum + argument.length + 1, 1);
}

function substitute(macro: SingleMacro, given: readonly (readonly Token[])[]): Token[] {
  const out: Token[] = [];
  for (const token of macro.body) {
    const at = token.kind === Kind.Name ? macro.parameters!.indexOf(token.text) : -1;
    if (at < 0) out.push(token);
    else
      unbraced(given[at]!).forEach((argument, i) => {
        out.push(i === 0 ? { ...argument, space: token.space } : argument);
      });
  }
  return out;
}

/** An argument without the braces that kept its commas together. */
export function unbraced(argument: readonly Token[]): readonly Token[] {
  const braced = isPunct(argument[0], '{') && isPunct(argument.at(-1), '}');
  return braced ? argument.slice(1, -1) : argument;
}

/** What `%[` holds, up to its bracket. */
function indirect(cursor: Cursor, open: Token): Token[] {
  const inside: Token[] = [];
  let depth = 1;
  for (;;) {
    const token = cursor.token;
    if (!token) throw new Failure(open.column, "`%[' without its closing `]'");
    cursor.skip();
    if (isPunct(token, '[') || isPunct(token, '%[')) depth++;
    else if (isPunct(token, ']') && --depth === 0) return inside;
    inside.push(token);
  }
}

/** Makes what follows `%{$name}` without a space one word with it. */
function glue(cursor: Cursor, out: Token[]): void {
  const [left, right] = [out.at(-1), cursor.token];
  if (!left || !right || right.space || !isWord(left) || !isWord(right)) return;
  cursor.skip();
  out.pop();
  out.push(...joined(left, right));
}

/** Whether a token grows together with letters and digits that touch it. */
export function isWord({ kind }: Token): boolean {
  return kind === Kind.Name || kind === Kind.Number || kind === Kind.Float;
}

/** `tokens` with each `%+` gone and its neighbours made one token. */
function paste(tokens: readonly Token[]): readonly Token[] {
  const out: Token[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const [left, right] = [out.at(-1), tokens[i + 1]];
    if (isPunct(tokens[i], '%+') && left && right) {
      out.pop();
      out.push(...joined(left, right));
      i++;
    } else {
      out.push(tokens[i]!);
    }
  }
  return out;
}

/** The tokens that the texts of `left` and `right` give when written without a space between. */
export function joined(left: Token, right: Token): Token[] {
  const tokens = movedTo(left.column, lexLine(spelling(left) + spelling(right)));
  if (tokens[0]) tokens[0] = { ...tokens[0], space: left.space };
  return tokens;
}

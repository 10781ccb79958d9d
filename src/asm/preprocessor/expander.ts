/**
 * Expansion of single-line macros in a line of tokens (NASM manual, 4.2): names and calls are
 * replaced, `%+` pastes its neighbours together, `%[…]` expands what it holds, `%name(…)` calls a
 * function. Arguments are expanded before they are put in; the result is scanned again with the
 * macro itself asleep.
 */

import { Cursor } from '../cursor.ts';
import { Failure } from '../errors.ts';
import { lexLine } from '../lexer.ts';
import { MAX_LINE_TOKENS, MAX_MACRO_DEPTH } from '../limits.ts';
import { isPunct, Kind, movedTo, spelling, splitAtCommas, type Token } from '../token.ts';
import type { WarningClass } from '../warnings.ts';
import type { Contexts } from './contexts.ts';
import type { SingleMacro, SingleMacros, SingleParameter } from './single-macros.ts';

/** What expansion asks of the preprocessor around it. */
export interface ExpanderHost {
  warn(column: number, name: WarningClass, message: string): void;
  /** What the function `name` makes of what its parentheses hold; undefined if there is none. */
  call(name: string, inside: readonly Token[], at: Token): readonly Token[] | undefined;
  /** An expanded argument as its parameter wants it. */
  prepare(p: SingleParameter, argument: readonly Token[], at: Token): readonly Token[];
}

export class Expander {
  readonly #macros: SingleMacros;
  readonly #contexts: Contexts;
  readonly #host: ExpanderHost;
  /** Expansions under way within each other; a function's arguments begin new ones. */
  #open = 0;
  /** Tokens made for the line at hand. */
  #made = 0;
  #depth = 0;

  constructor(macros: SingleMacros, contexts: Contexts, host: ExpanderHost) {
    this.#macros = macros;
    this.#contexts = contexts;
    this.#host = host;
  }

  /** `tokens` with all macros expanded. Throws a Failure where a call makes no sense. */
  expand(tokens: readonly Token[]): readonly Token[] {
    if (this.#open === 0) {
      this.#made = 0;
      this.#depth = 0;
    }
    this.#open++;
    try {
      const expanded = this.#expand(tokens);
      if (!expanded.some((token) => isPunct(token, '%+'))) return expanded;
      return this.#expand(paste(expanded));
    } finally {
      this.#open--;
    }
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
      const before = out.length;
      this.#append(out, this.#expand(paste(this.#expand(indirect(cursor, token)))), token);
      if (before >= out.length) return;
      const grown = [glueAt(before, out), glue(cursor, out)].includes(true);
      // What has grown together may be the name of a macro.
      if (grown) this.#append(out, this.#expand([out.pop()!]), token);
    } else if (token.kind !== Kind.Directive || !this.#function(token, cursor, out)) {
      out.push(token);
    }
  }

  /** Calls the function that `token` names; false if it names none. */
  #function(token: Token, cursor: Cursor, out: Token[]): boolean {
    if (!isPunct(cursor.token, '(')) return false;
    const inside = parenthesised(cursor);
    if (!inside) throw new Failure(token.column, `\`%${token.text}(' without its closing \`)'`);
    const made = this.#host.call(token.text.toLowerCase(), inside, token);
    if (!made) return false;
    for (let i = inside.length + 2; i > 0; i--) cursor.skip();
    this.#append(out, made, token);
    return true;
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
    const inside = parenthesised(cursor);
    if (!inside) return cursor.fail("macro call without its closing `)'");
    const fits = called(macros, inside);
    if (!fits) {
      const count = splitAtCommas(inside).length;
      const message = `macro \`${token.text}' does not take ${count} parameters: not expanded`;
      this.#host.warn(token.column, 'pp-macro-params-single', message);
    }
    if (!fits || fits.active) return false;
    for (let i = inside.length + 2; i > 0; i--) cursor.skip();
    const given = givenTo(fits, inside).map((argument, i) => {
      const expanded = this.#expand(argument);
      return this.#host.prepare(fits.parameters![i]!, expanded, token);
    });
    this.#body(fits, substitute(fits, given), token, out);
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
  if (kind === Kind.Name || kind === Kind.ContextLocal || kind === Kind.Directive) return true;
  return kind === Kind.Punct && text === '%[';
}

/** `%?` in a body is the macro's name as it was called, `%??` as it was defined. */
function ownName(token: Token, macro: SingleMacro, call: Token): Token {
  if (isPunct(token, '%?')) return { ...token, kind: Kind.Name, text: call.text };
  return isPunct(token, '%??') ? { ...token, kind: Kind.Name, text: macro.name } : token;
}

/** What the parenthesis that is next holds; undefined if it does not close. The cursor stays. */
function parenthesised(cursor: Cursor): Token[] | undefined {
  const tokens = cursor.rest();
  let depth = 0;
  for (let i = 0; i < tokens.length; i++) {
    if (isPunct(tokens[i], '(')) depth++;
    else if (isPunct(tokens[i], ')') && --depth === 0) return tokens.slice(1, i);
  }
  return undefined;
}

/** The one of `macros` that takes the arguments in `inside`. */
function called(macros: readonly SingleMacro[], inside: readonly Token[]): SingleMacro | undefined {
  const count = splitAtCommas(inside).length;
  const takes = (n: number) => macros.find(({ parameters }) => parameters!.length === n);
  const greedy = macros.find(
    ({ parameters }) => parameters!.at(-1)?.greedy && parameters!.length - 1 <= count,
  );
  return takes(count) ?? greedy ?? (inside.length === 0 ? takes(0) : undefined);
}

/** The arguments in `inside`, one for each parameter of `macro`. */
function givenTo({ parameters }: SingleMacro, inside: readonly Token[]): (readonly Token[])[] {
  const parts = splitAtCommas(inside);
  const last = parameters!.length - 1;
  return parameters!.map(({ greedy, verbatim }, i) => {
    if (greedy && i === last && parts.length > last + 1) {
      const before = parts.slice(0, last).reduce((sum, part) => sum + part.length + 1, 0);
      return inside.slice(before);
    }
    const part = parts[i] ?? [];
    return verbatim ? part : unbraced(part);
  });
}

function substitute(macro: SingleMacro, given: readonly (readonly Token[])[]): Token[] {
  const out: Token[] = [];
  const names = macro.parameters!.map(({ name }) => name);
  for (const token of macro.body) {
    const at = token.kind === Kind.Name ? names.indexOf(token.text) : -1;
    if (at < 0) out.push(token);
    else
      given[at]!.forEach((argument, i) => {
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

/** Makes what follows `%{$name}` or `%[…]` without a space one word with it; true if it did. */
function glue(cursor: Cursor, out: Token[]): boolean {
  const [left, right] = [out.at(-1), cursor.token];
  if (!left || !right || right.space || !isWord(left) || !isWord(right)) return false;
  cursor.skip();
  out.pop();
  out.push(...joined(left, right));
  return true;
}

/** Makes the tokens before and at `index` one word, if no space is between them. */
function glueAt(index: number, out: Token[]): boolean {
  const [left, right] = [out[index - 1], out[index]!];
  if (!left || right.space || !isWord(left) || !isWord(right)) return false;
  out.splice(index - 1, 2, ...joined(left, right));
  return true;
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

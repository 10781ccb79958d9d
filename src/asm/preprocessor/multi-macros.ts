/**
 * Multi-line macros (NASM manual, 4.3): definition, choice by number of parameters, and what the
 * percent forms of a body stand for in one call of it.
 *
 *     %1 … %9 …   parameters       %0   how many      %{2:4}  several, with commas
 *     %+1  a condition code    %-1  its opposite   %00  the label before the call
 *     %?  the macro's name as it was called, %??  as it was defined
 *     %%name  a label of this call only
 */

import { Cursor } from '../cursor.ts';
import { Failure } from '../errors.ts';
import { MAX_LINE_TOKENS } from '../limits.ts';
import type { Origin, SourceLine } from '../source.ts';
import { isPunct, Kind, movedTo, splitAtCommas, type Token } from '../token.ts';
import { isWord, joined, unbraced } from './expander.ts';

/** A macro of several lines, for a range of numbers of parameters. */
export interface MultiMacro {
  readonly name: string;
  readonly ignoreCase: boolean;
  readonly least: number;
  /** Infinity for `*`. */
  readonly most: number;
  /** Whether the last parameter takes all that is left, commas and all. */
  readonly greedy: boolean;
  /** Whether a listing leaves its lines out. */
  readonly unlisted: boolean;
  /** For the parameters after `least`. */
  readonly defaults: readonly (readonly Token[])[];
  readonly lines: SourceLine[];
  /** `%rmacro`: it may call itself. */
  readonly recursive: boolean;
  /** Whether it is being expanded: within itself it is not called again, unless recursive. */
  active: boolean;
}

/** One call of a macro. */
export interface MacroCall {
  readonly macro: MultiMacro;
  readonly given: readonly (readonly Token[])[];
  /** How far `%rotate` has turned `given`, 0 … length - 1. */
  rotation: number;
  /** Tells its `%%` labels from those of other calls. */
  readonly number: number;
  readonly label: Token | undefined;
  /** The macro's name as the call has it. */
  readonly name: Token;
  /** The line that calls it, and the column in the line that errors name. */
  readonly origin: Origin;
  readonly column: number;
  /** Set if a listing shows its bytes at another line. */
  readonly shownAt: Origin | undefined;
}

/** All multi-line macros, by name. */
export class MultiMacros {
  /** By name in lower case. */
  readonly #byName = new Map<string, MultiMacro[]>();

  /** Adds `macro`; true if it hides one that takes as many parameters. */
  define(macro: MultiMacro): boolean {
    const key = macro.name.toLowerCase();
    const others = this.#byName.get(key) ?? [];
    const clash = others.some(
      (o) => isNamed(o, macro.name) && o.least <= macro.most && macro.least <= o.most,
    );
    this.#byName.set(key, [macro, ...others]);
    return clash;
  }

  /** Removes the macro with just this name and these bounds. */
  undefine(name: string, least: number, most: number): void {
    const key = name.toLowerCase();
    const left = this.#byName
      .get(key)
      ?.filter((m) => !(isNamed(m, name) && m.least === least && m.most === most));
    if (left) this.#byName.set(key, left);
  }

  clear(): void {
    this.#byName.clear();
  }

  named(name: string): readonly MultiMacro[] {
    return this.#byName.get(name.toLowerCase())?.filter((m) => isNamed(m, name)) ?? NONE;
  }
}

const NONE: readonly MultiMacro[] = [];

function isNamed(macro: MultiMacro, name: string): boolean {
  return macro.ignoreCase || macro.name === name;
}

/** The macro without its lines that the rest of a `%macro` line announces. */
export function parseSignature(cursor: Cursor, ignoreCase: boolean): MultiMacro {
  const token = cursor.token;
  if (token?.kind !== Kind.Name) cursor.fail('name of the macro expected');
  cursor.skip();
  const bounds = parseBounds(cursor);
  const defaults = defaultsOf(cursor.rest(), bounds);
  const { text: name } = token!;
  return { name, ignoreCase, ...bounds, defaults, lines: [], recursive: false, active: false };
}

/** The last parameter of a greedy macro has all that is left for its default, commas and all. */
function defaultsOf(tokens: readonly Token[], { least, most, greedy }: Bounds) {
  if (tokens.length === 0) return [];
  const parts = splitAtCommas(tokens);
  return greedy ? gathered(parts, most - least) : parts.map(unbraced);
}

/** What stands between a macro's name and its defaults. */
export type Bounds = Pick<MultiMacro, 'least' | 'most' | 'greedy' | 'unlisted'>;

/** Takes `2`, `1-3`, `1-*`, `1-3+`, with or without `.nolist`. */
export function parseBounds(cursor: Cursor): Bounds {
  const least = takeCount(cursor);
  let most = least;
  if (cursor.take('-')) most = cursor.take('*') ? Number.POSITIVE_INFINITY : takeCount(cursor);
  if (most < least) cursor.fail(`at most ${most} parameters, but at least ${least}`);
  const greedy = cursor.take('+');
  // `2.nolist` lexes as the number `2.` and a word.
  const unlisted = /^\.?nolist$/.test(cursor.word());
  if (unlisted) cursor.skip();
  return { least, most, greedy, unlisted };
}

function takeCount(cursor: Cursor): number {
  const token = cursor.token;
  const digits = /^(\d{1,5})(\.nolist|\.)?$/i.exec(token?.text ?? '');
  if (!digits) return cursor.fail('number of parameters expected');
  cursor.skip();
  return Number(digits[1]);
}

/** What {@link bind} finds. */
export interface Bound {
  readonly macro: MultiMacro;
  readonly given: readonly (readonly Token[])[];
  /** Whether the call ends in a comma: the empty parameter after it counts in the choice only. */
  readonly dropped: boolean;
}

/**
 * The parameters that `tokens` give to one of `macros`, and that macro; or undefined if none takes
 * that many. Defaults point at `column`.
 */
export function bind(
  macros: readonly MultiMacro[],
  tokens: readonly Token[],
  column: number,
): Bound | undefined {
  const parts: (readonly Token[])[] = tokens.length === 0 ? [] : splitParameters(tokens);
  for (const macro of macros) {
    const fits = parts.length >= macro.least && (parts.length <= macro.most || macro.greedy);
    if ((macro.active && !macro.recursive) || !fits) continue;
    const dropped = parts.length > 1 && parts.at(-1)!.length === 0;
    if (dropped) parts.pop();
    const given = macro.greedy ? gathered(parts, macro.most) : parts.map(unbraced);
    // Even those beyond the most that a call may give.
    for (const value of macro.defaults.slice(Math.max(given.length - macro.least, 0)))
      given.push(movedTo(column, value));
    return { macro, given, dropped };
  }
  return undefined;
}

/** Commas in braces do not separate; those in parentheses do (unlike in single-line macros). */
function splitParameters(tokens: readonly Token[]): Token[][] {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (isPunct(token, '{')) depth++;
    else if (isPunct(token, '}')) depth--;
    if (depth <= 0 && isPunct(token, ',')) parts.push([]);
    else parts.at(-1)!.push(token);
  }
  if (depth > 0) throw new Failure(tokens.at(-1)!.column, "`}' expected in a macro parameter");
  return parts;
}

/** The parts after the `most`-th joined to it again. */
function gathered(parts: readonly (readonly Token[])[], most: number): (readonly Token[])[] {
  if (parts.length <= most || most < 1) return parts.map(unbraced);
  const last = parts.slice(most - 1).flatMap((part, i) => (i === 0 ? part : [COMMA, ...part]));
  return [...parts.slice(0, most - 1).map(unbraced), last];
}

const COMMA: Token = { kind: Kind.Punct, text: ',', column: 1, space: false };

/** Whether the body places the label before the call itself, by `%00`. */
export function usesLabel({ lines }: MultiMacro): boolean {
  return lines.some(({ tokens }) =>
    tokens.some(({ kind, text }) => kind === Kind.Parameter && text === '00'),
  );
}

/** `tokens`, a line of the body, with the percent forms replaced as `call` has them. */
export function fillIn(tokens: readonly Token[], call: MacroCall): Token[] {
  const out: Token[] = [];
  for (const token of tokens) {
    const replacement = replacementOf(token, call);
    if (out.length + replacement.length > MAX_LINE_TOKENS)
      throw new Failure(call.column, `line of more than ${MAX_LINE_TOKENS} tokens after expansion`);
    replacement.forEach((part, i) => {
      const space = i === 0 ? token.space : part.space;
      const last = out.at(-1);
      if (!space && last && isWord(last) && isWord(part)) out.push(...joined(out.pop()!, part));
      else out.push(part.space === space ? part : { ...part, space });
    });
  }
  return out;
}

function replacementOf(token: Token, call: MacroCall): readonly Token[] {
  const { column } = call;
  if (token.kind === Kind.MacroLocal)
    return [{ ...token, kind: Kind.Name, text: `..@${call.number}.${token.text}`, column }];
  if (isPunct(token, '%?') || isPunct(token, '%??'))
    return [{ ...token, kind: Kind.Name, text: ownName(token, call), column }];
  if (token.kind !== Kind.Parameter) return [{ ...token, column }];
  const { text } = token;
  if (text === '0') return [{ ...token, kind: Kind.Number, text: `${call.given.length}`, column }];
  if (text === '00') return call.label ? [call.label] : [];
  if (text.includes(':')) return range(text, call);
  if (text[0] === '-' || text[0] === '+') return [condition(token, call)];
  return parameter(Number(text), call);
}

function ownName({ text }: Token, { macro, name }: MacroCall): string {
  return text === '%?' ? name.text : macro.name;
}

function parameter(number: number, { given, rotation }: MacroCall): readonly Token[] {
  if (number < 1 || number > given.length) return [];
  return given[(number - 1 + rotation) % given.length]!;
}

/** `2:4`, or backwards `4:2`; a negative number counts from the end. */
function range(text: string, call: MacroCall): Token[] {
  const length = call.given.length;
  const [from, to] = text.split(':').map((part) => {
    const number = Number(part);
    return number < 0 ? length + 1 + number : number;
  }) as [number, number];
  if (from < 1 || to < 1 || from > length || to > length)
    throw new Failure(call.column, `\`%{${text}}': the call has ${length} parameters`);
  const out: Token[] = [];
  const step = from <= to ? 1 : -1;
  for (let number = from; number !== to + step; number += step)
    out.push(...(out.length > 0 ? [COMMA] : []), ...parameter(number, call));
  return out;
}

const CONDITIONS = 'a-na ae-nae b-nb be-nbe c-nc e-ne g-ng ge-nge l-nl le-nle o-no p-np s-ns z-nz';

const OPPOSITES = new Map([['pe', 'po'], ['po', 'pe'], ...CONDITIONS.split(' ').flatMap(bothWays)]);

function bothWays(pair: string): [string, string][] {
  const [plain, not] = pair.split('-') as [string, string];
  return [
    [plain, not],
    [not, plain],
  ];
}

/** The condition code that a parameter is, or its opposite. */
function condition(token: Token, call: MacroCall): Token {
  const given = parameter(Number(token.text.slice(1)), call);
  const word = new Cursor(given).word();
  const known = OPPOSITES.has(word) || (token.text[0] === '+' && /^e?cxz$/.test(word));
  if (given.length !== 1 || !known)
    throw new Failure(call.column, `\`%${token.text}': the parameter is no condition code`);
  const text = token.text[0] === '+' ? word : OPPOSITES.get(word)!;
  return { ...token, kind: Kind.Name, text, column: call.column };
}

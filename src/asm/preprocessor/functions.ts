/**
 * The functions of the preprocessor (NASM manual, 4.4): `%strlen("abc")` and its like, which stand
 * anywhere in a line and are replaced by what they give.
 *
 *     %abs %eval %num            of numbers           %str %tok %strcat %strlen %substr  of strings
 *     %cond %sel %count          of their arguments   %is… %isn…  as %if… and %ifn…: 1 or 0
 */

import { Cursor } from '../cursor.ts';
import { Failure } from '../errors.ts';
import { lexLine } from '../lexer.ts';
import { movedTo, splitAtCommas, type Token } from '../token.ts';
import { testNamed } from './conditions.ts';
import { type Environment, numberTokens } from './environment.ts';
import { unbraced } from './expander.ts';
import { fromBytes, quotedOnce, quotedTokens, substringOf, takeString } from './strings.ts';

/** One call: the tokens between its parentheses, and where it stands. */
interface Call {
  readonly inside: readonly Token[];
  readonly at: Token;
  readonly environment: Environment;
}

type Builtin = (call: Call) => readonly Token[];

const BUILTINS: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  ['abs', (call) => number(call, magnitude(one(call)))],
  ['eval', (call) => number(call, one(call))],
  ['num', numeral],
  ['cond', (call) => argument(call, evaluated(call, 0) === 0n ? 2 : 1)],
  ['sel', select],
  ['count', (call) => number(call, BigInt(splitAtCommas(call.inside).length))],
  ['str', (call) => [quotedTokens(wholly(call), call.at)]],
  ['tok', (call) => movedTo(call.at.column, lexLine(text(call, 0)))],
  ['strcat', (call) => [fromBytes(allTexts(call).join(''), call.at)]],
  ['strlen', (call) => number(call, BigInt(text(call, 0).length))],
  ['substr', substring],
]);

/** What the function `name`, in lower case, gives; undefined if there is none of this name. */
export function callFunction(
  name: string,
  inside: readonly Token[],
  at: Token,
  environment: Environment,
): readonly Token[] | undefined {
  const call = { inside, at, environment };
  const builtin = BUILTINS.get(name);
  if (builtin) return builtin(call);
  const test = name.startsWith('is') ? testNamed(name.slice(2)) : undefined;
  return test && number(call, test(new Cursor(inside, 0), environment) ? 1n : 0n);
}

/** All that is in the parentheses, expanded. */
function wholly({ inside, environment }: Call): readonly Token[] {
  return environment.expanded(new Cursor(unbraced(inside))).rest();
}

function number({ at }: Call, value: bigint): Token[] {
  return numberTokens(value, at);
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}

/** The argument at `index`, expanded; nothing if there are fewer. */
function argument({ inside, environment }: Call, index: number): readonly Token[] {
  const given = splitAtCommas(inside)[index] ?? [];
  return environment.expanded(new Cursor(unbraced(given))).rest();
}

/** The number that the argument at `index` is worth; without it `missing`. */
function evaluated(call: Call, index: number, missing?: bigint): bigint {
  const tokens = argument(call, index);
  if (tokens.length === 0 && missing !== undefined) return missing;
  if (tokens.length === 0) throw new Failure(call.at.column, 'the function wants a number here');
  const cursor = new Cursor(tokens);
  const value = call.environment.number(cursor, 'an argument of the function');
  cursor.end('the argument');
  return value;
}

const one = (call: Call): bigint => evaluated(call, 0);

/** The argument at `index` as a string, be it written as one or not. */
function text(call: Call, index: number): string {
  return takeString(new Cursor([quotedOnce(argument(call, index), call.at)]));
}

function allTexts(call: Call): string[] {
  return splitAtCommas(call.inside).map((_, index) => text(call, index));
}

const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ@_';

/** `%num(value, digits, base)`: that many digits, or if negative at least that many. */
function numeral(call: Call): Token[] {
  let value = BigInt.asUintN(64, one(call));
  const digits = Number(evaluated(call, 1, -1n));
  const base = evaluated(call, 2, 10n);
  if (base < 2n || base > 64n) throw new Failure(call.at.column, `${base} is no base of numerals`);
  if (Math.abs(digits) > 64) throw new Failure(call.at.column, 'more than 64 digits');
  let shown = '';
  const least = Math.abs(digits);
  while (digits > 0 ? shown.length < least : value > 0n || shown.length < Math.max(least, 1)) {
    shown = DIGITS[Number(value % base)]! + shown;
    value /= base;
  }
  return [fromBytes(shown, call.at)];
}

function select(call: Call): readonly Token[] {
  const which = evaluated(call, 0);
  const most = splitAtCommas(call.inside).length - 1;
  if (which >= 1n && which <= most) return argument(call, Number(which));
  const { environment, at } = call;
  environment.warn(at.column, 'pp-sel-range', `%sel(${which}) of ${most} arguments gives nothing`);
  return [];
}

function substring(call: Call): Token[] {
  const whole = text(call, 0);
  const start = evaluated(call, 1);
  const count = evaluated(call, 2, -1n);
  return [fromBytes(substringOf(whole, start, count), call.at)];
}

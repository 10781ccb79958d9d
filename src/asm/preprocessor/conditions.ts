/** The conditions of `%if…` and `%elif…` (NASM manual, 4.4). */

import { Cursor } from '../cursor.ts';
import { isPunct, Kind, type Token } from '../token.ts';
import { type Environment, takeName } from './environment.ts';
import { parseSignature } from './multi-macros.ts';
import { isPackage } from './packages.ts';

type Test = (cursor: Cursor, environment: Environment) => boolean;

/** By what follows `%if` or `%ifn`. */
const TESTS: ReadonlyMap<string, Test> = new Map<string, Test>([
  ['', expression],
  ['def', defined],
  ['defalias', aliasDefined],
  ['macro', macroDefined],
  ['usable', (cursor) => isPackage(takeName(cursor).text)],
  ['using', packageUsed],
  ['ctx', context],
  ['idn', (cursor, environment) => identical(cursor, environment, false)],
  ['idni', (cursor, environment) => identical(cursor, environment, true)],
  ['id', (cursor, environment) => firstIs(cursor, environment, Kind.Name)],
  ['num', isNumber],
  ['str', (cursor, environment) => firstIs(cursor, environment, Kind.Text)],
  ['token', (cursor, environment) => environment.expanded(cursor).rest().length === 1],
  ['empty', (cursor, environment) => environment.expanded(cursor).done],
  // The environment is not part of a program: its image depends on its sources and on -D alone.
  ['env', () => false],
]);

/**
 * The test that a directive asks for, given its name after `if` or `elif` (`def`, `nidn`, …), or
 * undefined if there is no such test.
 */
export function testNamed(name: string): Test | undefined {
  const plain = TESTS.get(name);
  if (plain) return plain;
  const negated = name[0] === 'n' ? TESTS.get(name.slice(1)) : undefined;
  return negated && ((cursor, environment) => !negated(cursor, environment));
}

function expression(cursor: Cursor, environment: Environment): boolean {
  const expanded = environment.expanded(cursor);
  const value = environment.number(expanded, 'the condition of %if');
  environment.trailing(expanded, 'the condition');
  return value !== 0n;
}

/** Any of several names. */
function defined(cursor: Cursor, environment: Environment): boolean {
  let found = false;
  while (!cursor.done) {
    const { macros, name } = environment.placeOf(takeName(cursor));
    found ||= macros.named(name).length > 0;
  }
  return found;
}

function aliasDefined(cursor: Cursor, environment: Environment): boolean {
  const { macros, name } = environment.placeOf(takeName(cursor));
  return macros.isAlias(name);
}

function packageUsed(cursor: Cursor, environment: Environment): boolean {
  return environment.packages.has(takeName(cursor).text.toLowerCase());
}

/** A name alone means any number of parameters. */
function macroDefined(cursor: Cursor, environment: Environment): boolean {
  const anyNumber = cursor.second === undefined;
  if (anyNumber) return environment.multis.named(takeName(cursor).text).length > 0;
  const wanted = parseSignature(cursor, false);
  return environment.multis
    .named(wanted.name)
    .some(({ least, most, greedy }) => least <= wanted.most && (wanted.least <= most || greedy));
}

function context(cursor: Cursor, environment: Environment): boolean {
  const innermost = environment.contexts.innermost;
  let found = false;
  while (!cursor.done) {
    const { text } = takeName(cursor);
    found ||= text === innermost;
  }
  return found;
}

/**
 * Two token sequences, the same but for white space. As in nasm the first comma of all separates
 * them, braces or not, and a blank before it makes them differ.
 */
function identical(cursor: Cursor, environment: Environment, ignoreCase: boolean): boolean {
  const tokens = environment.expanded(cursor).rest();
  const comma = tokens.findIndex((token) => isPunct(token, ','));
  if (comma < 0) return new Cursor(tokens, tokens.length).fail("`,' expected between two texts");
  const [a, b] = [tokens.slice(0, comma), tokens.slice(comma + 1)];
  for (const [i, token] of a.entries()) {
    const other = b[i];
    if (isPunct(other, ',')) return new Cursor(b, i).fail('two texts expected');
    if (!other || !sameToken(token, other, ignoreCase)) return false;
  }
  return !tokens[comma]!.space && a.length === b.length;
}

function sameToken(a: Token, b: Token, ignoreCase: boolean): boolean {
  if (a.kind !== b.kind) return false;
  const [x, y] =
    a.kind === Kind.Text ? [a.text.slice(1, -1), b.text.slice(1, -1)] : [a.text, b.text];
  return ignoreCase ? x.toLowerCase() === y.toLowerCase() : x === y;
}

function firstIs(cursor: Cursor, environment: Environment, kind: Kind): boolean {
  const tokens = environment.expanded(cursor).rest();
  return tokens[0]?.kind === kind;
}

function isNumber(cursor: Cursor, environment: Environment): boolean {
  const expanded = environment.expanded(cursor);
  while (expanded.take('-') || expanded.take('+')) {}
  return expanded.token?.kind === Kind.Number;
}

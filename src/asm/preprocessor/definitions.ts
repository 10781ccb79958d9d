/**
 * The directives that define single-line macros (NASM manual, 4.1 and 4.2). Each takes the line
 * after its name.
 */

import type { Cursor } from '../cursor.ts';
import { lexLine } from '../lexer.ts';
import { Kind, movedTo, spelling } from '../token.ts';
import { type Environment, numberTokens, takeName, takeParameters } from './environment.ts';
import { fromBytes, quotedTokens, substringOf, takeString } from './strings.ts';

type Directive = (cursor: Cursor, environment: Environment, ignoreCase: boolean) => void;

/** Directives by name; all but the last line's also with an `i`, for names in any case. */
const BOTH_CASES: readonly [string, Directive][] = [
  ['define', define],
  ['xdefine', xdefine],
  ['assign', assign],
  ['defstr', defineString],
  ['deftok', defineTokens],
  ['defalias', defineAlias],
];

/** Directives by name in lower case. */
export const DEFINITIONS: ReadonlyMap<string, (c: Cursor, e: Environment) => void> = new Map([
  ...BOTH_CASES.flatMap(([name, directive]) =>
    [name, name === 'xdefine' ? 'ixdefine' : `i${name}`].map(
      (spelled, i) => [spelled, (c: Cursor, e: Environment) => directive(c, e, i === 1)] as const,
    ),
  ),
  ['undef', undefine],
  ['undefalias', undefineAlias],
  ['strlen', stringLength],
  ['strcat', concatenate],
  ['substr', substring],
]);

function define(cursor: Cursor, environment: Environment, ignoreCase: boolean): void {
  const name = takeName(cursor);
  const parameters = takeParameters(cursor);
  environment.defineCall(name, parameters, cursor.rest(), ignoreCase);
}

function xdefine(cursor: Cursor, environment: Environment, ignoreCase: boolean): void {
  const name = takeName(cursor);
  const parameters = takeParameters(cursor);
  const body = environment.expander.expand(cursor.rest());
  environment.defineCall(name, parameters, body, ignoreCase);
}

function assign(cursor: Cursor, environment: Environment, ignoreCase: boolean): void {
  const name = takeName(cursor);
  const value = environment.expanded(cursor);
  const number = environment.number(value, `the value of %assign ${name.text}`);
  environment.trailing(value, 'the value');
  environment.define(name, numberTokens(number, name), ignoreCase);
}

function undefine(cursor: Cursor, environment: Environment): void {
  const { macros, name } = environment.placeOf(takeName(cursor));
  macros.undefine(name);
  environment.trailing(cursor, 'the name');
}

function defineAlias(cursor: Cursor, environment: Environment, ignoreCase: boolean): void {
  const { macros, name } = environment.placeOf(takeName(cursor));
  const target = takeName(cursor);
  macros.alias(name, target.text, ignoreCase);
  environment.trailing(cursor, 'the alias');
}

function undefineAlias(cursor: Cursor, environment: Environment): void {
  const { macros, name } = environment.placeOf(takeName(cursor));
  macros.undefineAlias(name);
  environment.trailing(cursor, 'the name');
}

function defineString(cursor: Cursor, environment: Environment, ignoreCase: boolean): void {
  const name = takeName(cursor);
  const text = quotedTokens(environment.expanded(cursor).rest(), name);
  environment.define(name, [text], ignoreCase);
}

function defineTokens(cursor: Cursor, environment: Environment, ignoreCase: boolean): void {
  const name = takeName(cursor);
  const rest = environment.expanded(cursor);
  const text = takeString(rest);
  environment.trailing(rest, 'the string');
  environment.define(name, movedTo(name.column, lexLine(text)), ignoreCase);
}

function stringLength(cursor: Cursor, environment: Environment): void {
  const name = takeName(cursor);
  const rest = environment.expanded(cursor);
  const length = takeString(rest).length;
  environment.trailing(rest, 'the string');
  environment.define(name, numberTokens(BigInt(length), name));
}

function concatenate(cursor: Cursor, environment: Environment): void {
  const name = takeName(cursor);
  const rest = environment.expanded(cursor);
  let text = '';
  while (!rest.done) {
    if (!rest.take(',')) text += takeString(rest);
  }
  environment.define(name, [fromBytes(text, name)]);
}

/** `%substr name 'string' start[,count]`; one character if no count is given. */
function substring(cursor: Cursor, environment: Environment): void {
  const name = takeName(cursor);
  const rest = environment.expanded(cursor);
  const text = takeString(rest);
  rest.take(',');
  const start = environment.number(rest, 'the start of a substring');
  const count = rest.take(',') ? environment.number(rest, 'the length of a substring') : 1n;
  environment.trailing(rest, 'the substring');
  environment.define(name, [fromBytes(substringOf(text, start, count), name)]);
}

/** The text that a message directive shows: its strings without quotes, or the line as it is. */
export function messageText(cursor: Cursor): string {
  const tokens = cursor.rest();
  return tokens
    .map((token, i) => {
      const text = token.kind === Kind.Text ? token.text.slice(1, -1) : spelling(token);
      return token.space && i > 0 ? ` ${text}` : text;
    })
    .join('');
}

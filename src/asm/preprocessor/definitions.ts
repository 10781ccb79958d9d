/**
 * The directives that define single-line macros (NASM manual, 4.1 and 4.2). Each takes the line
 * after its name.
 */

import type { Cursor } from '../cursor.ts';
import { lexLine } from '../lexer.ts';
import { stringBytes } from '../literals.ts';
import { Kind, movedTo, spelling, spellings, type Token } from '../token.ts';
import { type Environment, numberTokens, takeName, takeParameters } from './environment.ts';

type Directive = (cursor: Cursor, environment: Environment) => void;

/** Directives by name in lower case. */
export const DEFINITIONS: ReadonlyMap<string, Directive> = new Map<string, Directive>([
  ['define', (cursor, environment) => define(cursor, environment, false)],
  ['idefine', (cursor, environment) => define(cursor, environment, true)],
  ['xdefine', (cursor, environment) => xdefine(cursor, environment, false)],
  ['ixdefine', (cursor, environment) => xdefine(cursor, environment, true)],
  ['assign', (cursor, environment) => assign(cursor, environment, false)],
  ['iassign', (cursor, environment) => assign(cursor, environment, true)],
  ['undef', undefine],
  ['defstr', defineString],
  ['deftok', defineTokens],
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
  value.end('the value');
  environment.define(name, numberTokens(number, name), ignoreCase);
}

function undefine(cursor: Cursor, environment: Environment): void {
  const { macros, name } = environment.placeOf(takeName(cursor));
  macros.undefine(name);
  cursor.end('the name');
}

/** A string token with the characters of `text`, in quotes that do not occur in it. */
export function quoted(text: string, at: Token): Token {
  const quote = ['"', "'", '`'].find((candidate) => !text.includes(candidate)) ?? '`';
  const inside = quote === '`' ? text.replace(/[\\`]/g, '\\$&') : text;
  return { kind: Kind.Text, text: quote + inside + quote, column: at.column, space: true };
}

function defineString(cursor: Cursor, environment: Environment): void {
  const name = takeName(cursor);
  const text = spellings(environment.expanded(cursor).rest());
  environment.define(name, [quoted(text, name)]);
}

function defineTokens(cursor: Cursor, environment: Environment): void {
  const name = takeName(cursor);
  const text = takeString(environment.expanded(cursor));
  environment.define(name, movedTo(name.column, lexLine(text)));
}

const decoder = new TextDecoder('latin1');

/** Takes a string; the result has one character for each of its bytes. */
function takeString(cursor: Cursor): string {
  const token = cursor.token;
  if (token?.kind !== Kind.Text) return cursor.fail('string expected');
  cursor.skip();
  return decoder.decode(stringBytes(token));
}

/** A string token whose bytes are the character codes of `bytes`. */
function fromBytes(bytes: string, at: Token): Token {
  if (/^[ -~]*$/.test(bytes)) return quoted(bytes, at);
  const escapes = [...bytes].map((c) => `\\x${(c.charCodeAt(0) + 0x100).toString(16).slice(1)}`);
  return { kind: Kind.Text, text: `\`${escapes.join('')}\``, column: at.column, space: true };
}

function stringLength(cursor: Cursor, environment: Environment): void {
  const name = takeName(cursor);
  const rest = environment.expanded(cursor);
  const length = takeString(rest).length;
  rest.end('the string');
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

/**
 * `%substr name 'string' start[,count]`: start from 1; a negative count stops that far from the
 * end.
 */
function substring(cursor: Cursor, environment: Environment): void {
  const name = takeName(cursor);
  const rest = environment.expanded(cursor);
  const text = takeString(rest);
  rest.take(',');
  const start = Number(environment.number(rest, 'the start of a substring'));
  const count = rest.take(',') ? Number(environment.number(rest, 'the length of a substring')) : 1;
  rest.end('the substring');
  const end = count < 0 ? text.length + 1 + count : start - 1 + count;
  const part = start < 1 ? '' : text.slice(start - 1, Math.max(end, start - 1));
  environment.define(name, [fromBytes(part, name)]);
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

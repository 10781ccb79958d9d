/**
 * Data statements, parsed (NASM manual, 3.2): db dw dd dq, resb resw resd resq, equ, incbin.
 *
 *     db 'text', 10, ?, 3 dup (1, 2)      dd 1.5, label      incbin "file", skip, length
 */

import type { Cursor } from './cursor.ts';
import { type Expression, parseExpression } from './expression.ts';
import { MAX_EXPRESSION_DEPTH } from './limits.ts';
import { floatBytes, stringBytes } from './literals.ts';
import type { Body, DataItem } from './statement.ts';
import { isPunct, Kind, type Token } from './token.ts';

const UNIT: Readonly<Record<string, number>> = { b: 1, w: 2, d: 4, q: 8 };

/** Takes the operands of the pseudo-instruction `mnemonic`, which stands at `column`. */
export function parseData(cursor: Cursor, mnemonic: string, column: number): Body {
  if (mnemonic === 'equ') return { kind: 'equ', column, value: parseExpression(cursor) };
  if (mnemonic === 'incbin') return parseIncbin(cursor, column);
  const size = UNIT[mnemonic.at(-1)!];
  if (size === undefined) return cursor.fail(`\`${mnemonic}' is not supported`, 'use db … dq');
  if (mnemonic.startsWith('res'))
    return { kind: 'reserve', column, size, count: parseExpression(cursor) };
  return { kind: 'data', column, size, items: parseItems(cursor, size, 0) };
}

/** Items up to the end of the line, or to a closing parenthesis. A comma may come last. */
function parseItems(cursor: Cursor, size: number, depth: number): DataItem[] {
  const items: DataItem[] = [];
  do {
    if (cursor.done || isPunct(cursor.token, ')')) break;
    items.push(parseItem(cursor, size, depth + 1));
  } while (cursor.take(','));
  return items;
}

function endsItem(token: Token | undefined): boolean {
  return token === undefined || isPunct(token, ',') || isPunct(token, ')');
}

function parseItem(cursor: Cursor, size: number, depth: number): DataItem {
  if (depth > MAX_EXPRESSION_DEPTH) cursor.fail('items nested too deeply');
  const token = cursor.token!;
  if (cursor.take('?')) return { kind: 'reserve' };
  if (token.kind === Kind.Text && endsItem(cursor.second)) {
    cursor.skip();
    return { kind: 'bytes', bytes: stringBytes(token) };
  }
  const float = takeFloat(cursor, size);
  if (float) return float;
  const value = parseExpression(cursor);
  if (cursor.word() !== 'dup') return { kind: 'value', value };
  cursor.skip();
  if (cursor.done) cursor.fail('item to duplicate expected');
  if (!cursor.take('('))
    return { kind: 'repeat', count: value, items: [parseItem(cursor, size, depth + 1)] };
  const items = parseItems(cursor, size, depth);
  cursor.expect(')', "after the items of `dup'");
  return { kind: 'repeat', count: value, items };
}

function takeFloat(cursor: Cursor, size: number): DataItem | undefined {
  const signed = isPunct(cursor.token, '-') || isPunct(cursor.token, '+');
  const token = signed ? cursor.second : cursor.token;
  if (token?.kind !== Kind.Float) return undefined;
  const negative = isPunct(cursor.token, '-');
  if (signed) cursor.skip();
  cursor.skip();
  return { kind: 'bytes', bytes: floatBytes(token, size, negative) };
}

function parseIncbin(cursor: Cursor, column: number): Body {
  const token = cursor.token;
  if (token?.kind !== Kind.Text) return cursor.fail('file name in quotes expected');
  cursor.skip();
  const path = token.text.slice(1, -1);
  const numbers: Expression[] = [];
  while (numbers.length < 2 && cursor.take(',')) numbers.push(parseExpression(cursor));
  const [skip, length] = numbers;
  return { kind: 'incbin', column, path, ...(skip && { skip }), ...(length && { length }) };
}

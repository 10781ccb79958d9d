/**
 * Data statements, parsed (NASM manual, 3.2): db dw dd dq dt do dy dz, resb … resz, equ, incbin.
 *
 *     db 'text', 10, ?, 3 dup (1, 2)    dd 1.5, label, word %(1, 2)    incbin "file", skip, length
 */

import type { Cursor } from './cursor.ts';
import { type Expression, floatConstant, parseExpression } from './expression.ts';
import { formatOfSize, isSpecialFloat } from './floats.ts';
import { MAX_EXPRESSION_DEPTH } from './limits.ts';
import { encodedString, functionName, stringBytes } from './literals.ts';
import { isSizeWord, sizeOfWord } from './operands.ts';
import type { Body, DataItem } from './statement.ts';
import { isPunct, Kind, type Token } from './token.ts';

const UNIT: Readonly<Record<string, number>> = {
  b: 1,
  w: 2,
  d: 4,
  q: 8,
  t: 10,
  o: 16,
  y: 32,
  z: 64,
};

/** Takes the operands of the pseudo-instruction `mnemonic`, which stands at `column`. */
export function parseData(cursor: Cursor, mnemonic: string, column: number): Body {
  if (mnemonic === 'equ') return { kind: 'equ', column, value: parseExpression(cursor) };
  if (mnemonic === 'incbin') return parseIncbin(cursor, column);
  const size = UNIT[mnemonic.at(-1)!]!;
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
  if (cursor.done) cursor.fail('item expected');
  if (isSizeWord(cursor.word())) return parseSized(cursor, depth);
  const list = isPunct(cursor.token, '%') && isPunct(cursor.second, '(');
  if (list) {
    cursor.skip();
    return { kind: 'sized', size, items: parseList(cursor, size, depth) };
  }
  if (cursor.take('?')) return { kind: 'reserve' };
  const literal = takeLiteral(cursor, size);
  if (literal) return literal;
  const value = parseExpression(cursor);
  if (cursor.word() !== 'dup') return { kind: 'value', value };
  cursor.skip();
  const items = cursor.done ? [] : parseRepeated(cursor, size, depth);
  return { kind: 'repeat', count: value, items };
}

/** `word 5`, `word (5, 6)`: units of another size than the line's. */
function parseSized(cursor: Cursor, depth: number): DataItem {
  const size = sizeOfWord(cursor.word());
  cursor.skip();
  const list = isPunct(cursor.token, '(');
  const items = list ? parseList(cursor, size, depth) : [parseItem(cursor, size, depth + 1)];
  return { kind: 'sized', size, items };
}

function parseRepeated(cursor: Cursor, size: number, depth: number): DataItem[] {
  if (isPunct(cursor.token, '(')) return parseList(cursor, size, depth);
  return [parseItem(cursor, size, depth + 1)];
}

function parseList(cursor: Cursor, size: number, depth: number): DataItem[] {
  cursor.expect('(', 'before the items');
  const items = parseItems(cursor, size, depth);
  cursor.expect(')', 'after the items');
  return items;
}

/** Takes a string, a floating-point number or an encoded string, if it is all there is. */
function takeLiteral(cursor: Cursor, size: number): DataItem | undefined {
  const token = cursor.token!;
  if (token.kind === Kind.Text && endsItem(cursor.second)) {
    cursor.skip();
    return { kind: 'bytes', bytes: stringBytes(token) };
  }
  return takeFloat(cursor, size) ?? takeEncoded(cursor);
}

function takeFloat(cursor: Cursor, size: number): DataItem | undefined {
  const rest = cursor.rest();
  const sign = rest.findIndex((token) => !isPunct(token, '-') && !isPunct(token, '+'));
  const token = rest[sign];
  const special = token?.kind === Kind.Name && isSpecialFloat(token.text);
  if (!token || sign > 1 || (token.kind !== Kind.Float && !special)) return undefined;
  const format = formatOfSize(size);
  if (!format) return cursor.fail(`no floating-point format has ${size} bytes`);
  const negative = isPunct(cursor.token, '-');
  for (let i = 0; i <= sign; i++) cursor.skip();
  return { kind: 'float', ...floatConstant(token, format, negative), column: token.column };
}

/** `__utf16__('text')` */
function takeEncoded(cursor: Cursor): DataItem | undefined {
  const [name, open, text, close, after] = cursor.rest();
  const encoding = name?.kind === Kind.Name ? functionName(name.text) : undefined;
  if (!encoding || !isPunct(open, '(') || text?.kind !== Kind.Text) return undefined;
  if (!isPunct(close, ')') || !endsItem(after)) return undefined;
  const bytes = encodedString(encoding, text);
  if (!bytes) return undefined;
  for (let i = 0; i < 4; i++) cursor.skip();
  return { kind: 'bytes', bytes };
}

function parseIncbin(cursor: Cursor, column: number): Body {
  const token = cursor.token;
  if (token?.kind !== Kind.Text) return cursor.fail('file name in quotes expected');
  cursor.skip();
  const path = token.text.slice(1, -1);
  const numbers: Expression[] = [];
  while (numbers.length < 2 && cursor.take(',') && !cursor.done)
    numbers.push(parseExpression(cursor));
  const [skip, length] = numbers;
  return { kind: 'incbin', column, path, ...(skip && { skip }), ...(length && { length }) };
}

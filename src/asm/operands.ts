/**
 * Operands of instructions, parsed (NASM manual, 3.3 and 3.7): size words, brackets, far pointers.
 *
 *     eax    strict dword 5    short label    8:label    [es:byte ebx+4*esi+2]    es:[di]
 */

import type { Cursor } from './cursor.ts';
import { Failure } from './errors.ts';
import { type Expression, parseExpression } from './expression.ts';
import type { Register } from './registers.ts';
import type { MemorySyntax, OperandSyntax } from './statement.ts';
import { isPunct } from './token.ts';

const SIZES: ReadonlyMap<string, number> = new Map([
  ['byte', 1],
  ['word', 2],
  ['dword', 4],
  ['long', 4],
  ['qword', 8],
  ['tword', 10],
  ['oword', 16],
  ['yword', 32],
  ['zword', 64],
]);

/** Whether `word`, in lower case, is a size: `byte` … `zword`. */
export function isSizeWord(word: string): boolean {
  return SIZES.has(word);
}

/** The bytes that the size `word` stands for. */
export function sizeOfWord(word: string): number {
  return SIZES.get(word)!;
}

const DISTANCES: ReadonlySet<string> = new Set(['short', 'near', 'far']);

/** Instructions whose `a:b` is a far pointer and not memory with a segment. */
const FAR: ReadonlySet<string> = new Set(['jmp', 'call']);

/** Whether `word`, in lower case, says something about an operand. */
export function isOperandWord(word: string): boolean {
  return SIZES.has(word) || DISTANCES.has(word) || word === 'strict' || word === 'nosplit';
}

/** Takes all operands up to the end of the line. */
export function parseOperands(cursor: Cursor, mnemonic: string): OperandSyntax[] {
  const operands: OperandSyntax[] = [];
  if (cursor.done) return operands;
  do {
    if (cursor.done) break;
    operands.push(parseOperand(cursor, mnemonic));
  } while (cursor.take(','));
  if (!cursor.done)
    cursor.fail('comma or end of line expected after the operand', foreignHint(cursor));
  return operands;
}

/** A remedy for what other assemblers would understand. */
function foreignHint(cursor: Cursor): string | undefined {
  if (isPunct(cursor.token, '[')) return "write [table+ebx], and size words without `ptr'";
  return undefined;
}

function parseOperand(cursor: Cursor, mnemonic: string): OperandSyntax {
  const { column } = cursor;
  const words = takeWords(cursor);
  if (cursor.take('[')) {
    const { memory, value } = bracketed(cursor, undefined);
    return { column, ...words, value, memory };
  }
  const value = parseExpression(cursor);
  if (!isPunct(cursor.token, ':')) return { column, ...words, value };
  cursor.skip();
  if (FAR.has(mnemonic)) {
    const size = takeWords(cursor).size || words.size;
    return { column, ...words, size, value, offset: parseExpression(cursor) };
  }
  cursor.expect('[', 'after the segment');
  const inside = bracketed(cursor, segmentOf(value));
  return { column, ...words, value: inside.value, memory: inside.memory };
}

/** Takes the words before an operand: of several sizes the first counts. */
function takeWords(cursor: Cursor): Pick<OperandSyntax, 'size' | 'strict' | 'distance'> {
  let size = 0;
  let strict = false;
  let distance: OperandSyntax['distance'] = '';
  for (;;) {
    const word = cursor.word();
    if (word === 'strict') strict = true;
    else if (SIZES.has(word)) size ||= SIZES.get(word)!;
    else if (DISTANCES.has(word)) distance = word as OperandSyntax['distance'];
    else return { size, strict, distance };
    cursor.skip();
  }
}

/** Takes what follows an opening bracket, and the closing one. */
function bracketed(
  cursor: Cursor,
  outside: Register | undefined,
): { memory: MemorySyntax; value: Expression } {
  let words = takeAddressWords(cursor);
  let value = parseExpression(cursor);
  let segment = outside;
  if (cursor.take(':')) {
    if (segment) cursor.fail('second segment of one operand');
    segment = segmentOf(value);
    const more = takeAddressWords(cursor);
    words = {
      displacementSize: more.displacementSize || words.displacementSize,
      addressSize: more.addressSize || words.addressSize,
      nosplit: more.nosplit || words.nosplit,
    };
    value = parseExpression(cursor);
  }
  // `[base, index*scale]` is the sum, taken apart just so.
  if (cursor.take(',')) {
    const { column } = cursor;
    const right = parseExpression(cursor);
    value = { kind: 'binary', column, operator: '+', left: value, right };
    words = { ...words, nosplit: true };
  }
  cursor.expect(']', 'at the end of the memory operand');
  return { memory: { segment, ...words }, value };
}

function takeAddressWords(cursor: Cursor): Omit<MemorySyntax, 'segment'> {
  let displacementSize = 0;
  let addressSize = 0;
  let nosplit = false;
  for (;;) {
    const word = cursor.word();
    const size = SIZES.get(word);
    if (word === 'nosplit') nosplit = true;
    else if (word === 'a16' || word === 'a32') addressSize = word === 'a16' ? 2 : 4;
    else if (size !== undefined && size <= 4) displacementSize = size;
    else if (size !== undefined) cursor.fail('no displacement has this size');
    else if (word !== 'abs' && word !== 'rel') return { displacementSize, addressSize, nosplit };
    cursor.skip();
  }
}

function segmentOf(expression: Expression): Register {
  if (expression.kind === 'register' && expression.register.kind === 'segment')
    return expression.register;
  throw new Failure(expression.column, 'segment register expected before the colon');
}

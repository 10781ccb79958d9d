/**
 * Directives of the assembler (NASM manual, 7): sections, origin, alignment. Each can be written
 * bare, `section .data`, or in brackets, `[section .data]`; those that only the standard macros
 * need, in brackets only.
 */

import type { Cursor } from './cursor.ts';
import { type Expression, parseExpression } from './expression.ts';
import type { Directive } from './statement.ts';
import { isPunct, Kind } from './token.ts';

type Parser = (cursor: Cursor, column: number, lasting: boolean) => Directive;

const DIRECTIVES: ReadonlyMap<string, Parser> = new Map<string, Parser>([
  ['section', parseSection],
  ['segment', parseSection],
  ['org', (cursor, column) => ({ kind: 'org', column, value: parseExpression(cursor) })],
  ['bits', (cursor, column) => ({ kind: 'bits', column, value: parseExpression(cursor) })],
  ['use16', (_, column) => ({ kind: 'bits', column, value: number(16n, column) })],
  ['use32', (_, column) => ({ kind: 'bits', column, value: number(32n, column) })],
  ['absolute', parseAbsolute],
  ['global', ignored],
  ['cpu', ignored],
  ['default', parseDefault],
  ['extern', (cursor) => refuse(cursor, 'there is no linker: put all code into one program')],
  ['common', (cursor) => refuse(cursor, 'there is no linker: reserve the room in .bss')],
]);

const PRIMITIVES: ReadonlyMap<string, Parser> = new Map<string, Parser>([
  ['return', (_, column) => ({ kind: 'return', column })],
  [
    'sectalign',
    (cursor, column) => ({ kind: 'sectalign', column, value: parseExpression(cursor) }),
  ],
]);

/** The parser of the directive called `name`, in lower case, or undefined. */
export function directiveNamed(name: string): Parser | undefined {
  return DIRECTIVES.get(name);
}

/** Takes a whole line `[directive …]`. */
export function parseBracketed(cursor: Cursor): Directive {
  const { column } = cursor;
  cursor.skip();
  const name = cursor.word();
  const parser = DIRECTIVES.get(name) ?? PRIMITIVES.get(name);
  if (!parser) return cursor.fail('directive expected');
  cursor.skip();
  const directive = parser(cursor, column, false);
  cursor.expect(']', 'after the directive');
  cursor.end('the directive');
  return directive;
}

function number(value: bigint, column: number): Expression {
  return { kind: 'number', column, value };
}

function refuse(cursor: Cursor, why: string): never {
  return cursor.fail('this directive is not supported', why);
}

/**
 * Takes a directive with nothing to do: every label goes into the symbol table, and every
 * instruction of the one processor is allowed.
 */
function ignored(cursor: Cursor, column: number): Directive {
  while (!cursor.done && !isPunct(cursor.token, ']')) cursor.skip();
  return { kind: 'nothing', column };
}

function parseDefault(cursor: Cursor, column: number): Directive {
  if (cursor.word() !== 'abs') return refuse(cursor, 'addresses are absolute in 32-bit code');
  return ignored(cursor, column);
}

/** Attributes that say nothing new here: every section is loaded. */
const NOTED = new Set(['exec', 'noexec', 'write', 'nowrite', 'alloc', 'noalloc', 'code', 'data']);

function parseAbsolute(cursor: Cursor, column: number, lasting: boolean): Directive {
  return { kind: 'absolute', column, value: parseExpression(cursor), lasting };
}

function parseSection(cursor: Cursor, column: number, lasting: boolean): Directive {
  const token = cursor.token;
  if (token?.kind !== Kind.Name) return cursor.fail('name of the section expected');
  cursor.skip();
  let align: Expression | undefined;
  let bits: boolean | undefined;
  while (!cursor.done && !isPunct(cursor.token, ']')) {
    const word = cursor.word();
    if (word === 'align' && isPunct(cursor.second, '=')) {
      cursor.skip();
      cursor.skip();
      align = parseExpression(cursor);
      continue;
    }
    if (word === 'nobits' || word === 'progbits') bits = word === 'progbits';
    else if (word === 'bss') bits = false;
    else if (!NOTED.has(word)) cursor.fail('unknown attribute of a section');
    cursor.skip();
  }
  const given = { ...(align && { align }), ...(bits !== undefined && { bits }) };
  return { kind: 'section', column, name: token.text, lasting, ...given };
}

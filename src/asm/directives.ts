/**
 * Directives of the assembler (NASM manual, 7): sections, origin, alignment. Each can be written
 * bare, `section .data`, or in brackets, `[section .data]`; those that only the standard macros
 * need, in brackets only.
 */

import { CPU_NAMES, cpuLevel } from './cpu-levels.ts';
import type { Cursor } from './cursor.ts';
import { type Expression, parseExpression } from './expression.ts';
import type { Directive } from './statement.ts';
import { isPunct, Kind, spelling, spellings } from './token.ts';

type Parser = (cursor: Cursor, column: number, lasting: boolean) => Directive;

const DIRECTIVES: ReadonlyMap<string, Parser> = new Map<string, Parser>([
  ['section', parseSection],
  ['segment', parseSection],
  ['org', (cursor, column) => ({ kind: 'org', column, value: parseExpression(cursor) })],
  ['bits', (cursor, column) => ({ kind: 'bits', column, value: parseExpression(cursor) })],
  ['use16', (_, column) => ({ kind: 'bits', column, value: number(16n, column) })],
  ['use32', (_, column) => ({ kind: 'bits', column, value: number(32n, column) })],
  ['absolute', parseAbsolute],
  ['global', (cursor, column) => parseSymbols(cursor, column, 'global')],
  ['static', (cursor, column) => parseSymbols(cursor, column, 'global')],
  ['extern', (cursor, column) => parseSymbols(cursor, column, 'extern')],
  ['required', (cursor, column) => parseSymbols(cursor, column, 'extern')],
  ['cpu', parseCpu],
  ['default', parseDefault],
  ['float', nothing],
  ['sectalign', parseSectionAlign],
  ['common', (cursor) => refuse(cursor, 'there is no linker: reserve the room in .bss')],
]);

const PRIMITIVES: ReadonlyMap<string, Parser> = new Map<string, Parser>([
  ['return', (_, column) => ({ kind: 'return', column })],
  ['warning', parseWarning],
  ['list', nothing],
  ['map', nothing],
  ['debug', nothing],
  ['pragma', nothing],
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

/** Takes a directive with nothing to do here. */
function nothing(cursor: Cursor, column: number): Directive {
  while (!cursor.done && !isPunct(cursor.token, ']')) cursor.skip();
  return { kind: 'nothing', column };
}

function atEnd(cursor: Cursor): boolean {
  return cursor.done || isPunct(cursor.token, ']');
}

function parseDefault(cursor: Cursor, column: number): Directive {
  const word = cursor.word();
  // Addresses of 32-bit code are absolute, whatever the default.
  if (!['abs', 'rel', 'bnd', 'nobnd'].includes(word)) cursor.fail('abs or rel expected');
  return nothing(cursor, column);
}

function parseCpu(cursor: Cursor, column: number): Directive {
  // `8086` and `386` are numbers to the lexer, `x86-64` is three tokens.
  const [text = ''] = spellings(cursor.rest()).replace(/\]$/, '').trim().toLowerCase().split(' ');
  const level = cpuLevel(text);
  if (level === undefined) cursor.fail('processor expected', `they are ${CPU_NAMES}`);
  return { ...nothing(cursor, column), kind: 'cpu', level: level! };
}

function parseSectionAlign(cursor: Cursor, column: number): Directive {
  const word = cursor.word();
  if (word === 'on' || word === 'off') return nothing(cursor, column);
  return { kind: 'sectalign', column, value: parseExpression(cursor) };
}

/** Takes names, each perhaps with a type, `main:function`, as ELF has them. */
function parseSymbols(cursor: Cursor, column: number, how: 'global' | 'extern'): Directive {
  const names: string[] = [];
  let special = false;
  do {
    const token = cursor.token;
    if (token?.kind !== Kind.Name) cursor.fail('name of a symbol expected');
    names.push(token!.text.replace(/^\$/, ''));
    cursor.skip();
    if (cursor.take(':')) {
      special = true;
      while (!atEnd(cursor) && !isPunct(cursor.token, ',')) cursor.skip();
    }
  } while (cursor.take(','));
  return { kind: 'symbols', column, how, names, special };
}

function parseWarning(cursor: Cursor, column: number): Directive {
  const words: string[] = [];
  for (; !atEnd(cursor); cursor.skip()) {
    const token = cursor.token!;
    if (token.space) words.push('');
    words.push(`${words.pop() ?? ''}${spelling(token)}`);
  }
  return { kind: 'warning', column, words: words.filter((word) => word !== '') };
}

/** Attributes that say nothing new here: every section is loaded. */
const NOTED = new Set(['exec', 'noexec', 'write', 'nowrite', 'alloc', 'noalloc', 'code', 'data']);

const PLACES: ReadonlySet<string> = new Set(['start', 'vstart', 'follows', 'vfollows', 'valign']);

function parseAbsolute(cursor: Cursor, column: number, lasting: boolean): Directive {
  return { kind: 'absolute', column, value: parseExpression(cursor), lasting };
}

function parseSection(cursor: Cursor, column: number, lasting: boolean): Directive {
  const token = cursor.token;
  if (token?.kind !== Kind.Name) return cursor.fail('name of the section expected');
  cursor.skip();
  let align: Expression | undefined;
  let bits: boolean | undefined;
  const places: SectionPlace[] = [];
  const ignored: { column: number; text: string }[] = [];
  while (!atEnd(cursor)) {
    const word = cursor.word();
    const place = takePlace(cursor, word);
    if (place?.attribute === 'align') align = place.value as Expression;
    else if (place) places.push(place as SectionPlace);
    if (place) continue;
    if (word === 'nobits' || word === 'progbits') bits = word === 'progbits';
    else if (word === 'bss') bits = false;
    else if (!NOTED.has(word))
      ignored.push({ column: cursor.column, text: spelling(cursor.token!) });
    cursor.skip();
  }
  const given = { ...(align && { align }), ...(bits !== undefined && { bits }) };
  return { kind: 'section', column, name: token.text, lasting, places, ignored, ...given };
}

type SectionPlace = Extract<Directive, { kind: 'section' }>['places'][number];

/** Takes `align=8`, `start=0x20`, `follows=.data` … */
function takePlace(
  cursor: Cursor,
  word: string,
):
  | { attribute: SectionPlace['attribute'] | 'align'; value: Expression | string; column: number }
  | undefined {
  const attribute = word as SectionPlace['attribute'];
  if ((word !== 'align' && !PLACES.has(word)) || !isPunct(cursor.second, '=')) return undefined;
  const { column } = cursor;
  cursor.skip();
  cursor.skip();
  if (!word.endsWith('follows')) return { attribute, value: parseExpression(cursor), column };
  const value = cursor.token?.text ?? cursor.fail('name of a section expected');
  cursor.skip();
  return { attribute, value, column };
}

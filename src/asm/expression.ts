/**
 * Expressions, parsed (NASM manual, 3.5). Binding, loosest first:
 *
 *     a ? b : c    ||    ^^    &&    = == != <> < <= > >= <=>    |    ^    &    << >> <<< >>>
 *     + -    * / // % %%    unary - + ~ !
 *
 * `/` and `%` are unsigned, `//` and `%%` signed, all in 64 bits; `>>` shifts zeros in, `>>>` the
 * sign.
 */

import type { Cursor } from './cursor.ts';
import { Failure } from './errors.ts';
import { FLOAT_FORMATS, type FloatFormat, floatBytes, isSpecialFloat } from './floats.ts';
import { MAX_EXPRESSION_DEPTH, MAX_OPERATORS } from './limits.ts';
import {
  characterConstant,
  encodedString,
  functionName,
  integerValue,
  stringBytes,
} from './literals.ts';
import { type Register, registerNamed } from './registers.ts';
import { isPunct, Kind, type Token } from './token.ts';

/** Operators before one operand, as written. */
export type UnaryOperator = '-' | '+' | '~' | '!';

/** Operators between two operands, as written; weaker ones first. */
export type BinaryOperator =
  | ('||' | '^^' | '&&')
  | ('=' | '==' | '!=' | '<>' | '<' | '<=' | '>' | '>=' | '<=>')
  | ('|' | '^' | '&' | '<<' | '>>' | '<<<' | '>>>')
  | ('+' | '-' | '*' | '/' | '//' | '%' | '%%');

/** An expression; `column` is where an error in it would be shown. */
export type Expression = { readonly column: number } & (
  | { readonly kind: 'number'; readonly value: bigint }
  | { readonly kind: 'register'; readonly register: Register }
  | { readonly kind: 'symbol'; readonly name: string }
  /** `$`, the address of this statement, and `$$`, of its section. */
  | { readonly kind: 'here' | 'base' }
  /** `__ilog2e__(n)` and its like: the logarithm to base 2, exact, or rounded up or down. */
  | { readonly kind: 'log2'; readonly how: 'exact' | 'down' | 'up'; readonly of: Expression }
  | { readonly kind: 'unary'; readonly operator: UnaryOperator; readonly of: Expression }
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: 'choice';
      readonly test: Expression;
      readonly yes: Expression;
      readonly no: Expression;
    }
);

const LEVELS: readonly (readonly string[])[] = [
  ['||'],
  ['^^'],
  ['&&'],
  ['=', '==', '!=', '<>', '<', '<=', '>', '>=', '<=>'],
  ['|'],
  ['^'],
  ['&'],
  ['<<', '>>', '<<<', '>>>'],
  ['+', '-'],
  ['*', '/', '//', '%', '%%'],
];

const LEVEL_OF = new Map(LEVELS.flatMap((operators, level) => operators.map((o) => [o, level])));

/** Takes one expression from `cursor`. Throws a Failure where there is none. */
export function parseExpression(cursor: Cursor): Expression {
  return new ExpressionParser(cursor).choice(0);
}

class ExpressionParser {
  readonly #cursor: Cursor;
  #operators = 0;

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
  }

  choice(depth: number): Expression {
    const cursor = this.#cursor;
    const column = cursor.column;
    const test = this.#binary(0, depth);
    if (!cursor.take('?')) return test;
    const yes = this.choice(depth + 1);
    cursor.expect(':', "to match `?'");
    return { kind: 'choice', column, test, yes, no: this.choice(depth + 1) };
  }

  /** Operators of `level` and tighter: precedence climbing, all of them left associative. */
  #binary(level: number, depth: number): Expression {
    const cursor = this.#cursor;
    let left = this.#unary(depth);
    for (;;) {
      const token = cursor.token;
      const found = token?.kind === Kind.Punct ? LEVEL_OF.get(token.text) : undefined;
      if (token === undefined || found === undefined || found < level) return left;
      if (++this.#operators > MAX_OPERATORS) cursor.fail('expression too long');
      cursor.skip();
      const right = this.#binary(found + 1, depth);
      const operator = token.text as BinaryOperator;
      left = { kind: 'binary', column: token.column, operator, left, right };
    }
  }

  #unary(depth: number): Expression {
    const cursor = this.#cursor;
    if (depth > MAX_EXPRESSION_DEPTH) cursor.fail('expression nested too deeply');
    const token = cursor.token;
    if (token?.kind !== Kind.Punct) return primary(cursor);
    const { column, text } = token;
    switch (text) {
      case '-':
      case '+':
      case '~':
      case '!':
        cursor.skip();
        return { kind: 'unary', column, operator: text, of: this.#unary(depth + 1) };
      case '(': {
        cursor.skip();
        const inside = this.choice(depth + 1);
        cursor.expect(')', 'in the expression');
        return inside;
      }
      case '$':
      case '$$':
        cursor.skip();
        return { kind: text === '$' ? 'here' : 'base', column };
      default:
        return primary(cursor);
    }
  }
}

function primary(cursor: Cursor): Expression {
  const token = cursor.token;
  if (!token) return cursor.fail('expression expected');
  const { column } = token;
  switch (token.kind) {
    case Kind.Number:
      return { kind: 'number', column, value: number(cursor, token) };
    case Kind.Text:
      cursor.skip();
      return { kind: 'number', column, value: characterConstant(stringBytes(token)) };
    case Kind.Name:
      return name(cursor, token);
    case Kind.Parameter:
    case Kind.MacroLocal:
      return cursor.fail('a macro parameter means nothing outside of a macro');
    case Kind.Float:
      return cursor.fail('a floating-point number can only stand alone, in data');
    default:
      return cursor.fail('expression expected');
  }
}

function number(cursor: Cursor, token: Token): bigint {
  const value = integerValue(token.text);
  if (value === undefined) cursor.fail('number with digits that do not fit its radix');
  cursor.skip();
  return value!;
}

const LOGARITHMS: Readonly<Record<string, 'exact' | 'down' | 'up'>> = {
  ilog2e: 'exact',
  ilog2w: 'down',
  ilog2f: 'down',
  ilog2c: 'up',
};

/** Whether `name` is a register that nasm knows and the machine has not. */
export function isForeignRegister(name: string): boolean {
  return FOREIGN_REGISTER.test(name) && !registerNamed(name);
}

/** Names of registers that nasm knows and the machine has not. */
const FOREIGN_REGISTER = new RegExp(
  `^(?:${[
    /r(?:[89]|1[0-5])[bwdl]?|r(?:[abcd]x|[sd]i|[sb]p|ip)|[sd]il|[sb]pl/,
    /(?:[xyz]?mm|st|k|bnd|tr|dr|cr|tmm)[0-9]+|segr[67]/,
  ]
    .map(({ source }) => source)
    .join('|')})$`,
  'i',
);

function name(cursor: Cursor, token: Token): Expression {
  const { column, text } = token;
  const called = isPunct(cursor.second, '(') ? functionName(text) : undefined;
  const result = called === undefined ? undefined : call(cursor, called, token);
  if (result) return result;
  const register = registerNamed(text);
  if (isForeignRegister(text))
    throw new Failure(column, `register \`${text}': the machine has none of this name`);
  const word = text.toLowerCase();
  if (word === 'seg') cursor.fail('segments have no numbers here: all of them begin at 0');
  cursor.skip();
  if (cursor.word() === 'wrt') cursor.fail("`wrt' is not supported: all segments begin at 0");
  if (text[0] === '$') return { kind: 'symbol', column, name: text.slice(1) };
  return register ? { kind: 'register', column, register } : { kind: 'symbol', column, name: text };
}

/** A function of a number or of a literal, if `called` names one. */
function call(cursor: Cursor, called: string, { column }: Token): Expression | undefined {
  const rest = cursor.rest();
  const how = LOGARITHMS[called];
  if (how) {
    cursor.skip();
    cursor.skip();
    const of = parseExpression(cursor);
    cursor.expect(')', 'after the argument');
    return { kind: 'log2', column, how, of };
  }
  const close = rest.findIndex((token) => isPunct(token, ')'));
  const inside = rest.slice(2, close);
  const bytes = close > 0 ? literalBytes(called, inside) : undefined;
  if (!bytes) return undefined;
  for (let i = 0; i <= close; i++) cursor.skip();
  return { kind: 'number', column, value: characterConstant(bytes) };
}

/** The bytes that a function makes of the literal in its parentheses. */
function literalBytes(called: string, inside: readonly Token[]): Uint8Array | undefined {
  const last = inside.at(-1);
  if (!last) return undefined;
  if (last.kind === Kind.Text && inside.length === 1) return encodedString(called, last);
  const [, stem = '', part] = /^(float80|float128|\w+?)([mehl]?)$/.exec(called) ?? [];
  const format = FLOAT_FORMATS[stem];
  const special = last.kind === Kind.Name && isSpecialFloat(last.text);
  const signed = isPunct(inside[0], '-') || isPunct(inside[0], '+');
  if (!format || inside.length !== (signed ? 2 : 1)) return undefined;
  if (last.kind !== Kind.Float && !special) return undefined;
  const { bytes } = floatConstant(last, format, isPunct(inside[0], '-'));
  return part === 'e' || part === 'h' ? bytes.slice(8) : bytes.slice(0, 8);
}

/** The bytes of a floating-point literal; `overflow` tells that it has become infinite. */
export function floatConstant({ text, column }: Token, format: FloatFormat, negative: boolean) {
  if (text.split('.').length > 2) throw new Failure(column, 'number with two points');
  return floatBytes(text, format, negative);
}

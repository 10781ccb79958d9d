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
import { MAX_EXPRESSION_DEPTH, MAX_OPERATORS } from './limits.ts';
import { characterConstant, integerValue, stringBytes } from './literals.ts';
import { type Register, registerNamed } from './registers.ts';
import { Kind, type Token } from './token.ts';

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
      return cursor.fail('a floating-point number can only stand alone, in dd or dq');
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

function name(cursor: Cursor, token: Token): Expression {
  cursor.skip();
  const { column, text } = token;
  if (text[0] === '$') return { kind: 'symbol', column, name: text.slice(1) };
  const register = registerNamed(text);
  return register ? { kind: 'register', column, register } : { kind: 'symbol', column, name: text };
}

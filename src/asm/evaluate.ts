/**
 * Expressions, evaluated. Sums, differences and products with a number work on any values; all else
 * wants plain numbers. An undefined symbol makes the result {@link UNKNOWN}, until the scope calls
 * it an error.
 */

import { Failure } from './errors.ts';
import type { BinaryOperator, Expression } from './expression.ts';
import { add, isScalar, isUnknown, one, scalar, scale, UNKNOWN, type Value } from './value.ts';

/** What the names of an expression mean at one place of the program. */
export interface Scope {
  /** The value of a symbol. Throws a Failure, or returns UNKNOWN, if there is none. */
  symbol(name: string, column: number): Value;
  /** Address of the statement. */
  here(): Value;
  /** Address of its section. */
  base(): Value;
}

/** The value of `expression` in `scope`. Throws a Failure where it makes no sense. */
export function evaluate(expression: Expression, scope: Scope): Value {
  switch (expression.kind) {
    case 'number':
      return scalar(expression.value);
    case 'symbol':
      return scope.symbol(expression.name, expression.column);
    case 'here':
      return scope.here();
    case 'base':
      return scope.base();
    case 'register':
      return one(expression.register);
    case 'unary':
      return unary(expression, scope);
    case 'binary':
      return binary(expression, scope);
    case 'log2':
      return logarithm(expression, scope);
    case 'choice':
      return choice(expression, scope);
  }
}

/** The plain number that `expression` stands for; 0 while it is unknown. `what` names its use. */
export function evaluateScalar(expression: Expression, scope: Scope, what: string): bigint {
  const value = evaluate(expression, scope);
  if (isUnknown(value)) return 0n;
  if (isScalar(value)) return value.constant;
  throw new Failure(expression.column, `${what} must be a number known at this place`);
}

type Of<K extends Expression['kind']> = Extract<Expression, { kind: K }>;

function unary({ operator, of, column }: Of<'unary'>, scope: Scope): Value {
  const value = evaluate(of, scope);
  if (operator === '+') return value;
  if (operator === '-') return scale(value, -1n);
  if (isUnknown(value)) return UNKNOWN;
  requireScalar(value, operator, column);
  return scalar(operator === '~' ? ~value.constant : truth(value.constant === 0n));
}

function logarithm({ how, of, column }: Of<'log2'>, scope: Scope): Value {
  const value = evaluate(of, scope);
  if (isUnknown(value)) return UNKNOWN;
  requireScalar(value, 'ilog2', column);
  const number = BigInt.asUintN(64, value.constant);
  const power = number === 0n ? 0 : number.toString(2).length - 1;
  const whole = number === 1n << BigInt(power);
  if (how === 'exact' && !whole) throw new Failure(column, `${number} is not a power of two`);
  return scalar(BigInt(how === 'up' && number !== 0n && !whole ? power + 1 : power));
}

function choice({ test, yes, no, column }: Of<'choice'>, scope: Scope): Value {
  const value = evaluate(test, scope);
  const results = [evaluate(yes, scope), evaluate(no, scope)] as const;
  if (isUnknown(value)) return UNKNOWN;
  requireScalar(value, '?', column);
  return value.constant !== 0n ? results[0] : results[1];
}

function binary(expression: Of<'binary'>, scope: Scope): Value {
  const { operator, column } = expression;
  const left = evaluate(expression.left, scope);
  const right = evaluate(expression.right, scope);
  switch (operator) {
    case '+':
    case '-':
      return add(left, operator === '+' ? right : scale(right, -1n));
    case '*':
      return product(left, right, column);
    case '=':
    case '==':
    case '!=':
    case '<>':
    case '<':
    case '<=':
    case '>':
    case '>=':
    case '<=>':
      return comparison(operator, add(left, scale(right, -1n)), column);
    default:
      if (isUnknown(left) || isUnknown(right)) return UNKNOWN;
      requireScalar(left, operator, column);
      requireScalar(right, operator, column);
      return scalar(arithmetic(operator, left.constant, right.constant, column));
  }
}

function requireScalar(value: Value, operator: string, column: number): void {
  if (isScalar(value)) return;
  throw new Failure(
    column,
    `\`${operator}' works on plain numbers only, not on addresses or registers`,
    "an address minus `$$', or minus another label of its section, is a plain number",
  );
}

function product(left: Value, right: Value, column: number): Value {
  const [number, other] = isScalar(left) ? [left, right] : [right, left];
  if (isScalar(number)) return scale(other, number.constant, true);
  if (isUnknown(left) || isUnknown(right)) return UNKNOWN;
  throw new Failure(column, 'neither factor is a plain number');
}

const truth = (condition: boolean): bigint => (condition ? 1n : 0n);

function comparison(operator: BinaryOperator, difference: Value, column: number): Value {
  if (isUnknown(difference)) return UNKNOWN;
  if (operator === '=' || operator === '==')
    return scalar(truth(isScalar(difference) && difference.constant === 0n));
  if (operator === '!=' || operator === '<>')
    return scalar(truth(!isScalar(difference) || difference.constant !== 0n));
  if (!isScalar(difference))
    throw new Failure(column, `\`${operator}': operands differ by more than a number`);
  const sign = difference.constant < 0n ? -1n : truth(difference.constant > 0n);
  if (operator === '<=>') return scalar(sign);
  if (operator === '<') return scalar(truth(sign < 0n));
  if (operator === '<=') return scalar(truth(sign <= 0n));
  return scalar(truth(operator === '>' ? sign > 0n : sign >= 0n));
}

type Arithmetic = Exclude<
  BinaryOperator,
  '+' | '-' | '*' | '=' | '==' | '!=' | '<>' | '<' | '<=' | '>' | '>=' | '<=>'
>;

function arithmetic(operator: Arithmetic, a: bigint, b: bigint, column: number): bigint {
  const unsigned = (n: bigint): bigint => BigInt.asUintN(64, n);
  switch (operator) {
    case '||':
      return truth(a !== 0n || b !== 0n);
    case '^^':
      return truth((a !== 0n) !== (b !== 0n));
    case '&&':
      return truth(a !== 0n && b !== 0n);
    case '|':
      return a | b;
    case '^':
      return a ^ b;
    case '&':
      return a & b;
    case '<<':
    case '<<<':
      return a << (b & 63n);
    case '>>':
      return unsigned(a) >> (b & 63n);
    case '>>>':
      return a >> (b & 63n);
    default:
  }
  if (b === 0n) throw new Failure(column, 'division by zero');
  if (operator === '/') return unsigned(a) / unsigned(b);
  if (operator === '%') return unsigned(a) % unsigned(b);
  return operator === '//' ? a / b : a % b;
}

/**
 * What preprocessor directives work on: the macros defined so far, and the values of expressions.
 */

import { Cursor } from '../cursor.ts';
import { evaluateScalar, type Scope } from '../evaluate.ts';
import { parseExpression } from '../expression.ts';
import { isPunct, Kind, type Token } from '../token.ts';
import { Contexts } from './contexts.ts';
import { Expander } from './expander.ts';
import { MultiMacros } from './multi-macros.ts';
import { SingleMacros } from './single-macros.ts';

export class Environment {
  readonly singles = new SingleMacros();
  readonly multis = new MultiMacros();
  readonly contexts = new Contexts();
  readonly expander = new Expander(this.singles, this.contexts);
  readonly #scope: Scope;

  /** `scope` gives symbols their values; an undefined one must be a Failure. */
  constructor(scope: Scope) {
    this.#scope = scope;
  }

  /** A cursor over what is left of `cursor`, macros expanded. */
  expanded(cursor: Cursor): Cursor {
    return new Cursor(this.expander.expand(cursor.rest()));
  }

  /** The number that an expression stands for right here; `what` names its use. */
  number(cursor: Cursor, what: string): bigint {
    return evaluateScalar(parseExpression(cursor), this.#scope, what);
  }

  /** Defines `name` as `body`, without parameters. `token` is a name or a name of a context. */
  define(token: Token, body: readonly Token[], ignoreCase = false): void {
    this.defineCall(token, undefined, body, ignoreCase);
  }

  /** Defines `name(parameters)` as `body`. */
  defineCall(
    token: Token,
    parameters: readonly string[] | undefined,
    body: readonly Token[],
    ignoreCase: boolean,
  ): void {
    const { macros, name } = this.placeOf(token);
    macros.define({ name, ignoreCase, parameters, body, active: false });
  }

  /** Where the macro that `token` names lives. */
  placeOf(token: Token): { macros: SingleMacros; name: string } {
    if (token.kind === Kind.ContextLocal) return this.contexts.resolve(token);
    return { macros: this.singles, name: token.text };
  }
}

/** Takes the name that a directive defines. */
export function takeName(cursor: Cursor): Token {
  const token = cursor.token;
  if (token?.kind !== Kind.Name && token?.kind !== Kind.ContextLocal)
    return cursor.fail('name expected');
  cursor.skip();
  return token;
}

/** A number as tokens: a minus sign where it is negative. */
export function numberTokens(value: bigint, at: Token): Token[] {
  const { column } = at;
  const sign: Token = { kind: Kind.Punct, text: '-', column, space: true };
  const digits = (value < 0n ? -value : value).toString();
  const number: Token = { kind: Kind.Number, text: digits, column, space: value >= 0n };
  return value < 0n ? [sign, number] : [number];
}

/** Takes a parameter list `(a, b)`, or nothing if no parenthesis touches the name. */
export function takeParameters(cursor: Cursor): string[] | undefined {
  if (!isPunct(cursor.token, '(') || cursor.token!.space) return undefined;
  cursor.skip();
  const names: string[] = [];
  if (cursor.take(')')) return names;
  do {
    const token = cursor.token;
    if (token?.kind !== Kind.Name) cursor.fail('name of a parameter expected');
    names.push(token!.text);
    cursor.skip();
  } while (cursor.take(','));
  cursor.expect(')', 'after the parameters');
  return names;
}

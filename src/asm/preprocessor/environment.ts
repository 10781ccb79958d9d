/**
 * What preprocessor directives work on: the macros defined so far, and the values of expressions.
 */

import { Cursor } from '../cursor.ts';
import { evaluateScalar, type Scope } from '../evaluate.ts';
import { parseExpression } from '../expression.ts';
import { isPunct, Kind, type Token } from '../token.ts';
import type { WarningClass } from '../warnings.ts';
import { Contexts } from './contexts.ts';
import { Expander } from './expander.ts';
import { callFunction } from './functions.ts';
import { MultiMacros } from './multi-macros.ts';
import { type SingleMacro, SingleMacros, type SingleParameter } from './single-macros.ts';
import { quotedOnce, quotedTokens } from './strings.ts';

/** Told of a warning at a column of the line at hand. */
export type Warn = (column: number, name: WarningClass, message: string) => void;

export class Environment {
  readonly singles = new SingleMacros();
  readonly multis = new MultiMacros();
  readonly contexts = new Contexts();
  readonly expander: Expander;
  /** Packages that `%use` has brought in. */
  readonly packages = new Set<string>();
  readonly warn: Warn;
  readonly #scope: Scope;

  /** `scope` gives symbols their values; an undefined one must be a Failure. */
  constructor(scope: Scope, warn: Warn) {
    this.#scope = scope;
    this.warn = warn;
    this.expander = new Expander(this.singles, this.contexts, {
      warn,
      call: (name, inside, at) => callFunction(name, inside, at, this),
      prepare: (parameter, argument, at) => this.#prepare(parameter, argument, at),
    });
  }

  /** An argument as its parameter wants it. */
  #prepare(parameter: SingleParameter, argument: readonly Token[], at: Token): readonly Token[] {
    if (parameter.evaluated) {
      const cursor = new Cursor(argument);
      const value = this.number(cursor, `the argument \`${parameter.name}'`);
      cursor.end('the argument');
      return numberTokens(value, at);
    }
    if (parameter.quoted === 'always') return [quotedTokens(argument, at)];
    return parameter.quoted === 'once' ? [quotedOnce(argument, at)] : argument;
  }

  /** Warns of what is left of `cursor`, which is ignored. */
  trailing(cursor: Cursor, what: string): void {
    if (!cursor.done) this.warn(cursor.column, 'pp-trailing', `text after ${what} is ignored`);
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
    parameters: SingleMacro['parameters'],
    body: readonly Token[],
    ignoreCase: boolean,
  ): void {
    const { macros, name } = this.placeOf(token);
    if (macros.define({ name, ignoreCase, parameters, body, active: false })) return;
    const message = `macro \`${name}' is defined both with and without parameters`;
    this.warn(token.column, 'pp-macro-def-param-single', message);
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

/** Takes a parameter list `(a, =b, &c, d+)`, or nothing if no parenthesis touches the name. */
export function takeParameters(cursor: Cursor): SingleParameter[] | undefined {
  if (!isPunct(cursor.token, '(') || cursor.token!.space) return undefined;
  cursor.skip();
  const parameters: SingleParameter[] = [];
  if (cursor.take(')')) return parameters;
  do parameters.push(takeParameter(cursor));
  while (cursor.take(','));
  cursor.expect(')', 'after the parameters');
  return parameters;
}

function takeParameter(cursor: Cursor): SingleParameter {
  let evaluated = false;
  let quoted: SingleParameter['quoted'] = 'no';
  let verbatim = false;
  for (;;) {
    if (cursor.take('=')) evaluated = true;
    else if (cursor.take('&&')) quoted = 'once';
    else if (cursor.take('&')) quoted = 'always';
    else if (cursor.take('!')) verbatim = true;
    else break;
  }
  const token = cursor.token;
  // A parameter without a name takes an argument and leaves it out.
  const nameless = isPunct(token, ',') || isPunct(token, ')');
  if (!nameless && token?.kind !== Kind.Name) cursor.fail('name of a parameter expected');
  if (!nameless) cursor.skip();
  const name = nameless ? '' : token!.text;
  let greedy = false;
  for (;;) {
    if (cursor.take('+')) greedy = true;
    else if (cursor.take('!')) verbatim = true;
    else return { name, evaluated, quoted, greedy, verbatim };
  }
}

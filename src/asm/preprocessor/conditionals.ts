/** The conditions that are open (NASM manual, 4.4): which branch of which `%if` lines are in. */

import type { Cursor } from '../cursor.ts';
import { Failure } from '../errors.ts';
import type { Origin } from '../source.ts';
import { testNamed } from './conditions.ts';
import type { Environment } from './environment.ts';

interface Conditional {
  readonly origin: Origin;
  readonly column: number;
  /**
   * `taken`: lines count. `waiting`: no branch was true yet. `over`: one was, or the test made no
   * sense. `outside`: the lines around it do not count.
   */
  state: 'taken' | 'waiting' | 'over' | 'outside';
  elseSeen: boolean;
}

/** One directive of the family, taken apart. */
interface Directive {
  readonly name: string;
  readonly column: number;
  readonly cursor: Cursor;
}

export class Conditionals {
  readonly #open: Conditional[] = [];

  /** How many are open. */
  get depth(): number {
    return this.#open.length;
  }

  /** Whether the lines at hand do not count. */
  get skipping(): boolean {
    const innermost = this.#open.at(-1);
    return innermost !== undefined && innermost.state !== 'taken';
  }

  /** Closes all but the outermost `depth`, and returns them. */
  closeDownTo(depth: number): { origin: Origin; column: number }[] {
    return this.#open.splice(depth);
  }

  /** Obeys a directive of the `%if` family; false if it is none. */
  obey(directive: Directive, origin: Origin, environment: Environment): boolean {
    const [, family, test] = /^(if|elif|else$|endif$)(.*)$/.exec(directive.name) ?? [];
    switch (family) {
      case 'if':
        return this.#begin(directive, test!, origin, environment);
      case 'elif':
        return this.#elseIf(directive, test!, environment);
      case 'else':
        environment.trailing(directive.cursor, '%else');
        this.#else(directive, environment);
        return true;
      case 'endif':
        environment.trailing(directive.cursor, '%endif');
        this.#innermost(directive);
        this.#open.pop();
        return true;
      default:
        return false;
    }
  }

  #begin(directive: Directive, name: string, origin: Origin, environment: Environment): boolean {
    const test = testNamed(name);
    if (!test) return false;
    const { column, cursor } = directive;
    const state = this.skipping ? 'outside' : 'over';
    const conditional: Conditional = { origin, column, state, elseSeen: false };
    this.#open.push(conditional);
    if (state === 'over') conditional.state = test(cursor, environment) ? 'taken' : 'waiting';
    return true;
  }

  #elseIf(directive: Directive, name: string, environment: Environment): boolean {
    const test = testNamed(name);
    if (!test) return false;
    const conditional = this.#innermost(directive);
    if (conditional.elseSeen) {
      const message = "`%elif' after `%else': what follows is left out";
      environment.warn(directive.column, 'pp-else-elif', message);
      if (conditional.state !== 'outside') conditional.state = 'over';
      conditional.elseSeen = false;
      return true;
    }
    if (conditional.state === 'taken') conditional.state = 'over';
    if (conditional.state !== 'waiting') return true;
    conditional.state = 'over';
    conditional.state = test(directive.cursor, environment) ? 'taken' : 'waiting';
    return true;
  }

  #else(directive: Directive, environment: Environment): void {
    const conditional = this.#innermost(directive);
    if (conditional.elseSeen) {
      const message = "second `%else' of one `%if': what follows is left out";
      environment.warn(directive.column, 'pp-else-else', message);
      if (conditional.state !== 'outside') conditional.state = 'over';
      return;
    }
    conditional.elseSeen = true;
    if (conditional.state === 'taken') conditional.state = 'over';
    else if (conditional.state === 'waiting') conditional.state = 'taken';
  }

  #innermost({ name, column }: Directive): Conditional {
    const innermost = this.#open.at(-1);
    if (!innermost) throw new Failure(column, `\`%${name}' without \`%if'`);
    return innermost;
  }
}

/**
 * The context stack (NASM manual, 4.8): `%push` opens a context, `%$name` is a macro or a label of
 * the innermost one, `%$$name` of the one around it.
 */

import { Failure } from '../errors.ts';
import type { Token } from '../token.ts';
import { SingleMacros } from './single-macros.ts';

interface Context {
  name: string;
  readonly number: number;
  readonly macros: SingleMacros;
}

export class Contexts {
  readonly #stack: Context[] = [];
  #opened = 0;

  /** Name of the innermost context, or undefined. */
  get innermost(): string | undefined {
    return this.#stack.at(-1)?.name;
  }

  push(name: string): void {
    this.#stack.push({ name, number: ++this.#opened, macros: new SingleMacros() });
  }

  /** Gives the innermost context another name; false if there is none. */
  rename(name: string): boolean {
    const context = this.#stack.at(-1);
    if (context) context.name = name;
    return context !== undefined;
  }

  /** False if there is none. */
  pop(): boolean {
    return this.#stack.pop() !== undefined;
  }

  /** The macros among which `token`, a `ContextLocal`, is looked up, and its name as a label. */
  resolve(token: Token): { macros: SingleMacros; name: string; label: string } {
    const level = token.text.lastIndexOf('$', token.text.search(/[^$]/)) + 1;
    const context = this.#stack.at(-level);
    if (!context)
      throw new Failure(token.column, `\`%${token.text}': no such context`, '%push opens one');
    const name = token.text.slice(level);
    return { macros: context.macros, name, label: `..@${context.number}.${name}` };
  }
}

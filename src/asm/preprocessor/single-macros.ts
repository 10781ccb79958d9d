/**
 * Single-line macros (NASM manual, 4.2): `%define`, `%xdefine`, `%assign` and what they leave
 * behind. A name may stand for one macro without parameters, or for several that differ in how many
 * they take; or, by `%defalias`, for another name.
 */

import type { Token } from '../token.ts';

/** A parameter of a single-line macro, and what is done to an argument before it is put in. */
export interface SingleParameter {
  readonly name: string;
  /** `=x`: it becomes the number that it is worth. */
  readonly evaluated: boolean;
  /** `&x` becomes a string; `&&x` does unless it is one. */
  readonly quoted: 'no' | 'always' | 'once';
  /** `x+`, the last one: it takes all that is left, commas and all. */
  readonly greedy: boolean;
  /** `x!`: it keeps its braces. */
  readonly verbatim: boolean;
}

/** A macro of one line. */
export interface SingleMacro {
  readonly name: string;
  readonly ignoreCase: boolean;
  /** Undefined for a macro without a parameter list; `()` is a list of none. */
  readonly parameters: readonly SingleParameter[] | undefined;
  readonly body: readonly Token[];
  /** Whether it is being expanded: within itself a macro is an ordinary name. */
  active: boolean;
}

export class SingleMacros {
  /** By name in lower case. */
  readonly #byName = new Map<string, SingleMacro[]>();
  readonly #aliases = new Map<string, { name: string; ignoreCase: boolean; target: string }>();

  /**
   * Defines `macro`, in place of one that takes as many parameters. False if others of this name
   * have a parameter list and it has none, or the other way round.
   */
  define(macro: SingleMacro): boolean {
    const meant = { ...macro, name: this.#target(macro.name) };
    const key = meant.name.toLowerCase();
    const others = this.#byName.get(key) ?? NONE;
    this.#byName.set(key, [...others.filter((other) => !replaces(meant, other)), meant]);
    const same = others.filter((o) => isNamed(meant, o.name) || isNamed(o, meant.name));
    return same.every((other) => (other.parameters === undefined) === !macro.parameters);
  }

  /** Defines a macro whose body is made anew for each use. */
  defineChanging(name: string, make: () => Token[]): void {
    this.#byName.set(name.toLowerCase(), [
      {
        name,
        ignoreCase: false,
        parameters: undefined,
        active: false,
        get body() {
          return make();
        },
      },
    ]);
  }

  undefine(name: string): void {
    const key = this.#target(name).toLowerCase();
    const left = this.#byName.get(key)?.filter((macro) => !isNamed(macro, this.#target(name)));
    if (left) this.#byName.set(key, left);
  }

  /** Makes `name` mean whatever `target` means, now and later. */
  alias(name: string, target: string, ignoreCase: boolean): void {
    this.undefine(name);
    this.#aliases.set(name.toLowerCase(), { name, ignoreCase, target });
  }

  undefineAlias(name: string): void {
    if (this.isAlias(name)) this.#aliases.delete(name.toLowerCase());
  }

  isAlias(name: string): boolean {
    const alias = this.#aliases.get(name.toLowerCase());
    return alias !== undefined && (alias.ignoreCase || alias.name === name);
  }

  clear(): void {
    this.#byName.clear();
    this.#aliases.clear();
  }

  /** All macros that `name` can mean. */
  named(name: string): readonly SingleMacro[] {
    const meant = this.#aliases.size === 0 ? name : this.#target(name);
    const candidates = this.#byName.get(meant.toLowerCase());
    return candidates?.filter((macro) => isNamed(macro, meant)) ?? NONE;
  }

  /** The name that `name` is an alias of, through any number of them but never in a circle. */
  #target(name: string): string {
    let meant = name;
    for (let left = this.#aliases.size; left > 0 && this.isAlias(meant); left--)
      meant = this.#aliases.get(meant.toLowerCase())!.target;
    return meant;
  }
}

const NONE: readonly SingleMacro[] = [];

function isNamed(macro: SingleMacro, name: string): boolean {
  return macro.ignoreCase || macro.name === name;
}

function replaces(macro: SingleMacro, other: SingleMacro): boolean {
  if (!isNamed(macro, other.name) && !isNamed(other, macro.name)) return false;
  if (!macro.parameters || !other.parameters) return true;
  return macro.parameters.length === other.parameters.length;
}

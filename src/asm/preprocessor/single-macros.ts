/**
 * Single-line macros (NASM manual, 4.2): `%define`, `%xdefine`, `%assign` and what they leave
 * behind. A name may stand for one macro without parameters, or for several that differ in how many
 * they take.
 */

import type { Token } from '../token.ts';

/** A macro of one line. */
export interface SingleMacro {
  readonly name: string;
  readonly ignoreCase: boolean;
  /** Undefined for a macro without a parameter list; `()` is a list of none. */
  readonly parameters: readonly string[] | undefined;
  readonly body: readonly Token[];
  /** Whether it is being expanded: within itself a macro is an ordinary name. */
  active: boolean;
}

export class SingleMacros {
  /** By name in lower case. */
  readonly #byName = new Map<string, SingleMacro[]>();

  /** Defines `macro`, in place of one that takes as many parameters. */
  define(macro: SingleMacro): void {
    const key = macro.name.toLowerCase();
    const others = (this.#byName.get(key) ?? []).filter((other) => !replaces(macro, other));
    this.#byName.set(key, [...others, macro]);
  }

  undefine(name: string): void {
    const key = name.toLowerCase();
    const left = this.#byName.get(key)?.filter((macro) => !isNamed(macro, name));
    if (left) this.#byName.set(key, left);
  }

  /** All macros that `name` can mean. */
  named(name: string): readonly SingleMacro[] {
    const candidates = this.#byName.get(name.toLowerCase());
    return candidates?.filter((macro) => isNamed(macro, name)) ?? NONE;
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

/**
 * The symbol table. A name that starts with one dot is local to the last label without one; names
 * that start with `..@` stand by themselves and do not end the reach of local ones. Values of the
 * last pass serve until this pass defines them again; how many changed tells whether another pass
 * is needed.
 */

import { Failure } from './errors.ts';
import type { Origin } from './source.ts';
import { sameValue, type Value } from './value.ts';

/** A name and what it stands for. */
export interface SymbolEntry {
  /** In full: `parent.local`. */
  readonly name: string;
  readonly value: Value;
  /** A place in the program, not a number by `equ`. */
  readonly label: boolean;
  readonly origin: Origin;
  readonly column: number;
  /** The pass that defined it last. */
  readonly pass: number;
}

export class Symbols {
  readonly #byName = new Map<string, SymbolEntry>();
  #pass = 0;
  #parent = '';
  #changed: SymbolEntry | undefined;

  /** A symbol that this pass moved or met for the first time, or undefined. */
  get changed(): SymbolEntry | undefined {
    return this.#changed;
  }

  startPass(): void {
    this.#pass++;
    this.#parent = '';
    this.#changed = undefined;
  }

  /** All symbols that the present pass defined, in the order of their first definition. */
  entries(): SymbolEntry[] {
    return [...this.#byName.values()].filter(({ pass }) => pass === this.#pass);
  }

  /** `name` in full, as it is meant at this point of the program. */
  fullName(name: string): string {
    return name[0] === '.' && name[1] !== '.' ? this.#parent + name : name;
  }

  find(name: string): SymbolEntry | undefined {
    return this.#byName.get(this.fullName(name));
  }

  /** A symbol that differs from `name` in upper and lower case only. */
  similar(name: string): string | undefined {
    const wanted = this.fullName(name).toLowerCase();
    for (const found of this.#byName.keys()) if (found.toLowerCase() === wanted) return found;
    return undefined;
  }

  /** Defines a symbol. Throws a Failure if this pass has given it another value. */
  define(symbol: Omit<SymbolEntry, 'pass'>): void {
    const { name, value, label, column } = symbol;
    const full = this.fullName(name);
    const before = this.#byName.get(full);
    const same = before !== undefined && sameValue(before.value, value);
    if (label && name[0] !== '.') this.#parent = name;
    if (before?.pass === this.#pass) {
      if (same) return;
      const { file, number } = before.origin.place;
      throw new Failure(
        column,
        `symbol \`${full}' redefined`,
        `first defined at ${file}:${number}`,
      );
    }
    const entry = { ...symbol, name: full, pass: this.#pass };
    if (!same) this.#changed ??= entry;
    this.#byName.set(full, entry);
  }
}

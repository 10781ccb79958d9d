/**
 * Values of expressions: a 64-bit constant plus multiples of registers, section bases and the
 * unknown. `[ebx+eax*4+label+2]` is one such sum, and so is the plain number. Section bases stay
 * symbolic until the very end, as nasm keeps them: where a label ends up must not decide the size
 * of an instruction.
 */

import type { Register } from './registers.ts';
import type { Section } from './sections.ts';

/** Stands for a symbol that no pass has met yet. */
export interface Unknown {
  readonly unit: 'unknown';
  readonly name: string;
}

/** What a value may be relative to, or a multiple of. */
export type Unit = Register | Section | Unknown;

/** A unit, so many times. */
export interface Term {
  readonly of: Unit;
  /** Never zero. */
  readonly times: bigint;
  /** Whether it was multiplied where it was first named, be it by 1: an index, not a base. */
  readonly scaled: boolean;
}

export interface Value {
  /** A signed 64-bit integer. */
  readonly constant: bigint;
  /** In the order in which the source first names them; each unit once. */
  readonly terms: readonly Term[];
}

const NO_TERMS: readonly Term[] = [];

/** A plain number, taken modulo 2^64 as a signed one. */
export function scalar(constant: bigint): Value {
  return { constant: BigInt.asIntN(64, constant), terms: NO_TERMS };
}

/** `unit` once, plus `constant`. */
export function one(unit: Unit, constant = 0n): Value {
  return { constant, terms: [{ of: unit, times: 1n, scaled: false }] };
}

/** The value of a name that no line has defined yet. */
export const UNKNOWN: Value = one({ unit: 'unknown', name: '' });

/** Whether `value` is a plain number. */
export function isScalar(value: Value): boolean {
  return value.terms.length === 0;
}

/** Whether an undefined symbol takes part in `value`. */
export function isUnknown(value: Value): boolean {
  return value.terms.some(({ of }) => of.unit === 'unknown');
}

/** a + b, modulo 2^64. */
export function add(a: Value, b: Value): Value {
  const constant = BigInt.asIntN(64, a.constant + b.constant);
  if (b.terms.length === 0) return { constant, terms: a.terms };
  const terms = [...a.terms];
  for (const term of b.terms) {
    const at = terms.findIndex(({ of }) => of === term.of);
    if (at < 0) terms.push(term);
    else terms[at] = { ...terms[at]!, times: BigInt.asIntN(64, terms[at]!.times + term.times) };
  }
  return { constant, terms: terms.filter(({ times }) => times !== 0n) };
}

/** k × value, modulo 2^64; `scaled` where the source says so with a `*`. */
export function scale(value: Value, k: bigint, scaled = false): Value {
  const constant = BigInt.asIntN(64, value.constant * k);
  if (k === 0n || value.terms.length === 0) return { constant, terms: NO_TERMS };
  const terms = value.terms.map((term) => ({
    of: term.of,
    times: BigInt.asIntN(64, term.times * k),
    scaled: scaled || term.scaled,
  }));
  return { constant, terms: terms.filter(({ times }) => times !== 0n) };
}

/** Whether two values are the same whatever their units come to. */
export function sameValue(a: Value, b: Value): boolean {
  return (
    a.constant === b.constant &&
    a.terms.length === b.terms.length &&
    a.terms.every(({ of, times }, i) => of === b.terms[i]!.of && times === b.terms[i]!.times)
  );
}

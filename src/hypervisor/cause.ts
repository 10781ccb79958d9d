/**
 * Which input would explain a divergence. A replayer that has left the recorded path cannot see the
 * input that is wrong, but it has evidence: what the machine asked for, how many inputs of each
 * kind the next digest entry says there were, what has been applied since the last digest that
 * agreed, and what a machine that sleeps is waiting for.
 */
import type { InputKind } from '../machine/input.ts';
import type { Machine } from '../machine/types.ts';
import { INPUT_KINDS, type LogEntry } from './entry.ts';
import type { LogPoint } from './log-point.ts';

export interface Cause {
  /**
   * - `missing`: the log lacks an input of these kinds · `extra`: it has one too many
   * - `altered`: all are there, and one of these kinds has other data or another count
   * - `unknown`: one of these kinds, nothing says which or how
   * - `none`: the inputs agree; the machine differs (a flipped bit, another image, a bug)
   */
  readonly what: 'missing' | 'extra' | 'altered' | 'unknown' | 'none';
  /** The likeliest kind first; empty for `none`. */
  readonly kinds: readonly InputKind[];
}

/** What is known when a replay diverges. */
export interface Evidence {
  readonly machine: Machine;
  readonly point: LogPoint;
  /** Entries not consumed yet, that at which the divergence was noticed first. */
  readonly ahead: readonly LogEntry[];
  /**
   * Kinds of inputs since the last digest that agreed, the latest first; that of the entry at which
   * the divergence was noticed before all.
   */
  readonly since: readonly InputKind[];
  /** The machine stopped for a reading of this kind, which the log does not have here. */
  readonly asked?: InputKind;
  /** The machine sleeps, and the log goes on. */
  readonly halted?: boolean;
}

/** The likeliest cause that the evidence allows. */
export function likelyCause(evidence: Evidence): Cause {
  const { asked, ahead, since } = evidence;
  const counted = byTally(evidence);
  if (counted && counted.what !== 'none') return counted;
  if (asked) {
    const next = ahead.find((entry) => entry.kind === 'input');
    if (next?.input.kind === asked) {
      return { what: 'altered', kinds: [...new Set([asked, ...since])] };
    }
    if (!counted || since.length === 0) return { what: 'missing', kinds: [asked] };
  }
  if (counted) return since.length > 0 ? { what: 'altered', kinds: since } : counted;
  if (evidence.halted) return { what: 'missing', kinds: wakers(evidence.machine) };
  return since.length > 0 ? { what: 'unknown', kinds: since } : { what: 'none', kinds: [] };
}

/** Compares the inputs in hand with what the next digest counts; undefined without a digest. */
function byTally({ point, ahead }: Evidence): Cause | undefined {
  const inputs = [...point.inputs];
  for (const entry of ahead) {
    if (entry.kind === 'input') inputs[INPUT_KINDS.indexOf(entry.input.kind)]!++;
    if (entry.kind !== 'digest') continue;
    const missing = INPUT_KINDS.filter((_, index) => inputs[index]! < entry.inputs[index]!);
    if (missing.length > 0) return { what: 'missing', kinds: missing };
    const extra = INPUT_KINDS.filter((_, index) => inputs[index]! > entry.inputs[index]!);
    return extra.length > 0 ? { what: 'extra', kinds: extra } : { what: 'none', kinds: [] };
  }
  return undefined;
}

/** What could wake a halted machine. */
function wakers(machine: Machine): InputKind[] {
  const kinds: InputKind[] = [];
  if (machine.timers().length > 0) kinds.push('tick');
  if (machine.pendingIo().length > 0) kinds.push('disk');
  if (machine.accepts('packet')) kinds.push('packet');
  if (machine.accepts('console')) kinds.push('console');
  return kinds;
}

/** One sentence for people. */
export function describeCause({ what, kinds }: Cause): string {
  const names = kinds.join(' or ');
  switch (what) {
    case 'missing':
      return `an input is missing from the log: ${names}`;
    case 'extra':
      return `the log has an input too many: ${names}`;
    case 'altered':
      return `an input since the last digest that agreed was altered: ${names}`;
    case 'unknown':
      return `an input since the last digest that agreed is missing or altered, perhaps ${names}`;
    case 'none':
      return 'no input explains it: image, engine or memory of the two machines differ';
  }
}

/**
 * Log entries: what a recorder writes down and a replayer follows (protocol.md §1). An entry is
 * (sequence number, instruction count, kind, data); several may share a count and apply in the
 * order of their sequence numbers.
 */
import type { Digest } from '../base/digest.ts';
import type { Need, Reading } from '../cpu/bus.ts';
import type { Input } from '../machine/input.ts';
import type { Output } from '../machine/output.ts';
import type { Stop } from '../machine/types.ts';

/** Control operations travel in the log but are not machine inputs (contracts.md 10). */
export type Control = { readonly op: 'power-off' };

export type LogEntry = {
  /** Counts up from 0 without gaps over the life of a machine, failovers included. */
  readonly seq: number;
  readonly count: number;
} & (
  | { readonly kind: 'input'; readonly input: Input }
  /**
   * Covers every output up to this count. `last` is the ordinal (from 0) of the latest of them,
   * `hash` a 64-bit hash chained over all outputs of the machine's life.
   */
  | { readonly kind: 'output'; readonly last: number; readonly hash: bigint }
  /** The machine's digest at this count, after the entries before it have been applied. */
  | { readonly kind: 'digest'; readonly digest: Digest }
  | { readonly kind: 'control'; readonly op: Control }
);

/** Where readings come from while recording. Never called in replay. */
export interface Sources {
  read(need: Need, count: number): Reading;
}

/** What one stretch of execution brought. */
export interface Slice {
  /** In order. A slice with outputs has exactly one `output` entry; it comes after all it covers. */
  readonly entries: readonly LogEntry[];
  /** All outputs of the slice; the ordinal of the last is `last` of its output entry. */
  readonly outputs: readonly Output[];
  readonly stop: Stop;
  /** The count reached. */
  readonly count: number;
  /** The earliest timer deadline in guest time, if any timer runs. */
  readonly deadlineNs?: number;
}

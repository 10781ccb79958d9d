/**
 * Log entries: what a recorder writes down and a replayer follows (protocol.md §1). An entry is
 * (sequence number, instruction count, kind, data); several may share a count and apply in the
 * order of their sequence numbers.
 */
import type { Digest } from '../base/digest.ts';
import type { Need, Reading } from '../cpu/bus.ts';
import type { Input, InputKind } from '../machine/input.ts';
import type { Output } from '../machine/output.ts';
import type { Stop } from '../machine/types.ts';
import type { Checkpoint } from './log-point.ts';

/**
 * Every kind of input, in the order in which a {@link Tally} counts them. Part of the log format.
 */
export const INPUT_KINDS: readonly InputKind[] = [
  'tick',
  'packet',
  'console',
  'disk',
  'tsc',
  'timeNs',
  'timeOfDay',
  'entropy',
];

/** How many inputs of each of {@link INPUT_KINDS} a machine has been given in its life. */
export type Tally = readonly number[];

/** Control operations travel in the log but are not machine inputs (contracts.md 10). */
export type Control =
  | { readonly op: 'power-off' | 'switch-over' }
  /** The guest may use so many percent of the CPU, 1 to 100. */
  | { readonly op: 'throttle'; readonly percent: number }
  /** The machine as it is at this entry is kept under a name of at most 64 characters. */
  | { readonly op: 'snapshot'; readonly name: string };

/** What a snapshot has kept. */
export interface KeptSnapshot {
  readonly name: string;
  readonly checkpoint: Checkpoint;
}

/** One entry of the log, at a point of the execution. */
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
  /**
   * The machine's digest at this count, after the entries before it have been applied. `inputs`
   * counts what the recorder gave its machine, logged or not: a replayer that counts less names the
   * kind of input that the log has lost.
   */
  | { readonly kind: 'digest'; readonly digest: Digest; readonly inputs: Tally }
  /**
   * The guest ends here: running on from this count is a fault of `vector`. Only the output entry
   * for what the guest still let go, and a digest, come after it.
   */
  | { readonly kind: 'fault'; readonly vector: number }
  | { readonly kind: 'control'; readonly op: Control }
);

/** Where readings come from while recording. Never called in replay. */
export interface Sources {
  /**
   * The answer to `need`, of its kind and size. `timeNs` is on the clock of `Recorder.slice`'s
   * `nowNs`; the recorder shifts it, and `tsc`, so that neither runs backwards over a failover.
   */
  read(need: Need, count: number): Reading;
}

/** What one stretch of execution brought. */
export interface Slice {
  /**
   * In order; of a replayer, the entries that it consumed. A slice with outputs has exactly one
   * `output` entry; it comes after all it covers, and at most a digest comes after it.
   */
  readonly entries: readonly LogEntry[];
  /**
   * All outputs of the slice; the ordinal of the last is `last` of its output entry. Those of a
   * replayer are for comparison and for go-live: they have left the primary, or will.
   */
  readonly outputs: readonly Output[];
  /**
   * Of a replayer, `budget` also says that it has consumed every entry in hand; outputs still to
   * be marked after a fault come in a slice of their own.
   */
  readonly stop: Stop;
  /** The count reached. */
  readonly count: number;
  /** For each entry of a control operation `snapshot`: the machine just after it. */
  readonly kept?: readonly KeptSnapshot[];
  /** Of a recorder: the `nowNs` given to it, when the guest began to execute. */
  readonly startedNs?: number;
  /** The earliest timer deadline, on the clock of the `nowNs` given to the recorder's slice. */
  readonly deadlineNs?: number;
}

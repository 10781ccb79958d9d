/**
 * Where a recording stands after an entry: what recorder and replayer carry along besides the
 * machine. Both derive it from the entries alone, with {@link pointAfter}, so that whoever goes on
 * after a failover goes on alike.
 */
import type { Input, InputKind } from '../machine/input.ts';
import type { Machine, Snapshot } from '../machine/types.ts';
import { INPUT_KINDS, type LogEntry, type Tally } from './entry.ts';

/** Plain data; a fork or a checkpoint may share it. */
export interface LogPoint {
  /** Sequence number of the entry that comes next. */
  readonly seq: number;
  /** Outputs made so far: the ordinal of the next one. */
  readonly outputs: number;
  /** 64-bit hash chained over all of them; 0 when there are none. */
  readonly outputHash: bigint;
  /** Largest guest time that the guest has seen, in ns: timeNs readings and deadlines passed. */
  readonly shownNs: number;
  /** Largest time-stamp counter that the guest has seen. */
  readonly shownTsc: bigint;
  /** Count of the last digest entry. */
  readonly digestCount: number;
  /**
   * Count of the last reading, -1 before the first. While the machine is still there, the reading
   * waits for its instruction and nothing else may be applied.
   */
  readonly readingCount: number;
  /** Inputs given to the machine, by kind. */
  readonly inputs: Tally;
}

/**
 * A machine and its place in the log: what a file keeps to begin in the middle, and what a standby
 * is given. Plain data.
 */
export interface Checkpoint {
  readonly point: LogPoint;
  readonly machine: Snapshot;
}

/** The point before the first entry of a machine. */
export const START: LogPoint = Object.freeze({
  seq: 0,
  outputs: 0,
  outputHash: 0n,
  shownNs: 0,
  shownTsc: 0n,
  digestCount: 0,
  readingCount: -1,
  inputs: Object.freeze(INPUT_KINDS.map(() => 0)),
});

/** Whether inputs of this kind answer a need. */
export function isReading(kind: InputKind): boolean {
  return kind === 'tsc' || kind === 'timeNs' || kind === 'timeOfDay' || kind === 'entropy';
}

/** The point after `entry`; `machine` has not been given it yet. */
export function pointAfter(
  point: LogPoint,
  entry: LogEntry,
  machine: Pick<Machine, 'timers'>,
): LogPoint {
  const after = copyOf(point);
  after.seq = entry.seq + 1;
  switch (entry.kind) {
    case 'input': {
      const { input } = entry;
      const index = INPUT_KINDS.indexOf(input.kind);
      after.shownNs = Math.max(point.shownNs, shownBy(input, machine));
      if (input.kind === 'tsc' && input.value > point.shownTsc) after.shownTsc = input.value;
      if (isReading(input.kind)) after.readingCount = entry.count;
      after.inputs = point.inputs.with(index, point.inputs[index]! + 1);
      break;
    }
    case 'output':
      after.outputs = entry.last + 1;
      after.outputHash = entry.hash;
      break;
    case 'digest':
      after.digestCount = entry.count;
      break;
    case 'fault':
    case 'control':
  }
  return after;
}

/** A copy that may be changed. Each entry makes one: field by field takes a tenth of a spread. */
const copyOf = (point: LogPoint): { -readonly [K in keyof LogPoint]: LogPoint[K] } => ({
  seq: point.seq,
  outputs: point.outputs,
  outputHash: point.outputHash,
  shownNs: point.shownNs,
  shownTsc: point.shownTsc,
  digestCount: point.digestCount,
  readingCount: point.readingCount,
  inputs: point.inputs,
});

/** The guest time that an input gives away, in ns. */
function shownBy(input: Input, machine: Pick<Machine, 'timers'>): number {
  if (input.kind === 'timeNs') return Number(input.value);
  if (input.kind !== 'tick') return 0;
  return machine.timers().find((timer) => timer.timer === input.timer)?.deadlineNs ?? 0;
}

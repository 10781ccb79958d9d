/**
 * What can be told of a log without running it: whether its entries agree with each other. A log
 * that passes may still diverge; one that does not was not written by a recorder.
 */
import { describeEntry } from './divergence.ts';
import { INPUT_KINDS, type LogEntry } from './entry.ts';
import { isReading } from './log-point.ts';

/** The first contradiction, as a sentence; undefined where there is none. */
export function auditLog(entries: readonly LogEntry[]): string | undefined {
  const inputs = INPUT_KINDS.map(() => 0);
  let outputs = 0;
  let before: LogEntry | undefined;
  let faulted = false;
  for (const entry of entries) {
    const wrong = contradiction(entry, before, { inputs, outputs, faulted });
    if (wrong) return `${describeEntry(entry)}: ${wrong}`;
    if (entry.kind === 'input') inputs[INPUT_KINDS.indexOf(entry.input.kind)]!++;
    if (entry.kind === 'output') outputs = entry.last + 1;
    faulted ||= entry.kind === 'fault';
    before = entry;
  }
  return undefined;
}

interface SoFar {
  readonly inputs: readonly number[];
  readonly outputs: number;
  readonly faulted: boolean;
}

function contradiction(
  entry: LogEntry,
  before: LogEntry | undefined,
  { inputs, outputs, faulted }: SoFar,
): string | undefined {
  const seq = (before?.seq ?? -1) + 1;
  if (entry.seq !== seq) return `entry ${seq} is missing`;
  if (before && entry.count < before.count)
    return `its count is before that of entry ${before.seq}`;
  if (faulted && (entry.kind === 'input' || entry.kind === 'fault')) return 'it follows a fault';
  if (entry.kind === 'input' && before?.kind === 'input' && before.count === entry.count) {
    if (isReading(before.input.kind)) return 'it comes between a reading and its instruction';
  }
  if (entry.kind === 'output' && entry.last < outputs) return 'it marks no new output';
  if (entry.kind !== 'digest') return undefined;
  const wrong = INPUT_KINDS.findIndex((_, index) => entry.inputs[index] !== inputs[index]);
  if (wrong < 0) return undefined;
  const given = `${entry.inputs[wrong]} inputs of kind ${INPUT_KINDS[wrong]}`;
  return `the recorder gave ${given}, the log has ${inputs[wrong]}`;
}

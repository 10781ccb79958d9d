/**
 * Divergence: a replay that left the path of its recording (protocol.md §1). Its text reads
 * "expected X, got Y, at instruction N" in the manner of rr, and names the input that would explain
 * it.
 */
import type { Input } from '../machine/input.ts';
import type { Output } from '../machine/output.ts';
import { type Cause, describeCause } from './cause.ts';
import type { Control, LogEntry } from './entry.ts';

/** Where two executions part, and how it was noticed. */
export interface DivergenceDetails {
  /** The instruction count of the replaying machine. */
  readonly count: number;
  /** Sequence number of the entry at which it was noticed. */
  readonly seq: number;
  /** The first thing that differs: "digest", "output hash", "eax", "page 0x103 offset 0x24"… */
  readonly field: string;
  /** What the log says, and what the machine did. */
  readonly expected: string;
  readonly got: string;
  readonly cause: Cause;
  /** The last entries consumed, oldest first, and then the one at which it was noticed. */
  readonly recent: readonly LogEntry[];
}

export class Divergence extends Error {
  override readonly name = 'Divergence';
  readonly details: DivergenceDetails;

  constructor(details: DivergenceDetails) {
    const { count, seq, field, expected, got, cause, recent } = details;
    super(
      [
        `divergence at instruction ${count}, log entry ${seq}`,
        `  ${field}: expected ${expected}, got ${got}`,
        `  likely cause: ${describeCause(cause)}`,
        '  last entries:',
        ...recent.map((entry) => `    ${describeEntry(entry)}`),
      ].join('\n'),
    );
    this.details = details;
  }
}

/** An entry in one line: sequence number, count, kind and the gist of its data. */
export function describeEntry(entry: LogEntry): string {
  return `#${entry.seq} @${entry.count} ${describeBody(entry)}`;
}

function describeBody(entry: LogEntry): string {
  switch (entry.kind) {
    case 'input':
      return describeInput(entry.input);
    case 'output':
      return `output up to ${entry.last}, hash ${hex64(entry.hash)}`;
    case 'digest':
      return `digest ${entry.digest}`;
    case 'fault':
      return `guest fault ${entry.vector}`;
    case 'control':
      return `control ${describeControl(entry.op)}`;
  }
}

/** An input in a few words. */
export function describeInput(input: Input): string {
  switch (input.kind) {
    case 'tick':
      return `tick of timer ${input.timer}`;
    case 'packet':
    case 'console':
    case 'entropy':
      return `${input.kind}, ${input.bytes.length} bytes`;
    case 'disk':
      return `disk request ${input.id} ${input.ok ? 'done' : 'failed'}`;
    default:
      return `${input.kind} ${input.value}`;
  }
}

/** An output in a few words. */
export function describeOutput(output: Output): string {
  switch (output.kind) {
    case 'frame':
      return `frame of ${output.bytes.length} bytes`;
    case 'disk':
      return `disk ${output.request.op} ${output.request.id} of sector ${output.request.sector}`;
    case 'console':
      return `${output.bytes.length} console bytes at ${output.offset}`;
    case 'exit':
      return `exit with status ${output.status}`;
  }
}

/** Sixteen hexadecimal digits. */
export function hex64(value: bigint): string {
  return `0x${value.toString(16).padStart(16, '0')}`;
}

/** A control operation for people: "throttle to 50 %". */
export function describeControl(op: Control): string {
  switch (op.op) {
    case 'throttle':
      return `throttle to ${op.percent} %`;
    case 'snapshot':
      return `snapshot "${op.name}"`;
    default:
      return op.op;
  }
}

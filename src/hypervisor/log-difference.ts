/** Where two recordings differ first: configuration, image, entries, end, in this order. */
import { toHex } from '../base/digest.ts';
import type { MachineConfig } from '../machine/types.ts';
import { encodeEntries } from './codec.ts';
import { describeEntry } from './divergence.ts';
import type { LogEntry } from './entry.ts';
import type { LogEnd, LogFile } from './log-file.ts';

export interface LogDifference {
  /** "machine ramBytes", "image byte 0x40", "entry 17", "end". */
  readonly where: string;
  /** What stands there, for people. */
  readonly left: string;
  readonly right: string;
}

/** The first difference; undefined where both recordings replay alike. Settings do not count. */
export function diffLogs(left: LogFile, right: LogFile): LogDifference | undefined {
  return (
    diffConfigs(left.header.machine, right.header.machine) ??
    diffImages(left.header.image, right.header.image) ??
    diffEntries(left.entries, right.entries) ??
    diffTexts('end', describeEnd(left.end), describeEnd(right.end))
  );
}

function diffTexts(where: string, left: string, right: string): LogDifference | undefined {
  return left === right ? undefined : { where, left, right };
}

const CONFIG_FIELDS = [
  'ramBytes',
  'commandLine',
  'slots',
  'strict',
  'loadAddress',
  'entry',
] as const;

function diffConfigs(left: MachineConfig, right: MachineConfig): LogDifference | undefined {
  for (const field of CONFIG_FIELDS) {
    const text = (config: MachineConfig): string => JSON.stringify(config[field] ?? 'none');
    const found = diffTexts(`machine ${field}`, text(left), text(right));
    if (found) return found;
  }
  return undefined;
}

function diffImages(left: Uint8Array, right: Uint8Array): LogDifference | undefined {
  const length = Math.max(left.length, right.length);
  for (let i = 0; i < length; i++) {
    if (left[i] === right[i]) continue;
    const text = (byte: number | undefined): string =>
      byte === undefined ? 'no byte' : `0x${byte.toString(16)}`;
    return { where: `image byte 0x${i.toString(16)}`, left: text(left[i]), right: text(right[i]) };
  }
  return undefined;
}

function diffEntries(
  left: readonly LogEntry[],
  right: readonly LogEntry[],
): LogDifference | undefined {
  const length = Math.max(left.length, right.length);
  for (let i = 0; i < length; i++) {
    const a = left[i];
    const b = right[i];
    if (a && b && sameEntry(a, b)) continue;
    const text = (entry: LogEntry | undefined): string =>
      entry ? describeEntry(entry) : 'no entry';
    const same = text(a) === text(b);
    return {
      where: `entry ${i}`,
      left: same ? `${text(a)}: ${toHex(encodeEntries([a!]))}` : text(a),
      right: same ? `${text(b)}: ${toHex(encodeEntries([b!]))}` : text(b),
    };
  }
  return undefined;
}

function sameEntry(a: LogEntry, b: LogEntry): boolean {
  const left = encodeEntries([a]);
  const right = encodeEntries([b]);
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

function describeEnd(end: LogEnd | undefined): string {
  if (!end) return 'none';
  const why = end.reason === 'stopped' ? 'stopped' : `${end.reason} ${end.status}`;
  return `${why} at instruction ${end.count}, digest ${end.digest}`;
}

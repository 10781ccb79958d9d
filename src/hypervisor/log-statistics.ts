/** How many entries of each kind a log has, and what they cost. */
import type { InputKind } from '../machine/input.ts';
import { encodeMeasured } from './codec.ts';
import { INPUT_KINDS, type LogEntry } from './entry.ts';

/** An input is counted under its own kind. */
export type EntryKind = InputKind | Exclude<LogEntry['kind'], 'input'>;

/** Every kind of entry, in the order of a report. */
export const ENTRY_KINDS: readonly EntryKind[] = [
  ...INPUT_KINDS,
  'output',
  'digest',
  'fault',
  'control',
];

/** Entries of one kind. */
export interface KindStatistics {
  readonly kind: EntryKind;
  readonly entries: number;
  /** As the codec writes them. */
  readonly bytes: number;
  readonly averageBytes: number;
}

/** The kind under which an entry is listed, filtered and counted. */
export function kindOf(entry: LogEntry): EntryKind {
  return entry.kind === 'input' ? entry.input.kind : entry.kind;
}

/** Statistics of the kinds that occur, in the order of {@link ENTRY_KINDS}. */
export function logStatistics(entries: readonly LogEntry[]): KindStatistics[] {
  const totals = new Map<EntryKind, { entries: number; bytes: number }>();
  encodeMeasured(entries, (entry, bytes) => {
    const kind = kindOf(entry);
    const total = totals.get(kind) ?? { entries: 0, bytes: 0 };
    totals.set(kind, { entries: total.entries + 1, bytes: total.bytes + bytes });
  });
  return ENTRY_KINDS.flatMap((kind) => {
    const total = totals.get(kind);
    return total ? [{ kind, ...total, averageBytes: total.bytes / total.entries }] : [];
  });
}

/**
 * Reads by the backup itself [P §4.2]: under the setting `local` the log does not carry what a read
 * of the shared disk has brought; the backup reads the disk too. That saves the channel, and costs
 * the backup the time of its reads.
 *
 * A completion without its data is "bare": four bytes stand in their place, the CRC-32 of the data
 * (real data are whole sectors). The rules:
 * - a read that failed at the primary is in the log as it is; the backup does not read
 * - the backup reads when its guest has made the request and the bare completion is here: the
 *   primary's read has been carried out, so every write before it has been too
 * - a read that fails at the backup alone, or brings other bytes, is tried again; entries from the
 *   completion on wait for it
 * - the primary delays a write that overlaps a read which the backup has not executed. Once it goes
 *   on alone it does not; a backup that still reads has lost its generation, and asks in vain
 */
import { ByteReader, ByteWriter } from '../base/bytes.ts';
import { crc32 } from '../base/crc32.ts';
import type { LogEntry, Slice } from '../hypervisor/entry.ts';
import type { Input } from '../machine/input.ts';
import type { DiskRequest } from '../machine/output.ts';
import { tokenOf } from './ports.ts';
import type { Step } from './state.ts';

const BARE_BYTES = 4;

/** What primary and backup remember of reads. */
export interface LocalReads {
  /** Reads whose completion is in the log, and the entry of that: the backup has them to do. */
  undone: { readonly request: DiskRequest; readonly entry: number }[];
  /** At the backup: entries from the first bare completion on, not handed to the replayer. */
  waiting: LogEntry[];
  /** Reads that are out, and when to try again. */
  asked: { readonly id: number; readonly retryAtNs: number }[];
}

/** Nothing read yet. */
export const newLocalReads = (): LocalReads => ({ undone: [], waiting: [], asked: [] });

type Completion = Extract<Input, { kind: 'disk' }>;

/** The completion of a successful read in an entry; undefined for every other entry. */
function readIn(entry: LogEntry): (Completion & { readonly data: Uint8Array }) | undefined {
  if (entry.kind !== 'input' || entry.input.kind !== 'disk') return undefined;
  const { data } = entry.input;
  return data && { ...entry.input, data };
}

/** Entries as the channel carries them: under `local` reads are bare. */
export function withoutReads({ config }: Step, entries: readonly LogEntry[]): readonly LogEntry[] {
  if (config.reads === 'log') return entries;
  return entries.map((entry) => {
    const read = readIn(entry);
    if (!read) return entry;
    const data = new ByteWriter(BARE_BYTES).u32(crc32(read.data)).take();
    return { seq: entry.seq, count: entry.count, kind: 'input', input: { ...read, data } };
  });
}

/** At the primary, before the slice's completions end the life of their requests. */
export function noteReads({ config, s }: Step, slice: Slice): void {
  if (config.reads === 'log') return;
  for (const entry of slice.entries) {
    const id = readIn(entry)?.id;
    const done = s.outputs.released.find(
      ({ output }) => output.kind === 'disk' && output.request.id === id,
    );
    if (done?.output.kind !== 'disk') continue;
    s.reads.undone.push({ request: done.output.request, entry: entry.seq });
  }
}

/** Reads that the backup has still to do: a write that overlaps one waits. */
export function readsAhead({ config, s }: Step): DiskRequest[] {
  if (config.reads === 'log' || s.role !== 'primary') return [];
  s.reads.undone = s.reads.undone.filter(({ entry }) => entry >= s.window.executed);
  const carriedOut = s.outputs.released.flatMap(({ output, completed }) =>
    completed && output.kind === 'disk' && output.request.op === 'read' ? [output.request] : [],
  );
  return [...s.reads.undone.map(({ request }) => request), ...carriedOut];
}

/** Whether the backup has executed reads, of which a primary that delays a write wants to know. */
export function hasReads({ config }: Step, slice: Slice): boolean {
  return config.reads === 'local' && slice.entries.some((entry) => readIn(entry));
}

/** At the backup: hands entries to the replayer, or keeps them until what they lack is read. */
export function feed({ s, out }: Step, entries: readonly LogEntry[]): void {
  const all = [...s.reads.waiting, ...entries];
  const bare = all.findIndex(isBare);
  const ready = bare < 0 ? all.length : bare;
  s.reads.waiting = all.slice(ready);
  if (ready > 0) out.push({ kind: 'feed', entries: all.slice(0, ready) });
}

const isBare = (entry: LogEntry): boolean => readIn(entry)?.data.length === BARE_BYTES;

/** Asks the disk for what waiting entries lack, as far as the guest has made the requests. */
export function askReads(step: Step): void {
  const { config, s, out } = step;
  const { reads } = s;
  for (const entry of reads.waiting) {
    const read = isBare(entry) ? readIn(entry)! : undefined;
    const request = read && requestOf(step, read.id);
    if (!request) continue;
    const asked = reads.asked.find(({ id }) => id === request.id);
    if (asked && s.nowNs < asked.retryAtNs) continue;
    const retryAtNs = s.nowNs + config.timing.retryNs;
    reads.asked = reads.asked.filter(({ id }) => id !== request.id);
    reads.asked.push({ id: request.id, retryAtNs });
    // A fence of its own making must not shut out a winner that is still consuming.
    const token = tokenOf(s.generation, s.arbitration.stage === 'won');
    out.push({ kind: 'read', token, request });
  }
}

function requestOf({ s }: Step, id: number): DiskRequest | undefined {
  for (const { output } of s.outputs.held) {
    if (output.kind === 'disk' && output.request.id === id) return output.request;
  }
  return undefined;
}

/** The disk has answered. What failed, or is not what the primary read, is read again later. */
export function onRead(step: Step, { id, ok, data }: Completion): void {
  const { reads } = step.s;
  const at = reads.waiting.findIndex((entry) => isBare(entry) && readIn(entry)!.id === id);
  if (at < 0 || !ok || !data) return;
  const bare = reads.waiting[at]!;
  if (crc32(data) !== new ByteReader(readIn(bare)!.data).u32()) return;
  const { seq, count } = bare;
  const input: Completion = { kind: 'disk', id, ok, data };
  reads.waiting = reads.waiting.with(at, { seq, count, kind: 'input', input });
  reads.asked = reads.asked.filter((asked) => asked.id !== id);
  feed(step, []);
}

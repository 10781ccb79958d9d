/**
 * The primary's end of the logging channel [P §3.2]: a bounded window of entries that the backup
 * has not acknowledged. A full window stops the primary. Entries are sent at once when an output
 * waits for them, and batched otherwise.
 *
 * Invariants:
 * - batches go out in order, entries in order of their sequence numbers, each once
 * - acknowledged ≤ the number of entries sent; it never goes back
 */
import { encodeEntries } from '../hypervisor/codec.ts';
import type { LogEntry, Slice } from '../hypervisor/entry.ts';
import { send } from './channel.ts';
import { ageEntries, measureLag } from './lag.ts';
import { onSliced } from './live.ts';
import { noteReads, withoutReads } from './local-reads.ts';
import type { Message } from './messages.ts';
import { releasedUpTo } from './output-rule.ts';
import type { Step } from './state.ts';

/** Of a new round trip this part goes into the smoothed one, as in TCP (RFC 6298 §2). */
const TRIP_GAIN = 1 / 8;

/** No empty batch is added to more than these: the peer has failed, only the arbiter is silent. */
const MAX_UNACKNOWLEDGED_BATCHES = 4096;

/** Entries on their way to the backup. */
export interface SendWindow {
  unsent: LogEntry[];
  /** When `unsent` goes out at the latest. */
  flushAtNs: number;
  nextBatch: number;
  /**
   * Sent and not acknowledged: for each batch the bytes of its entries and the entries up to it.
   */
  underWay: { readonly batch: number; readonly bytes: number; readonly entries: number }[];
  /** Bytes of all of them. */
  bytesUnderWay: number;
  /** Entries of the machine's life that have been sent. */
  sent: number;
  /** Entries of the machine's life that the backup has in its buffer. */
  acknowledged: number;
  /** How far the backup has executed: entries and instructions. The difference is the lag. */
  executed: number;
  executedCount: number;
  /** The channel's round trip. Decides nothing. */
  trip: Trip;
}

/**
 * How long a batch and its acknowledgement take, the backup's work on them included: one batch is
 * timed at a time.
 */
export interface Trip {
  /** The batch that is timed, and when it was sent. */
  timed: { readonly batch: number; readonly sentNs: number } | undefined;
  /** Smoothed; 0 while none is known. */
  ns: number;
}

/** Nothing sent yet. */
export const newWindow = (): SendWindow => ({
  unsent: [],
  flushAtNs: 0,
  nextBatch: 0,
  underWay: [],
  bytesUnderWay: 0,
  sent: 0,
  acknowledged: 0,
  executed: 0,
  executedCount: 0,
  trip: { timed: undefined, ns: 0 },
});

/** Takes in a stretch of execution that a backup, or who will be one, must follow. */
export function onShippedSlice(step: Step, slice: Slice): void {
  noteReads(step, slice);
  onSliced(step, slice);
  enqueue(step, slice.entries);
  ageEntries(step, slice);
}

function enqueue({ config, s }: Step, entries: readonly LogEntry[]): void {
  if (entries.length === 0) return;
  if (s.window.unsent.length === 0) s.window.flushAtNs = s.nowNs + config.timing.flushNs;
  s.window.unsent.push(...entries);
}

/** Sends what is unsent as one batch; an empty one if there is nothing. */
export function flush(step: Step): void {
  const { window, outputs, generation, nowNs } = step.s;
  const empty = window.unsent.length === 0;
  if (empty && window.underWay.length >= MAX_UNACKNOWLEDGED_BATCHES) return;
  const entries = encodeEntries(withoutReads(step, window.unsent));
  const batch = window.nextBatch++;
  window.trip.timed ??= { batch, sentNs: nowNs };
  window.sent += window.unsent.length;
  window.underWay.push({ batch, bytes: entries.length, entries: window.sent });
  window.bytesUnderWay += entries.length;
  window.unsent = [];
  send(step, {
    kind: 'batch',
    generation,
    batch,
    releasedUpTo: releasedUpTo(outputs),
    entries,
  });
}

/**
 * Takes an acknowledgement. False if it speaks of a batch that was never sent, or of other entries
 * than that batch had: then the peer is not the backup of this primary.
 */
export function acknowledge(step: Step, ack: Message & { kind: 'ack' }): boolean {
  const { window } = step.s;
  if (ack.batch >= window.nextBatch || ack.executed > ack.received) return false;
  const at = window.underWay.findIndex(({ batch }) => batch === ack.batch);
  // A batch that has been acknowledged before: only what has been executed may be new.
  if (ack.received !== (window.underWay[at]?.entries ?? window.acknowledged)) return at < 0;
  for (const { bytes } of window.underWay.splice(0, at + 1)) window.bytesUnderWay -= bytes;
  window.acknowledged = ack.received;
  window.executed = Math.max(window.executed, ack.executed);
  window.executedCount = Math.max(window.executedCount, ack.count);
  measureLag(step, window.executed);
  measureTrip(window.trip, ack.batch, step.s.nowNs);
  return true;
}

function measureTrip(trip: Trip, batch: number, nowNs: number): void {
  if (!trip.timed || batch < trip.timed.batch) return;
  const ns = nowNs - trip.timed.sentNs;
  trip.ns += trip.ns === 0 ? ns : (ns - trip.ns) * TRIP_GAIN;
  trip.timed = undefined;
}

/** Whether the primary may run on; if not, it stops until the backup has acknowledged more. */
export function hasRoom({ config, s }: Step): boolean {
  const { unsent, bytesUnderWay } = s.window;
  return unsent.length < config.limits.bufferEntries && bytesUnderWay < config.limits.channelBytes;
}

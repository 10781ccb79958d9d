/**
 * The backup's end of the logging channel [P §3.2]: a bounded buffer of entries. Acknowledged means
 * received into this buffer, not executed; a full buffer acknowledges nothing, which in the end
 * stops the primary.
 *
 * Invariants:
 * - batches and entries are contiguous: nothing is acknowledged behind a gap
 * - executed ≤ received; nothing is received once the channel is closed (rule 7)
 */
import { decodeEntries, LogError } from '../hypervisor/codec.ts';
import type { LogEntry } from '../hypervisor/entry.ts';
import { refuse, send } from './channel.ts';
import { feed } from './local-reads.ts';
import { type Message, MessageError } from './messages.ts';
import { forgetReleased } from './output-rule.ts';
import type { Step } from './state.ts';

/** A batch whose bytes have been read. */
interface ReadBatch {
  readonly batch: number;
  readonly releasedUpTo: number;
  readonly entries: readonly LogEntry[];
}

/** The backup's buffer, and what waits for room in it. */
export interface Inbox {
  /** The next batch on the channel, and the next entry in it. */
  nextBatch: number;
  nextEntry: number;
  /** Entries of the machine's life in the buffer or consumed. */
  received: number;
  /** Entries of the machine's life that the replayer has consumed. */
  executed: number;
  /** Outputs with lower ordinals, disk requests aside, have arrived. */
  releasedUpTo: number;
  /** Batches that came while the buffer was full: not received, not acknowledged. */
  waiting: ReadBatch[];
}

/** An empty buffer at the beginning of the log. */
export const newInbox = (): Inbox => ({
  nextBatch: 0,
  nextEntry: 0,
  received: 0,
  executed: 0,
  releasedUpTo: 0,
  waiting: [],
});

/**
 * Takes a batch from the channel into the buffer, or leaves it waiting; one that has come before is
 * ignored. False for a gap and for bytes that are no entries: the channel cannot be used any more.
 */
export function onBatch(step: Step, message: Message & { kind: 'batch' }): boolean {
  try {
    readBatch(step, message);
    return true;
  } catch (error) {
    if (!(error instanceof MessageError || error instanceof LogError)) throw error;
    const why = error instanceof MessageError ? error.why : 'malformed';
    refuse(step, step.s.peer, why, error.message);
    return false;
  }
}

function readBatch(step: Step, message: Message & { kind: 'batch' }): void {
  const { inbox } = step.s;
  const { batch, releasedUpTo } = message;
  if (batch < inbox.nextBatch) {
    refuse(step, step.s.peer, 'repeated', `batch ${batch}, expected ${inbox.nextBatch}`);
    return;
  }
  if (batch > inbox.nextBatch) {
    throw new MessageError(`expected batch ${inbox.nextBatch}, got ${batch}`, 'gap');
  }
  const entries = decodeEntries(message.entries);
  for (const { seq } of entries) {
    if (seq !== inbox.nextEntry) {
      throw new MessageError(`expected entry ${inbox.nextEntry}, got ${seq}`, 'gap');
    }
    inbox.nextEntry++;
  }
  inbox.nextBatch++;
  inbox.waiting.push({ batch, releasedUpTo, entries });
  moveWaiting(step);
}

/**
 * Moves batches into the buffer while there is room, and acknowledges them. At a joining host they
 * wait for the machine that they belong to.
 */
export function moveWaiting(step: Step): void {
  const { inbox, role } = step.s;
  if (role === 'joining') return;
  while (inbox.waiting.length > 0) {
    if (inbox.received - inbox.executed >= step.config.limits.bufferEntries) return;
    accept(step, inbox.waiting.shift()!);
  }
}

function accept(step: Step, { batch, releasedUpTo, entries }: ReadBatch): void {
  const { s } = step;
  const { inbox } = s;
  inbox.received += entries.length;
  inbox.releasedUpTo = Math.max(inbox.releasedUpTo, releasedUpTo);
  forgetReleased(s.outputs, inbox.releasedUpTo);
  feed(step, entries);
  acknowledge(step, batch);
}

/** Tells the primary again how far the backup has come. */
export function reportProgress(step: Step): void {
  const { nextBatch, waiting } = step.s.inbox;
  if (step.s.channel === 'open') acknowledge(step, nextBatch - waiting.length - 1);
}

function acknowledge(step: Step, batch: number): void {
  const { inbox, generation, execution } = step.s;
  const { received, executed } = inbox;
  send(step, { kind: 'ack', generation, batch, received, executed, count: execution.count });
}

/**
 * The backup's end of the logging channel [P §3.2]: a bounded buffer of entries. Acknowledged means
 * received into this buffer, not executed; a full buffer acknowledges nothing, which in the end
 * stops the primary.
 *
 * Invariants:
 * - batches and entries are contiguous: nothing is acknowledged behind a gap
 * - executed ≤ received; nothing is received once the channel is closed (rule 7)
 */
import { decodeEntries } from '../hypervisor/codec.ts';
import type { LogEntry } from '../hypervisor/entry.ts';
import { send } from './channel.ts';
import { type Message, MessageError } from './messages.ts';
import { forgetReleased } from './output-rule.ts';
import type { Step } from './state.ts';

type Batch = Message & { kind: 'batch' };

export interface Inbox {
  nextBatch: number;
  /** Entries of the machine's life in the buffer or consumed. */
  received: number;
  /** Entries of the machine's life that the replayer has consumed. */
  executed: number;
  /** Outputs with lower ordinals, disk requests aside, have arrived. */
  releasedUpTo: number;
  /** Batches that came while the buffer was full: not received, not acknowledged. */
  waiting: Batch[];
}

/** Nothing received yet. */
export const newInbox = (): Inbox => ({
  nextBatch: 0,
  received: 0,
  executed: 0,
  releasedUpTo: 0,
  waiting: [],
});

/** Takes a batch from the channel, or leaves it waiting. @throws where `accept` does */
export function onBatch(step: Step, batch: Batch): void {
  step.s.inbox.waiting.push(batch);
  moveWaiting(step);
}

/** Moves batches into the buffer while there is room, and acknowledges them. */
export function moveWaiting(step: Step): void {
  const { config, s } = step;
  const { inbox } = s;
  while (inbox.waiting.length > 0) {
    if (inbox.received - inbox.executed >= config.limits.bufferEntries) return;
    accept(step, inbox.waiting.shift()!);
  }
}

/** @throws MessageError for a gap, LogError (hypervisor) for bytes that are not entries */
function accept(step: Step, batch: Batch): void {
  const { s, out } = step;
  const { inbox } = s;
  if (batch.batch < inbox.nextBatch) return;
  const entries = decodeEntries(batch.entries);
  checkContiguous(inbox, batch, entries);
  inbox.nextBatch++;
  inbox.received += entries.length;
  inbox.releasedUpTo = Math.max(inbox.releasedUpTo, batch.releasedUpTo);
  forgetReleased(s.outputs, inbox.releasedUpTo);
  if (entries.length > 0) out.push({ kind: 'feed', entries });
  const ack: Message = {
    kind: 'ack',
    generation: s.generation,
    batch: batch.batch,
    received: inbox.received,
    executed: inbox.executed,
    count: s.execution.count,
  };
  send(step, ack);
}

function checkContiguous(inbox: Inbox, batch: Batch, entries: readonly LogEntry[]): void {
  if (batch.batch !== inbox.nextBatch) {
    throw new MessageError(`expected batch ${inbox.nextBatch}, got ${batch.batch}`);
  }
  entries.forEach(({ seq }, index) => {
    const expected = inbox.received + index;
    if (seq !== expected) throw new MessageError(`expected entry ${expected}, got ${seq}`);
  });
}

/**
 * The Output Rule [P §2.2]: "the primary VM may not send an output to the external world, until the
 * backup VM has received and acknowledged the log entry associated with the operation producing the
 * output." Outputs wait here; the guest does not.
 *
 * An output is in one of two lists, in the order of ordinals: `held` (produced, not released) or
 * `released` (released, and not known to have arrived). A backup keeps in `held` what it produced
 * in replay and what the primary has not said to have arrived: the uncertain window. That is all
 * that a go-live has to send or issue again, disk requests without a logged completion included.
 *
 * Invariants:
 * - release(o) ⇒ entry(o) < acknowledged, or this replica is alone, or o is a disk read, or any
 *   request to a disk of the host's own (own-disks.ts)
 * - a disk read is not held, and never passes a held or running write that it overlaps
 * - releasedUpTo = the lowest ordinal, disk requests aside, whose arrival is not confirmed (rule 5)
 */
import type { LogEntry, Slice } from '../hypervisor/entry.ts';
import type { DiskRequest, Output } from '../machine/output.ts';
import { ETHERTYPE_IPV4, parseEthernet } from '../net/ethernet.ts';
import { PROTOCOL_UDP, parseIpv4 } from '../net/ipv4.ts';
import type { ReplicaConfig, UncertainPolicy } from './config.ts';
import { mustWait } from './disk-order.ts';
import { readsAhead } from './local-reads.ts';
import type { Rules } from './ports.ts';
import type { Step } from './state.ts';

/** An output that is held, or released and not confirmed. */
export interface PendingOutput {
  readonly ordinal: number;
  readonly output: Output;
  /** Sequence number of the log entry that covers it. */
  readonly entry: number;
  /** A disk request that has been carried out; its completion is not in the log yet. */
  completed?: boolean;
}

/** The outputs of a replica, oldest first. */
export interface OutputQueue {
  /** Ordinal of the guest's next output. */
  next: number;
  held: PendingOutput[];
  /** Disks are the host's own: what goes there does not leave the machine. */
  readonly ownDisks: boolean;
  /** How many of `held` need no acknowledgement: disk reads, and requests to own disks. */
  heldFree: number;
  released: PendingOutput[];
}

/** A disk request of which a completion is in the log. */
export interface Completed {
  readonly ordinal: number;
  readonly request: DiskRequest;
  readonly ok: boolean;
}

/** No output yet; or of a new backup, the outputs so far and those that have not arrived. */
export function newOutputs(
  { disks }: Pick<ReplicaConfig, 'disks'>,
  next = 0,
  pending: readonly PendingOutput[] = [],
): OutputQueue {
  const queue = { next, held: [], released: [], ownDisks: disks === 'own', heldFree: 0 };
  keepHeld(queue, [...pending]);
  return queue;
}

/**
 * Takes in what a stretch of execution produced, and the completions that it consumed, which are
 * returned.
 */
export function produce(queue: OutputQueue, slice: Slice): Completed[] {
  const marker = slice.entries.find((entry) => entry.kind === 'output');
  for (const output of slice.outputs) {
    const pending = { ordinal: queue.next++, output, entry: marker?.seq ?? -1 };
    queue.held.push(pending);
    if (isFree(queue, pending)) queue.heldFree++;
  }
  return slice.entries.flatMap((entry) => retire(queue, entry) ?? []);
}

/** A completion in the log ends the life of its request. */
function retire(queue: OutputQueue, entry: LogEntry): Completed | undefined {
  if (entry.kind !== 'input' || entry.input.kind !== 'disk') return undefined;
  const { id, ok } = entry.input;
  const isIt = (pending: PendingOutput): boolean => diskRequest(pending)?.id === id;
  const done = queue.held.find(isIt) ?? queue.released.find(isIt);
  if (!done) return undefined;
  keepHeld(
    queue,
    queue.held.filter((pending) => pending !== done),
  );
  queue.released = queue.released.filter((pending) => pending !== done);
  return { ordinal: done.ordinal, request: diskRequest(done)!, ok };
}

function keepHeld(queue: OutputQueue, held: PendingOutput[]): void {
  queue.held = held;
  queue.heldFree = held.filter((pending) => isFree(queue, pending)).length;
}

const diskRequest = ({ output }: PendingOutput): DiskRequest | undefined =>
  output.kind === 'disk' ? output.request : undefined;

/** Whether an output need not wait for an acknowledgement. */
function isFree({ ownDisks }: OutputQueue, pending: PendingOutput): boolean {
  const request = diskRequest(pending);
  return request !== undefined && (ownDisks || request.op === 'read');
}

/**
 * Releases what may leave. `acknowledged` entries of the machine's life are in the backup's buffer;
 * Infinity for a replica that has won its generation.
 */
export function release(step: Step, acknowledged: number): void {
  const { s, config, out } = step;
  const { outputs, token } = s;
  const oldest = outputs.held[0];
  // An isolated primary may hold a great many: mostly there is nothing to do, and that is cheap.
  if (!oldest || (oldest.entry >= acknowledged && outputs.heldFree === 0)) return;
  /** Disk requests that run, that the backup has still to do, or wait before the output at hand. */
  const running = outputs.released.flatMap((o) => (o.completed ? [] : (diskRequest(o) ?? [])));
  const ahead = [...running, ...readsAhead(step)];
  const held: PendingOutput[] = [];
  for (const pending of outputs.held) {
    const free = pending.entry < acknowledged || isFree(outputs, pending);
    const leaves = free && !isBlocked(pending, ahead, config.rules);
    const request = diskRequest(pending);
    if (request) ahead.push(request);
    if (!leaves) {
      held.push(pending);
      continue;
    }
    const { ordinal, output } = pending;
    out.push({ kind: 'release', token, ordinal, output });
    if (request || config.rules.confirmReleases) outputs.released.push(pending);
  }
  keepHeld(outputs, held);
}

function isBlocked(
  pending: PendingOutput,
  ahead: readonly DiskRequest[],
  rules: Pick<Rules, 'oneAtATime'>,
): boolean {
  const request = diskRequest(pending);
  return request !== undefined && ahead.some((earlier) => mustWait(earlier, request, rules));
}

/** A receiver has confirmed an output. */
export function confirm(queue: OutputQueue, ordinal: number): void {
  const at = queue.released.findIndex((pending) => pending.ordinal === ordinal);
  if (at >= 0 && !diskRequest(queue.released[at]!)) queue.released.splice(at, 1);
}

/**
 * The disk has carried out request `id`. False if no request of that id is running here: then the
 * completion is a repetition and must not reach the guest.
 */
export function complete(queue: OutputQueue, id: number): boolean {
  const pending = queue.released.find((o) => diskRequest(o)?.id === id);
  if (!pending || pending.completed) return false;
  pending.completed = true;
  return true;
}

/** What a primary tells its backup; see the invariant above. */
export function releasedUpTo(queue: OutputQueue): number {
  let least = queue.next;
  for (const list of [queue.released, queue.held]) {
    const first = list.find((pending) => !diskRequest(pending));
    if (first && first.ordinal < least) least = first.ordinal;
  }
  return least;
}

/** A backup forgets what has arrived; disk requests stay until their completion is consumed. */
export function forgetReleased(queue: OutputQueue, releasedUpTo: number): void {
  if (queue.held.length === 0) return;
  const kept = queue.held.filter((o) => o.ordinal >= releasedUpTo || diskRequest(o));
  keepHeld(queue, kept);
}

/** Takes the disk requests that are held out of the queue. */
export function takeRequests(queue: OutputQueue): Pick<Completed, 'ordinal' | 'request'>[] {
  const requests = queue.held.flatMap((pending) => {
    const request = diskRequest(pending);
    return request ? [{ ordinal: pending.ordinal, request }] : [];
  });
  const others = queue.held.filter((pending) => !diskRequest(pending));
  keepHeld(queue, others);
  return requests;
}

/**
 * What a go-live leaves out of the uncertain window: frames that the policy drops, as a network
 * may. Everything else goes again.
 */
export function dropUncertain(queue: OutputQueue, policy: UncertainPolicy): void {
  const drops = (frame: Uint8Array): boolean =>
    policy === 'drop' || (policy === 'resend-tcp-drop-udp' && isUdp(frame));
  const kept = queue.held.filter(({ output }) => output.kind !== 'frame' || !drops(output.bytes));
  keepHeld(queue, kept);
}

/** Whether a frame carries UDP, whose receivers take a repetition for another datagram. */
function isUdp(bytes: Uint8Array): boolean {
  const frame = parseEthernet(bytes);
  if (frame?.etherType !== ETHERTYPE_IPV4) return false;
  return parseIpv4(frame.payload)?.protocol === PROTOCOL_UDP;
}

/** Nothing of this machine is on its way out any more. */
export function allArrived(queue: OutputQueue): boolean {
  return queue.held.length === 0 && queue.released.every((pending) => pending.completed);
}

/**
 * Own disks [P §4.1]: under the setting `own` each host has disks of its own, which are part of the
 * machine's state. So a write of the guest is no output: it waits for no acknowledgement, and no
 * fence keeps a loser's late writes out, for they go to his own disks. For that the backup has to
 * write too, re-protection copies the disks as it copies memory (reprotect.ts), and the arbiter
 * must be a third party: there is no storage that both hosts share.
 *
 * The backup carries out a write or flush when its completion is in the log, so that a request that
 * failed at the primary is not carried out here either, and overlapping writes come in the order of
 * the primary's disk. It has done so with all of them before it goes live, and before it leaves
 * after a clean end: its disks are then as its machine has written them.
 *
 * Invariants:
 * - a request is out at most once; one that failed here alone is tried again
 * - requests that overlap run one after the other; a flush waits for everything before it
 */
import { mustWait } from './disk-order.ts';
import { type Completed, takeRequests } from './output-rule.ts';
import type { Step } from './state.ts';

/** A request that the primary's disk has carried out and the backup's has not. */
export interface MirrorRequest extends Completed {
  /** When to ask the disk; undefined while it has the request. */
  askAtNs: number | undefined;
}

/** At a backup: requests of which the slice that it executed had the completions. */
export function mirror({ config, s }: Step, completed: readonly Completed[]): void {
  if (config.disks === 'shared') return;
  for (const done of completed) {
    if (done.ok && done.request.op !== 'read') s.mirror.push({ ...done, askAtNs: s.nowNs });
  }
}

/**
 * At a backup that leaves after a clean end: the requests that the machine had under way then. The
 * primary waited for them too, but nobody was left to log that they were done.
 */
export function mirrorRest({ s }: Step): void {
  for (const { ordinal, request } of takeRequests(s.outputs)) {
    if (request.op !== 'read') s.mirror.push({ ordinal, request, ok: true, askAtNs: s.nowNs });
  }
}

/** Asks the disk for what it may do now. */
export function askMirror({ config, s, out }: Step): void {
  for (const [index, entry] of s.mirror.entries()) {
    const { ordinal, request, askAtNs } = entry;
    if (askAtNs === undefined || s.nowNs < askAtNs) continue;
    const isAhead = (earlier: MirrorRequest): boolean =>
      request.op === 'flush' || mustWait(earlier.request, request, config.rules);
    if (s.mirror.slice(0, index).some(isAhead)) continue;
    entry.askAtNs = undefined;
    out.push({ kind: 'mirror', ordinal, request });
  }
}

/** The disk has answered. */
export function onMirrored({ config, s }: Step, ordinal: number, ok: boolean): void {
  const at = s.mirror.findIndex((entry) => entry.ordinal === ordinal);
  if (at < 0) return;
  if (ok) s.mirror.splice(at, 1);
  else s.mirror[at]!.askAtNs = s.nowNs + config.timing.retryNs;
}

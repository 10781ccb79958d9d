/**
 * Control operations [P §3.3]: what people ask of the machine, not of its guest. They are given to
 * the primary, or to whoever is alone, and travel as entries of the log, so that the backup does
 * the same at the same point:
 *
 *   power-off    both stop; nobody goes live
 *   switch-over  the primary stops and the backup takes its place, with nothing to detect
 *   throttle     the guest may use so many percent of the CPU. A share is kept by rests: after a
 *                stretch of n ns at p percent the guest rests for n × (100 − p) / p ns. A backup
 *                notes it and rests once it is live: in replay it must be able to catch up
 *   snapshot     the machine as it is at the entry is kept, on both hosts the same (Slice.kept)
 *
 * The first two are ends and held like outputs (primary.ts, rule 19). A snapshot is told of when
 * its entry is acknowledged: nobody hears of a state that a failover could undo.
 */
import type { Control, LogEntry, Slice } from '../hypervisor/entry.ts';
import type { Event } from './ports.ts';
import type { Step } from './state.ts';

/** The events by which people operate a machine. */
export type OperationEvent = Event & {
  kind: 'power-off' | 'switch-over' | 'throttle' | 'snapshot';
};

/** At whoever runs the guest: has the operation logged. An ended machine takes none. */
export function operate({ s, out }: Step, event: OperationEvent): void {
  if (!s.execution.ended) out.push({ kind: 'control', op: operationOf(event) });
}

function operationOf(event: OperationEvent): Control {
  switch (event.kind) {
    case 'throttle':
      return { op: 'throttle', percent: event.percent };
    case 'snapshot':
      return { op: 'snapshot', name: event.name };
    default:
      return { op: event.kind };
  }
}

/** An operation has been logged, or replayed. */
export function obey({ s }: Step, { seq, op }: LogEntry & { kind: 'control' }): void {
  switch (op.op) {
    case 'throttle':
      s.execution.percent = op.percent;
      break;
    case 'snapshot':
      if (s.role !== 'backup') s.snapshots.push({ name: op.name, entry: seq });
      break;
    default:
      s.execution.ended = op.op;
  }
}

/** After a stretch that was recorded: the guest rests if it must not have the whole CPU. */
export function rest({ s }: Step, { startedNs }: Slice): void {
  const percent = Math.min(s.execution.percent, s.lag.share);
  if (startedNs === undefined || percent === 100) return;
  const ranNs = s.nowNs - startedNs;
  s.execution.restUntilNs = s.nowNs + Math.ceil((ranNs * (100 - percent)) / percent);
}

/** Whether the guest must rest now. */
export function rests({ s }: Step): boolean {
  return s.nowNs < s.execution.restUntilNs;
}

/** Tells of the snapshots whose entries are below `acknowledged`. */
export function tellSnapshots({ s, out }: Step, acknowledged: number): void {
  if (s.snapshots.length === 0) return;
  for (const { name, entry } of s.snapshots) {
    if (entry < acknowledged) out.push({ kind: 'snapshot-kept', name });
  }
  s.snapshots = s.snapshots.filter(({ entry }) => entry >= acknowledged);
}

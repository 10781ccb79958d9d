/**
 * The order of disk requests (protocol.md §5): requests that overlap and of which one writes run
 * one after the other, in the order in which the guest made them, on whichever replica issues them;
 * the rest may run in parallel.
 */
import type { DiskRequest } from '../machine/output.ts';
import type { Rules } from './ports.ts';

/** Whether the later of two requests must wait for the earlier one. */
export function mustWait(
  earlier: DiskRequest,
  later: DiskRequest,
  { oneAtATime }: Pick<Rules, 'oneAtATime'>,
): boolean {
  if (!oneAtATime) return false;
  if (earlier.disk !== later.disk) return false;
  if (earlier.op !== 'write' && later.op !== 'write') return false;
  return (
    earlier.sector < later.sector + later.sectors && later.sector < earlier.sector + earlier.sectors
  );
}

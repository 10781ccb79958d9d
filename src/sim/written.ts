/**
 * What a machine has written to disks that are its own, as its log tells: for the checkers, which
 * hold the disks of the host against it. Values never change, so that histories share them.
 */
import type { Slice } from '../hypervisor/entry.ts';
import type { DiskRequest } from '../machine/output.ts';
import { sectorsOf } from './sectors.ts';

/** Writes of a machine up to some point of its log. */
export interface Written {
  /** Those without a completion. */
  readonly underWay: readonly DiskRequest[];
  /** By "disk:sector", what the last write that succeeded has left there. */
  readonly sectors: Readonly<Record<string, Uint8Array>>;
}

/** A machine that has written nothing. */
export const NOTHING_WRITTEN: Written = { underWay: [], sectors: {} };

/** The same after another stretch of execution. */
export function writtenAfter(before: Written, { outputs, entries }: Slice): Written {
  let { underWay, sectors } = before;
  for (const output of outputs) {
    if (output.kind !== 'disk' || output.request.op !== 'write') continue;
    underWay = [...underWay, output.request];
  }
  for (const entry of entries) {
    if (entry.kind !== 'input' || entry.input.kind !== 'disk') continue;
    const { id, ok } = entry.input;
    const done = underWay.find((request) => request.id === id);
    if (!done) continue;
    underWay = underWay.filter((request) => request !== done);
    if (ok) sectors = { ...sectors, ...sectorsOf(done) };
  }
  return { underWay, sectors };
}

/**
 * Messages that replicas have not taken, kept in a world where a scenario
 * has them reported, or says which it expects.
 */
import type { Effect, HostId, MessageRefusal } from '../ft/ports.ts';
import type { SimHost } from './host.ts';

/** One of them. */
export interface RefusalRecord {
  readonly host: HostId;
  readonly from: HostId;
  readonly why: MessageRefusal;
  readonly reason: string;
  readonly atNs: number;
}

/** Performs the effect `refuse`. */
export function noteRefusal({ world, id }: SimHost, effect: Effect & { kind: 'refuse' }): void {
  const { from, why, reason } = effect;
  world.trace(id, `refuses (${why}) ${from}: ${reason}`);
  const { nowNs, refusals } = world.state;
  const { report, expect } = world.scenario;
  if (report.includes('refusals') || expect.refused)
    refusals.push({ host: id, from, why, reason, atNs: nowNs });
}

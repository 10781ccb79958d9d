/**
 * A standby: an empty host that says by heartbeat that it is there; it claims nothing and emits
 * nothing (protocol.md §4 rule 15).
 */
import { beat } from './heartbeat.ts';
import type { Step } from './state.ts';

/** The first event of a standby's life. */
export function startStandby(step: Step): void {
  step.s.channel = 'closed';
}

/** What follows from time, after every event. */
export function advanceStandby(step: Step): void {
  beat(step);
}

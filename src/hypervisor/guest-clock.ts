/**
 * Guest time on the clock of whichever host records now. Guest time begins at 0, goes on after a
 * failover from the largest time that the log has shown, and never runs backwards, whatever the
 * hosts' clocks say; the time between the crash and the go-live has not passed for the guest.
 * Nanoseconds are integers below 2^53 (104 days).
 */
import type { Reading } from '../cpu/bus.ts';
import type { Timer } from '../machine/types.ts';
import type { LogPoint } from './log-point.ts';

/**
 * A machine that stood still while the host's clock ran (a suspended process) is given at most this
 * much of missed ticks, in ns; the rest of the pause has not passed for the guest.
 */
export const MAX_TICK_DEBT_NS = 1_000_000_000;

/** Plain data; belongs to one host and is never sent. */
export interface ClockShift {
  /** Guest time minus host time in ns; undefined before the first slice on this host. */
  readonly ns: number | undefined;
  readonly tsc: bigint;
}

/** The sources as they are, for a guest that has not moved. */
export const NO_SHIFT: ClockShift = Object.freeze({ ns: undefined, tsc: 0n });

/** The earliest of the timers' deadlines, in guest time; undefined when none runs. */
export function earliestNs(timers: readonly Timer[]): number | undefined {
  let earliest: number | undefined;
  for (const { deadlineNs } of timers) {
    if (earliest === undefined || deadlineNs < earliest) earliest = deadlineNs;
  }
  return earliest;
}

/** The shift with which a slice begins at host time `nowNs`. */
export function shiftAt(
  shift: ClockShift,
  nowNs: number,
  point: LogPoint,
  timers: readonly Timer[],
): ClockShift {
  const now = Math.floor(nowNs);
  let guestNs = shift.ns === undefined ? point.shownNs : now + shift.ns;
  const due = earliestNs(timers);
  if (due !== undefined) guestNs = Math.min(guestNs, due + MAX_TICK_DEBT_NS);
  return { ns: Math.max(guestNs, point.shownNs) - now, tsc: shift.tsc };
}

/**
 * A reading as the guest may see it: `timeNs` and `tsc` shifted to guest time and held at the
 * largest value shown. The shift grows where the host's counter has fallen behind.
 */
export function shiftReading(
  shift: ClockShift,
  reading: Reading,
  point: LogPoint,
): { reading: Reading; shift: ClockShift } {
  if (reading.kind === 'timeNs') {
    const shifted = reading.value + BigInt(shift.ns ?? 0);
    const floor = BigInt(point.shownNs);
    return { reading: { kind: 'timeNs', value: shifted > floor ? shifted : floor }, shift };
  }
  if (reading.kind === 'tsc') {
    const shifted = reading.value + shift.tsc;
    if (shifted >= point.shownTsc) return { reading: { kind: 'tsc', value: shifted }, shift };
    return {
      reading: { kind: 'tsc', value: point.shownTsc },
      shift: { ns: shift.ns, tsc: point.shownTsc - reading.value },
    };
  }
  return { reading, shift };
}

/** Guest time on any host's clock: from 0, never backwards, and without a flood of missed ticks. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ClockShift,
  MAX_TICK_DEBT_NS,
  NO_SHIFT,
  shiftAt,
  shiftReading,
} from '../../src/hypervisor/guest-clock.ts';
import { type LogPoint, START } from '../../src/hypervisor/log-point.ts';

const at = (shownNs: number, shownTsc = 0n): LogPoint => ({ ...START, shownNs, shownTsc });
const timer = (deadlineNs: number) => [{ timer: 0, deadlineNs }];
const guestNs = (shift: ClockShift, nowNs: number): number => nowNs + shift.ns!;

describe('guest time', () => {
  it('begins at 0, whatever the host’s clock says', () => {
    expect(guestNs(shiftAt(NO_SHIFT, 123_456, START, []), 123_456)).toBe(0);
  });

  it('follows the host’s clock', () => {
    const shift = shiftAt(NO_SHIFT, 1000, START, []);
    expect(guestNs(shiftAt(shift, 5000, START, []), 5000)).toBe(4000);
  });

  it('goes on at another host from the largest time that the log has shown', () => {
    expect(guestNs(shiftAt(NO_SHIFT, 7, at(9_000), []), 7)).toBe(9_000);
    expect(guestNs(shiftAt(NO_SHIFT, 1e12, at(9_000), []), 1e12)).toBe(9_000);
  });

  it('stands still while the host’s clock runs backwards', () => {
    const shift = shiftAt(NO_SHIFT, 1000, START, []);
    const later = shiftAt(shift, 400, at(700), []);
    expect(guestNs(later, 400)).toBe(700);
    expect(guestNs(shiftAt(later, 500, at(700), []), 500)).toBe(800);
  });

  it('owes a timer at most a second of ticks after a pause of the host', () => {
    const shift = shiftAt(NO_SHIFT, 0, START, []);
    const hour = 3_600e9;
    const resumed = shiftAt(shift, hour, at(0), timer(5000));
    expect(guestNs(resumed, hour)).toBe(5000 + MAX_TICK_DEBT_NS);
    expect(guestNs(shiftAt(resumed, hour + 10, at(0), timer(5000)), hour + 10)).toBe(
      5000 + MAX_TICK_DEBT_NS,
    );
    expect(guestNs(shiftAt(shift, hour, at(0), []), hour)).toBe(hour);
  });
});

describe('readings', () => {
  it('of timeNs and tsc never run backwards, over any clocks of any hosts', () => {
    const host = fc.array(fc.tuple(fc.nat(), fc.boolean()), { maxLength: 20 });
    fc.assert(
      fc.property(fc.array(host, { maxLength: 5 }), (hosts) => {
        let point = START;
        for (const readings of hosts) {
          let shift = NO_SHIFT;
          for (const [now, isTsc] of readings) {
            shift = shiftAt(shift, now, point, []);
            const answer = { kind: isTsc ? 'tsc' : 'timeNs', value: BigInt(now) } as const;
            const shifted = shiftReading(shift, answer, point);
            shift = shifted.shift;
            if (!('value' in shifted.reading)) throw new Error('a value expected');
            const { value } = shifted.reading;
            expect(value).toBeGreaterThanOrEqual(isTsc ? point.shownTsc : BigInt(point.shownNs));
            point = isTsc ? { ...point, shownTsc: value } : { ...point, shownNs: Number(value) };
          }
        }
      }),
    );
  });

  it('of the time of day and of entropy pass as they are', () => {
    const day = { kind: 'timeOfDay', value: 5n } as const;
    expect(shiftReading({ ns: 9, tsc: 9n }, day, at(100, 100n)).reading).toBe(day);
  });
});

/** The clock of the MC146818: reading, latching, and registers that keep what is written. */
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { calendarTime, Rtc } from '../../../src/machine/devices/rtc.ts';
import { runs } from '../../support/runs.ts';

const NS = 1_000_000_000n;

const ns = (text: string): bigint => BigInt(Date.parse(text)) * 1_000_000n;

class Bench {
  now = ns('2024-02-29T23:58:59Z');
  readings = 0;
  readonly rtc = new Rtc({
    value: () => {
      this.readings++;
      return this.now;
    },
    entropy: () => new Uint8Array(0),
  });

  read(index: number): number {
    this.rtc.write(0, 1, index);
    const asked = this.rtc.need(1, 1) !== undefined;
    const before = this.readings;
    const value = this.rtc.read(1);
    expect(this.readings > before).toBe(asked);
    return value;
  }

  write(index: number, value: number): void {
    this.rtc.write(0, 1, index);
    expect(this.rtc.need(1, 1, value)).toBeUndefined();
    this.rtc.write(1, 1, value);
  }
}

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});

test('calendar times are those of the Gregorian calendar', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 253402300799 }), (seconds) => {
      const date = new Date(seconds * 1000);
      expect(calendarTime(BigInt(seconds) * NS + 999_999_999n)).toEqual({
        year: date.getUTCFullYear(),
        month: date.getUTCMonth() + 1,
        day: date.getUTCDate(),
        dayOfWeek: date.getUTCDay() + 1,
        hours: date.getUTCHours(),
        minutes: date.getUTCMinutes(),
        seconds: date.getUTCSeconds(),
      });
    }),
    { numRuns: runs(1000) },
  );
});

describe('readings', () => {
  test('a driver that reads A and then every register sees one instant', () => {
    expect(bench.read(0x0a) & 0x80).toBe(0);
    bench.now += 60n * NS;
    const time = [0, 2, 4, 6, 7, 8, 9, 0x32].map((index) => bench.read(index));
    expect(time).toEqual([0x59, 0x58, 0x23, 5, 0x29, 0x02, 0x24, 0x20]);
    expect(bench.readings).toBe(1);
  });

  test('the first time register takes a reading if A was not read', () => {
    expect(bench.read(2)).toBe(0x58);
    bench.now += 3600n * NS;
    expect(bench.read(4)).toBe(0x23);
    expect(bench.readings).toBe(1);
  });

  test('a register read again takes a new reading, so that a change can be waited for', () => {
    expect(bench.read(0)).toBe(0x59);
    bench.now += NS;
    expect(bench.read(0)).toBe(0x00);
    expect(bench.read(2)).toBe(0x59);
    expect(bench.readings).toBe(2);
  });

  test('B, C, D and memory take none', () => {
    expect([0x0b, 0x0c, 0x0d, 0x0e].map((index) => bench.read(index))).toEqual([2, 0, 0x80, 0]);
    expect(bench.readings).toBe(0);
  });
});

describe('formats', () => {
  test('register B chooses binary and 12 hours', () => {
    bench.write(0x0b, 0x06);
    expect([bench.read(4), bench.read(2)]).toEqual([23, 58]);
    bench.write(0x0b, 0x00);
    expect(bench.read(4)).toBe(0x80 | 0x11);
    bench.now = ns('2024-03-01T00:30:00Z');
    expect(bench.read(4)).toBe(0x12);
    bench.now = ns('2024-03-01T12:30:00Z');
    expect(bench.read(4)).toBe(0x80 | 0x12);
  });
});

describe('registers', () => {
  test('memory and alarms hold what is written; C, D, UIP and the time do not', () => {
    for (const index of [0x01, 0x0e, 0x7f]) {
      bench.write(index, 0xa5);
      expect(bench.read(index)).toBe(0xa5);
    }
    bench.write(0x0a, 0xff);
    expect(bench.read(0x0a)).toBe(0x7f);
    bench.write(0x0d, 0);
    expect(bench.read(0x0d)).toBe(0x80);
    bench.write(4, 0x07);
    expect(bench.read(4)).toBe(0x23);
  });

  test('SET in register B clears UIE', () => {
    bench.write(0x0b, 0x92);
    expect(bench.read(0x0b)).toBe(0x82);
  });

  test('bit 7 of the index is the NMI mask and selects nothing', () => {
    bench.write(0x8e, 0x11);
    expect(bench.read(0x0e)).toBe(0x11);
    expect(bench.rtc.read(0)).toBe(0xff);
  });
});

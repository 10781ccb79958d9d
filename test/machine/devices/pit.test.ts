/** The interval timer, mode by mode of the 8254 data sheet. */
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { BugError } from '../../../src/base/assert.ts';
import { nsOfPulse, PIT_HZ, Pit, pulseAt } from '../../../src/machine/devices/pit.ts';
import { runs } from '../../support/runs.ts';

/** A PIT with a clock: `at` sets the clock pulse at which what follows happens. */
class Bench {
  readonly levels: boolean[] = [];
  nowNs = 0n;
  /** How often time was read. */
  readings = 0;
  readonly pit = new Pit((level) => this.levels.push(level), {
    value: () => {
      this.readings++;
      return this.nowNs;
    },
    entropy: () => new Uint8Array(0),
  });

  at(pulse: number): this {
    this.nowNs = BigInt(nsOfPulse(pulse));
    return this;
  }

  /** Writes as a guest does: `need` and the reading agree. */
  write(offset: number, value: number): this {
    const asked = this.pit.need(offset, 1, value) !== undefined;
    const before = this.readings;
    this.pit.write(offset, 1, value);
    if (!asked) expect(this.readings).toBe(before);
    return this;
  }

  read(offset: number): number {
    const asked = this.pit.need(offset, 1) !== undefined;
    const before = this.readings;
    const value = this.pit.read(offset);
    expect(this.readings > before).toBe(asked);
    return value;
  }

  /** Control word for counter `n`, both bytes, then the count. */
  program(n: number, mode: number, count: number): this {
    return this.write(3, (n << 6) | 0x30 | (mode << 1))
      .write(n, count & 0xff)
      .write(n, count >> 8);
  }

  /** The count as two reads give it. */
  count(n: number): number {
    const low = this.read(n);
    return low | (this.read(n) << 8);
  }
}

/**
 * Counting element and OUT after `pulses` pulses, moved one by one [datasheet]; after `written`
 * pulses the count register of modes 2 and 3 gets the count `second`.
 */
function waveform(
  mode: number,
  first: number,
  pulses: number,
  written = -1,
  second = 0,
): { count: number; out: boolean } {
  let n = first;
  let count = mode === 3 ? n & ~1 : n;
  let out = mode !== 0;
  // An odd count makes the high half a pulse longer: it is that of the count which began it.
  let odd = n % 2 === 1;
  for (let i = 0; i < pulses; i++) {
    if (i === written) n = second;
    if (mode === 2) {
      count = count === 1 ? n : count - 1;
      out = count !== 1;
    } else if (mode === 3) {
      // An odd count stays at zero for one pulse before OUT goes low.
      const last = odd && out ? 0 : 2;
      if (count === last) {
        out = !out;
        count = n & ~1;
        odd = n % 2 === 1;
      } else count -= 2;
    } else {
      count = count === 0 ? 0xffff : count - 1;
      out = mode === 0 ? out || count === 0 : count !== 0;
      if (mode === 4 && i + 1 !== n) out = true;
    }
  }
  return { count: count & 0xffff, out };
}

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});

describe('time', () => {
  test('pulses are counted at 1193182 Hz exactly, over years', () => {
    expect(PIT_HZ).toBe(1193182);
    expect(pulseAt(1_000_000_000n)).toBe(PIT_HZ);
    expect(pulseAt(86_400_000_000_000n * 100n)).toBe(PIT_HZ * 86_400 * 100);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 43 }), (pulse) => {
        expect(pulseAt(BigInt(nsOfPulse(pulse)))).toBe(pulse);
        if (pulse > 0) expect(pulseAt(BigInt(nsOfPulse(pulse)) - 1n)).toBe(pulse - 1);
      }),
    );
  });

  test('periods do not drift: the millionth edge is a million counts after the load', () => {
    bench.at(1000).program(0, 2, 0x0b9c);
    for (let i = 1; i < 1_000_000; i++) bench.pit.tick();
    expect(bench.pit.deadlineNs).toBe(nsOfPulse(1001 + 0x0b9c * 1_000_000));
  });
});

describe('counters', () => {
  test('counting element and output are those of the datasheet’s waveforms', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(0, 2, 3, 4),
        fc.integer({ min: 2, max: 40 }),
        fc.integer({ min: 0, max: 130 }),
        (mode, n, elapsed) => {
          const b = new Bench()
            .at(500)
            .program(1, mode, n)
            .at(501 + elapsed);
          const status = b.write(3, 0xc0 | 0x04).read(1);
          const count = b.count(1);
          const expected = waveform(mode, n, elapsed);
          expect({ count, out: (status & 0x80) !== 0 }).toEqual(expected);
        },
      ),
    );
  });

  test('a count written while one counts waits for the end of the period, or half period', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(2, 3),
        fc.integer({ min: 2, max: 40 }),
        fc.integer({ min: 2, max: 40 }),
        fc.nat(60),
        fc.nat(130),
        (mode, first, second, written, more) => {
          const b = new Bench().at(500).program(0, mode, first);
          const elapsed = written + more;
          const rises = [];
          for (let i = 1; i <= elapsed; i++) {
            if (i === written + 1) {
              b.at(501 + written)
                .write(0, second)
                .write(0, 0);
            }
            if (b.pit.deadlineNs !== nsOfPulse(501 + i)) continue;
            b.pit.tick();
            rises.push(i);
          }
          const level = (i: number) => waveform(mode, first, i, written, second).out;
          const pulses = Array.from({ length: elapsed }, (_, i) => i + 1);
          expect(rises).toEqual(pulses.filter((i) => level(i) && !level(i - 1)));
          if (more === 0) return;
          const status = b
            .at(501 + elapsed)
            .write(3, 0xc2)
            .read(0);
          const state = { count: b.count(0), out: (status & 0x80) !== 0 };
          expect(state).toEqual(waveform(mode, first, elapsed, written, second));
        },
      ),
      { numRuns: runs(300) },
    );
  });

  test('NULL COUNT is set from the writing of a count until it is counted', () => {
    const isNull = () => (bench.write(3, 0xe0 | 0x04).read(1) & 0x40) !== 0;
    bench.at(100).program(1, 2, 50);
    expect(isNull()).toBe(true);
    expect(bench.at(101) && isNull()).toBe(false);
    bench.at(120).write(1, 30).write(1, 0);
    expect(bench.at(150) && isNull()).toBe(true);
    expect(bench.at(151) && isNull()).toBe(false);
  });

  test('of two counts written in one period the second counts', () => {
    bench.at(100).program(0, 2, 50);
    bench.at(110).write(0, 30).write(0, 0).write(0, 20).write(0, 0);
    bench.pit.tick();
    expect(bench.pit.deadlineNs).toBe(nsOfPulse(151 + 20));
  });

  test('a count of 0 means 65536, in decimal 10000', () => {
    bench.at(0).program(1, 2, 0).at(2);
    expect(bench.count(1)).toBe(65535);
    bench.at(10).write(3, 0x75).write(1, 0).write(1, 0).at(12);
    expect(bench.count(1)).toBe(0x9999);
  });

  test('decimal counts are written and read as packed decimal', () => {
    bench
      .at(0)
      .write(3, 0x75)
      .write(1, 0x34)
      .write(1, 0x12)
      .at(1 + 34);
    expect(bench.count(1)).toBe(0x1200);
  });

  test('a counter may be written and read by its low or its high byte alone', () => {
    bench.at(0).write(3, 0x54).write(1, 200).at(51);
    expect(bench.read(1)).toBe(150);
    expect(bench.read(1)).toBe(150);
    bench
      .at(100)
      .write(3, 0x64)
      .write(1, 2)
      .at(101 + 0x80);
    expect(bench.read(1)).toBe(0x01);
  });

  test('a latched count stays until both bytes are read; a second latch changes nothing', () => {
    bench.at(0).program(1, 2, 0x1000).at(11).write(3, 0x40);
    bench.at(500).write(3, 0x40);
    expect(bench.count(1)).toBe(0x1000 - 10);
    expect(bench.count(1)).toBe(0x1000 - 499);
  });

  test('read-back latches status and count of the counters that it names', () => {
    bench.at(0).program(1, 3, 0x100).program(2, 0, 0x20);
    bench.at(1).write(3, 0xc0 | 0x08 | 0x04);
    expect(bench.read(1)).toBe(0x80 | 0x30 | (3 << 1));
    expect(bench.count(1)).toBe(0x100);
    expect(bench.read(2)).toBe(0x30);
    bench.at(1000).write(3, 0xe0 | 0x08);
    expect(bench.read(2)).toBe(0x80 | 0x30);
    expect(bench.pit.state().counters[1]!.status).toBe(-1);
  });

  test('status says null count until a count has been written', () => {
    bench.write(3, 0x74).write(3, 0xe0 | 0x04);
    expect(bench.read(1)).toBe(0x80 | 0x40 | 0x30 | (2 << 1));
  });

  test('modes 6 and 7 are 2 and 3', () => {
    bench.write(3, 0x7c).write(3, 0xe0 | 0x04);
    expect(bench.read(1) & 0x0e).toBe(2 << 1);
  });
});

describe('needs', () => {
  test('only loading a counter and looking at one that counts need time', () => {
    const { pit } = bench;
    expect(pit.need(0, 1)).toBeUndefined();
    expect(pit.need(3, 1, 0x34)).toBeUndefined();
    bench.at(0).write(3, 0x34);
    expect(pit.need(3, 1, 0x00)).toBeUndefined();
    expect(pit.need(0, 1, 5)).toBeUndefined();
    bench.write(0, 5);
    expect(pit.need(0, 1, 0)).toEqual({ kind: 'timeNs' });
    bench.write(0, 0);
    expect(pit.need(0, 1)).toEqual({ kind: 'timeNs' });
    expect(pit.need(3, 1, 0x00)).toEqual({ kind: 'timeNs' });
    expect(pit.need(3, 1, 0xc2)).toEqual({ kind: 'timeNs' });
    expect(pit.need(3, 1, 0xc4)).toBeUndefined();
    bench.write(3, 0x00);
    expect(pit.need(0, 1)).toBeUndefined();
  });
});

describe('the timer', () => {
  test.each([
    ['mode 0 once, N pulses after the load', 0, [101 + 50, undefined]],
    ['mode 4 once, a pulse later', 4, [101 + 51, undefined]],
    ['mode 2 every N pulses', 2, [101 + 50, 101 + 100, 101 + 150]],
    ['mode 3 every N pulses', 3, [101 + 50, 101 + 100, 101 + 150]],
  ])('rises in %s', (_title, mode, edges) => {
    bench.at(100).program(0, mode, 50);
    for (const edge of edges) {
      const expected = edge === undefined ? undefined : nsOfPulse(edge);
      expect(bench.pit.deadlineNs).toBe(expected);
      if (edge !== undefined) bench.pit.tick();
    }
  });

  test('modes 1 and 5 never start, nor does a count of 1 in modes 2 and 3', () => {
    for (const mode of [1, 5]) {
      bench.at(0).program(0, mode, 50);
      expect(bench.pit.deadlineNs).toBeUndefined();
    }
    bench.program(0, 2, 1);
    expect(bench.pit.deadlineNs).toBeUndefined();
  });

  test('a tick is a rising edge each time', () => {
    bench.at(0).program(0, 2, 50);
    bench.levels.length = 0;
    bench.pit.tick();
    bench.pit.tick();
    expect(bench.levels).toEqual([false, true, false, true]);
  });

  test('a control word stops counter 0; in mode 0 its output falls', () => {
    bench.at(0).program(0, 2, 50).write(3, 0x34);
    expect(bench.pit.deadlineNs).toBeUndefined();
    bench.levels.length = 0;
    bench.write(3, 0x30);
    expect(bench.levels).toEqual([false]);
  });

  test('in mode 0 the first byte of a count stops the counter', () => {
    bench.at(0).program(0, 0, 50).write(0, 1);
    expect(bench.pit.deadlineNs).toBeUndefined();
    bench.at(1000).write(0, 0);
    expect(bench.pit.deadlineNs).toBe(nsOfPulse(1002));
  });

  test('counters 1 and 2 have no timer', () => {
    bench.at(0).program(1, 2, 50).program(2, 2, 50);
    expect(bench.pit.deadlineNs).toBeUndefined();
  });

  test('a tick without a deadline is a bug', () => {
    expect(() => bench.pit.tick()).toThrow(BugError);
  });
});

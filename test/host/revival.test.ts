/** When a process that has died is started anew, by times that the tests give. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Revival } from '../../src/host/revival.ts';

/** Lets it die at each birth, and gives the pauses before the next ones, in ms. */
function pausesOf(revival: Revival, deaths: number): number[] {
  let now = 0;
  return Array.from({ length: deaths }, () => {
    const { pauseMs } = revival.isDead(now);
    now += pauseMs;
    revival.isBorn(now);
    return pauseMs;
  });
}

describe('who dies', () => {
  it('is started at once, and at birth after pauses that double up to half a minute', () => {
    const pauses = pausesOf(new Revival(), 11);
    expect(pauses).toEqual([0, 250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('is started at once again when it was seen at work twice, or was there for long', () => {
    for (const [works, ms] of [
      [true, 2],
      [false, 10_000],
    ] as const) {
      const revival = new Revival();
      pausesOf(revival, 3);
      revival.isBorn(1000);
      revival.lives(works, 1000 + ms - 1);
      expect(revival.deathsAtBirth).toBe(2);
      revival.lives(works, 1000 + ms);
      expect(revival.deathsAtBirth).toBe(0);
      expect(revival.isDead(1000 + ms)).toEqual({ isNews: true, pauseMs: 0 });
    }
  });

  it('has the whole pause before it when it is news, whatever the clock says', () => {
    // Sums of times that are no whole numbers are rounded.
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (now) => {
        const revival = new Revival();
        pausesOf(revival, 3);
        expect(revival.isDead(now).pauseMs).toBe(1000);
      }),
      { numRuns: 1000, examples: [[3500.123457]] },
    );
  });

  it('is news once, and its pause passes', () => {
    const revival = new Revival();
    pausesOf(revival, 2);
    expect(revival.isDead(1000)).toEqual({ isNews: true, pauseMs: 500 });
    expect(revival.isDead(1400)).toEqual({ isNews: false, pauseMs: 100 });
    expect(revival.isDead(2000)).toEqual({ isNews: false, pauseMs: 0 });
    // Somebody else has started it.
    revival.lives(false, 2001);
    expect(revival.isDead(2002).isNews).toBe(true);
  });
});

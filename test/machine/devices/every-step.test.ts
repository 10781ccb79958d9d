/**
 * A device is its state: at every step of a random script a new board, restored from a snapshot,
 * answers as the one that has lived through it all, and has the same digest.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BoardStep, follow } from '../../support/board-bench.ts';
import {
  driverSteps,
  picSteps,
  pitSteps,
  portSteps,
  RAM_BYTES,
  rtcSteps,
  SLOTS,
  uartSteps,
} from '../../support/board-steps.ts';
import { runs } from '../../support/runs.ts';

const several = (steps: fc.Arbitrary<BoardStep[]>, maxLength = 40): fc.Arbitrary<BoardStep[]> =>
  fc.array(steps, { maxLength, size: 'max' }).map((list) => list.flat());

const any = fc.oneof(
  ...[picSteps, pitSteps, uartSteps, rtcSteps, portSteps],
  ...[0, 1, 2].map((slot) => driverSteps(slot, 3)),
);

describe('a board restored at any step goes on as the original', () => {
  test.each([
    ['interrupt controllers', several(picSteps)],
    ['interval timer', several(pitSteps)],
    ['UART', several(uartSteps)],
    ['clock', several(rtcSteps)],
    ['accesses of any width', several(portSteps)],
    ['network', driverSteps(0, 15)],
    ['block', driverSteps(1, 15)],
    ['entropy', driverSteps(2, 15)],
    ['all devices', several(any, 12)],
  ])('%s', (_title, steps) => {
    fc.assert(
      fc.property(steps, (script) => {
        expect(follow(SLOTS, RAM_BYTES, script)).toHaveLength(script.length);
      }),
      { numRuns: runs(6) },
    );
  });
});

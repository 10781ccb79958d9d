/**
 * How a run is cut into pieces changes nothing: in one go, in random slices, or instruction by
 * instruction, a guest has the same state at every count (contracts.md 1, 2).
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RandomExecution, type RandomRun, randomRun } from '../support/random-run.ts';
import { runs } from '../support/runs.ts';

const LENGTH = 2000;

/** Lengths of slices, from single instructions to long stretches. */
const slices = fc.array(
  fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 400 })),
  { minLength: 1, maxLength: 60, size: 'max' },
);

/** A finished execution, and digests by the counts at which it was looked at. */
interface Watched {
  readonly execution: RandomExecution;
  readonly digests: ReadonlyMap<number, string>;
}

/** Slices of these lengths, again and again until the run is over; looked at after each. */
function inSlices(run: RandomRun, lengths: readonly number[]): Watched {
  const digests = new Map<number, string>();
  const execution = new RandomExecution(run);
  for (let i = 0; execution.ended === undefined && execution.machine.count < LENGTH; i++) {
    const length = lengths[i % lengths.length]!;
    execution.run(Math.min(LENGTH, execution.machine.count + length));
    digests.set(execution.place.count, execution.place.digest);
  }
  return { execution, digests };
}

/** Instruction by instruction; looked at where the other was. */
function inSteps(run: RandomRun, other: Watched): Watched {
  const digests = new Map<number, string>();
  const execution = new RandomExecution(run);
  while (execution.ended === undefined && execution.machine.count < LENGTH) {
    execution.run(execution.machine.count + 1);
    const { count } = execution.machine;
    if (other.digests.has(count)) digests.set(count, execution.machine.digest());
  }
  return { execution, digests };
}

it('a guest does the same in one go, in slices, and instruction by instruction', () => {
  fc.assert(
    fc.property(randomRun(LENGTH), slices, (run, lengths) => {
      const whole = new RandomExecution(run);
      whole.run(LENGTH);
      const sliced = inSlices(run, lengths);
      expect(sliced.execution.place).toEqual(whole.place);
      expect(sliced.execution.outputs).toEqual(whole.outputs);
      const stepped = inSteps(run, sliced);
      expect(stepped.digests).toEqual(sliced.digests);
      expect(stepped.execution.place).toEqual(whole.place);
      expect(stepped.execution.outputs).toEqual(whole.outputs);
    }),
    { numRuns: runs(8) },
  );
});

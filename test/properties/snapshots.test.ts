/**
 * A snapshot is the whole machine: taken at any count it changes nothing, and a machine that it is
 * put into goes on alike, whatever that machine did before (contracts.md 7).
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { START } from '../../src/hypervisor/log-point.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../src/hypervisor/snapshot.ts';
import { randomProgram } from '../support/random-program.ts';
import { newRandomMachine, RandomExecution, randomRun } from '../support/random-run.ts';
import { runs } from '../support/runs.ts';

const LENGTH = 2000;

it('a guest goes on alike in the machine, in a cold one and in a warm one', () => {
  fc.assert(
    fc.property(
      randomRun(LENGTH),
      randomProgram,
      fc.nat(LENGTH),
      fc.nat(LENGTH),
      (run, other, at, elsewhere) => {
        const plain = new RandomExecution(run);
        plain.run(LENGTH);

        const first = new RandomExecution(run);
        first.run(at);
        const snapshot = first.snapshot();
        const { place } = first;
        if (first.ended === undefined) first.run(LENGTH);
        expect(first.place).toEqual(plain.place);
        expect(first.outputs).toEqual(plain.outputs);

        const bytes = encodeCheckpoint({ point: START, machine: snapshot.machine });
        const stored = { ...snapshot, machine: decodeCheckpoint(bytes).machine };
        const cold = new RandomExecution(run);
        cold.restore(stored);
        expect(cold.place).toEqual({ ...place, ended: undefined });
        cold.run(LENGTH);
        expect(cold.place).toEqual(plain.place);

        // Warm: it has run another guest, or this one, past the snapshot or not as far.
        for (const program of [other, run.program]) {
          const before = new RandomExecution({ ...run, program }, newRandomMachine(program));
          before.run(elsewhere);
          const warm = new RandomExecution(run, before.machine);
          warm.restore(snapshot);
          expect(warm.place).toEqual({ ...place, ended: undefined });
          warm.run(LENGTH);
          expect(warm.place).toEqual(plain.place);
        }
      },
    ),
    { numRuns: runs(6) },
  );
});

it('taking snapshots and digests all the time changes nothing', () => {
  fc.assert(
    fc.property(randomRun(LENGTH), fc.integer({ min: 1, max: 50 }), (run, every) => {
      const plain = new RandomExecution(run);
      plain.run(LENGTH);
      const watched = new RandomExecution(run);
      for (let n = 0; watched.ended === undefined && watched.machine.count < LENGTH; n++) {
        watched.run(Math.min(LENGTH, watched.machine.count + every));
        if (n % 3 === 0) watched.machine.snapshot();
        if (n % 2 === 0) watched.machine.digest();
        if (n % 7 === 0) watched.restore(watched.snapshot());
      }
      expect(watched.place).toEqual(plain.place);
    }),
    { numRuns: runs(6) },
  );
});

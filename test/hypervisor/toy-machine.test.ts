/** The test double keeps the contract of a machine that recorder and replayer rely on. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Need, Reading } from '../../src/cpu/bus.ts';
import { hasher } from '../support/hasher.ts';
import { runs } from '../support/runs.ts';
import { ToyMachine } from '../support/toy-machine.ts';

function answer(need: Need, count: number): Reading {
  if (need.kind === 'entropy') return { kind: 'entropy', bytes: new Uint8Array(need.size).fill(9) };
  return { kind: need.kind, value: BigInt(count) * 3n };
}

/** Runs to `until` in pieces of `piece` counts, waking the machine by a packet when it halts. */
function drive(toy: ToyMachine, until: number, piece: number): number {
  let outputs = 0;
  while (toy.count < until) {
    const stop = toy.run(Math.min(until, toy.count + piece));
    outputs += toy.takeOutputs().length;
    if (stop.why === 'needs-input') toy.apply(answer(stop.need, toy.count));
    if (stop.why === 'halted') toy.apply({ kind: 'tick', timer: 0 });
  }
  return outputs;
}

describe('the toy machine', () => {
  it('does the same in pieces of any size', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 700 }), (seed, piece) => {
        const whole = new ToyMachine({ seed }, hasher);
        const pieces = new ToyMachine({ seed }, hasher);
        expect(drive(whole, 2000, 2000)).toBe(drive(pieces, 2000, piece));
        expect(whole.digest()).toBe(pieces.digest());
      }),
      { numRuns: runs(30) },
    );
  });

  it('goes on from a snapshot as if nothing had happened', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 1500 }), (seed, at) => {
        const plain = new ToyMachine({ seed }, hasher);
        drive(plain, at, 100);
        const restored = new ToyMachine({ seed }, hasher);
        restored.restore(plain.snapshot());
        expect(restored.digest()).toBe(plain.digest());
        drive(plain, 2000, 100);
        drive(restored, 2000, 100);
        expect(restored.digest()).toBe(plain.digest());
      }),
      { numRuns: runs(30) },
    );
  });

  it('makes every kind of output', () => {
    const toy = new ToyMachine({ seed: 1 }, hasher);
    expect(drive(toy, 20_000, 1000)).toBeGreaterThan(50);
  });
});

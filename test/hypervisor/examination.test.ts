/** A machine that has left the path of its log is examined: what was wrong, and since when. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Divergence } from '../../src/hypervisor/divergence.ts';
import type { LogEntry } from '../../src/hypervisor/entry.ts';
import {
  describeFinding,
  type Evidence,
  examine,
  type Finding,
  newEvidence,
  withEntries,
  withState,
} from '../../src/hypervisor/examination.ts';
import { Replayer } from '../../src/hypervisor/replayer.ts';
import { flipBit } from '../../src/sim/guest-memory.ts';
import { hasher } from '../support/hasher.ts';
import { runs } from '../support/runs.ts';
import { ToyMachine } from '../support/toy-machine.ts';
import { record, type ToyRun, toyRun } from './toy.ts';

const follower = ({ program }: ToyRun): Replayer =>
  new Replayer({ machine: new ToyMachine(program, hasher), hasher });

/** Follows `entries` with a short stretch for each; `before` is called at each stretch's start. */
function follow(
  run: ToyRun,
  entries: readonly LogEntry[],
  before: (replayer: Replayer, stretch: number) => void,
): { evidence: Evidence; diverged: boolean } {
  const replayer = follower(run);
  let evidence = withEntries(newEvidence(replayer.checkpoint()), entries);
  replayer.feed(entries);
  try {
    for (let stretch = 0; replayer.inHand > 0; stretch++) {
      before(replayer, stretch);
      const slice = replayer.slice(replayer.machine.count + 20);
      if (replayer.unmarked.length > 0) continue;
      evidence = withState(evidence, slice.entries, replayer.checkpoint());
    }
    return { evidence, diverged: false };
  } catch (error) {
    if (!(error instanceof Divergence)) throw error;
    const last = { point: replayer.point, machine: replayer.machine.snapshot() };
    return { evidence: { ...evidence, seen: [...evidence.seen, last] }, diverged: true };
  }
}

const examined = (run: ToyRun, evidence: Evidence): Finding =>
  examine(evidence, ({ point, machine: from }) => {
    const machine = new ToyMachine(run.program, hasher);
    machine.restore(from);
    return new Replayer({ machine, hasher, point });
  });

describe('an examination', () => {
  it('finds when a bit has flipped, and which, unless the guest has used it meanwhile', () => {
    let named = 0;
    let wrong = 0;
    fc.assert(
      fc.property(toyRun, fc.nat(12), fc.nat(4095), fc.nat(7), (run, at, offset, bit) => {
        const { entries } = record(run).recording;
        let flippedAt = -1;
        const { evidence, diverged } = follow(run, entries, (replayer, stretch) => {
          if (stretch !== at) return;
          flippedAt = replayer.machine.count;
          flipBit(replayer.machine, offset, bit);
        });
        if (!diverged) return;
        const finding = examined(run, evidence);
        if (finding.kind !== 'transient') throw new Error(describeFinding(finding).join());
        wrong++;
        expect(finding.firstWrong).toBeGreaterThanOrEqual(flippedAt);
        expect(finding.lastRight).toBeLessThanOrEqual(flippedAt);
        if (!finding.flipped) return;
        named++;
        expect(finding.flipped).toEqual({ address: offset, bit });
      }),
      { numRuns: runs(100) },
    );
    expect(wrong).toBeGreaterThan(5);
    expect(named).toBeGreaterThan(1);
  });

  it('finds that a log which is wrong leads off the path again', () => {
    fc.assert(
      fc.property(toyRun, fc.nat(), (run, at) => {
        const entries = [...record(run).recording.entries];
        const readings = entries.filter((e) => e.kind === 'input' && e.input.kind === 'tsc');
        const entry = readings[at % (readings.length || 1)];
        if (entry?.kind !== 'input' || entry.input.kind !== 'tsc') return;
        const input = { kind: 'tsc', value: entry.input.value ^ 1n } as const;
        entries[entry.seq] = { ...entry, input };
        const { evidence, diverged } = follow(run, entries, () => {});
        if (diverged) expect(examined(run, evidence).kind).not.toBe('transient');
      }),
      { numRuns: runs(30) },
    );
  });

  it('finds nothing in a machine that is right', () => {
    fc.assert(
      fc.property(toyRun, (run) => {
        const { evidence } = follow(run, record(run).recording.entries, () => {});
        expect(examined(run, evidence)).toEqual({ kind: 'nothing' });
      }),
      { numRuns: runs(10) },
    );
  });
});

/**
 * Own disks in the simulated world [P §4.1]: whatever happens to hosts, links, disks and arbiter,
 * the disks of whoever has the machine are, byte for byte, what it has written.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Action, FaultSpec } from '../../src/sim/faults.ts';
import { type Outcome, runScenario, runWorld, withoutRule } from '../../src/sim/run.ts';
import type { Scenario } from '../../src/sim/scenario.ts';
import { runs } from '../support/runs.ts';
import { faultAmong, settings, toyGroup, toyParts } from './toy-scenario.ts';

const MS = 1_000_000;
/** A machine that uses its disk all the time. */
const WRITER = { rates: { halt: 1, getc: 30, disk: 60 } };
const PARTS = { ...toyParts(WRITER), tracing: false };

const withOwnDisks = (scenario: Scenario): Scenario => ({
  ...scenario,
  reads: 'log',
  disk: { ...scenario.disk, kind: 'own' },
});
const run = (scenario: Scenario): Outcome => runScenario(withOwnDisks(scenario), PARTS);

const at = (timeNs: number, action: Action): FaultSpec => ({ at: { on: 'time', timeNs }, action });
const crash = (host: string): Action => ({ do: 'crash', host, losing: 'messages' });

const someFaults = (hosts: readonly string[]) => fc.array(faultAmong(hosts), { maxLength: 8 });
const FOUR = ['alpha', 'beta', 'gamma', 'delta'];

describe('a toy machine with disks of its own on each host', () => {
  it('keeps the Output Requirement, and its disks, over any faults and restarts', () => {
    fc.assert(
      fc.property(fc.nat(), someFaults(FOUR), (seed, faults) => {
        expect(run(toyGroup(4, seed, faults)).violations).toEqual([]);
      }),
      { numRuns: runs(8) },
    );
  });

  it('keeps them with any settings, whether it ends or not', () => {
    const exitAt = fc.option(fc.integer({ min: 50, max: 2500 }), { nil: undefined });
    const faults = someFaults(['alpha', 'beta']);
    fc.assert(
      fc.property(fc.nat(), faults, settings, exitAt, (seed, these, set, exit) => {
        const scenario = withOwnDisks({ ...toyGroup(2, seed, these), ...set });
        const parts = toyParts({ ...WRITER, ...(exit === undefined ? {} : { exitAt: exit }) });
        expect(runScenario(scenario, { ...parts, tracing: false }).violations).toEqual([]);
      }),
      { numRuns: runs(8) },
    );
  });

  it('does not hold its writes: they are on the disk before the backup has their entries', () => {
    const late = at(2 * MS, { do: 'delay', between: ['alpha', 'beta'], delayNs: 8 * MS });
    const scenario = { ...toyGroup(2, 1, [late]), safetyNs: 8 * MS, livenessNs: 1 };
    const timing = { ...scenario.timing, failureTimeoutNs: 20 * MS };
    const carriedOut = (kind: 'own' | 'shared'): number => {
      const disk = { ...scenario.disk, kind };
      const { state } = runWorld({ ...scenario, timing, disk }, PARTS);
      return Object.keys((state.ownDisks.alpha ?? state.disk).applied).length;
    };
    expect(carriedOut('own')).toBeGreaterThan(carriedOut('shared') + 5);
  });

  it('survives that a disk fails for the backup alone: what it must write is tried again', () => {
    const failing: Action = { do: 'disk', mode: 'failing', only: 'beta', forNs: 8 * MS };
    for (let seed = 1; seed <= 5; seed++) {
      const { violations, roles } = run(
        toyGroup(2, seed, [at(MS, failing), at(10 * MS, crash('alpha'))]),
      );
      expect(violations).toEqual([]);
      expect(roles.beta).toBe('alone');
    }
  });

  it('has the same on both disks after a clean end', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const scenario = withOwnDisks(toyGroup(2, seed, [at(8 * MS, { do: 'power-off' })]));
      const world = runWorld(scenario, PARTS);
      const { alpha, beta } = world.state.ownDisks;
      expect([...world.hosts.values()].map(({ state }) => state.reason)).toEqual([
        'power-off',
        'power-off',
      ]);
      expect(beta!.sectors).toEqual(alpha!.sectors);
      expect(Object.keys(beta!.sectors).length).toBeGreaterThan(0);
    }
  });

  it('forgets on a host that joins again what was on its disk', () => {
    const faults = [
      at(5 * MS, { do: 'cut', between: ['alpha', 'beta'], forNs: 8 * MS } as const),
      at(14 * MS, { do: 'restart', host: 'alpha' } as const),
      at(14 * MS, { do: 'restart', host: 'beta' } as const),
    ];
    const outcomes = [1, 2, 3, 4].map((seed) => run(toyGroup(2, seed, faults)));
    for (const { violations } of outcomes) expect(violations).toEqual([]);
  });
});

describe('own disks, where something is left out', () => {
  const second = [at(4 * MS, crash('alpha')), at(24 * MS, crash('beta'))];
  const partition = [at(4 * MS, { do: 'cut', between: ['alpha', 'beta'] } as const)];

  it.each([
    ['mirror', 'own-disk', second],
    ['disk-copy', 'own-disk', second],
    ['test-and-set', 'one-live', partition],
  ])('without %s the checker %s convicts', (what, checker, faults) => {
    const scenario = toyGroup(3, 1, faults);
    expect(run(scenario).violations).toEqual([]);
    const { violations } = run(withoutRule(scenario, what));
    expect(violations.map((violation) => violation.checker)).toContain(checker);
  });
});

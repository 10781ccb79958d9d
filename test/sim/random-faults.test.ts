/**
 * Whatever happens to the hosts and between them, every checker is content; and with a rule
 * switched off, some run is convicted, so the checkers can be believed.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FaultSpec } from '../../src/sim/faults.ts';
import { type Outcome, runScenario, withoutRule } from '../../src/sim/run.ts';
import type { Scenario } from '../../src/sim/scenario.ts';
import { runs } from '../support/runs.ts';
import { amid, anyFault, crash, cutOff, settings, toyParts, toyScenario } from './toy-scenario.ts';

function run(scenario: Scenario, exitAt?: number): Outcome {
  const parts = toyParts(exitAt === undefined ? {} : { exitAt });
  return runScenario(scenario, { ...parts, tracing: false });
}

const CRASH = { do: 'crash', host: 'alpha', losing: 'outputs-too' } as const;
const BREAK = { do: 'break', between: ['alpha', 'beta'] } as const;
const NO_ARBITER = { do: 'arbiter', mode: 'down', forNs: 15e6 } as const;
const anyFaults = fc.array(anyFault, { maxLength: 5 });

describe('a protected toy machine', () => {
  it('keeps the Output Requirement over a crash at any moment', () => {
    fc.assert(
      fc.property(fc.nat(), crash, (seed, fault) => {
        expect(run(toyScenario(seed, [fault])).violations).toEqual([]);
      }),
      { numRuns: runs(25, 12) },
    );
  });

  it('keeps it over a crash at any moment of a machine that ends', () => {
    fc.assert(
      fc.property(fc.nat(), crash, fc.integer({ min: 50, max: 3000 }), (seed, fault, exitAt) => {
        expect(run(toyScenario(seed, [fault]), exitAt).violations).toEqual([]);
      }),
      { numRuns: runs(20, 10) },
    );
  });

  it('keeps it over any five faults at any moments', () => {
    fc.assert(
      fc.property(fc.nat(), anyFaults, (seed, faults) => {
        expect(run(toyScenario(seed, faults)).violations).toEqual([]);
      }),
      { numRuns: runs(40, 20) },
    );
  });
});

describe('a protected toy machine of any settings', () => {
  it('keeps the Output Requirement over any faults, whether it ends or not', () => {
    const exitAt = fc.option(fc.integer({ min: 50, max: 2500 }), { nil: undefined });
    fc.assert(
      fc.property(fc.nat(), anyFaults, settings, exitAt, (seed, faults, set, exit) => {
        expect(run({ ...toyScenario(seed, faults), ...set }, exit).violations).toEqual([]);
      }),
      { numRuns: runs(40, 20) },
    );
  });
});

describe('a toy machine without a rule', () => {
  /** The checkers that convict one of the first runs of a fixed sequence. */
  function convictedBy(rule: string, faults: fc.Arbitrary<readonly FaultSpec[]>): string[] {
    const sample = fc.sample(fc.tuple(fc.nat(), faults), { numRuns: 500, seed: 1 });
    for (const [seed, these] of sample) {
      const { violations } = run(withoutRule(toyScenario(seed, these), rule));
      if (violations.length > 0) return violations.map(({ checker }) => checker);
    }
    return [];
  }

  it.each([
    ['output-rule', 'output-rule', anyFaults],
    ['test-and-set', 'one-live', anyFaults],
    ['ask-again', 'one-live', amid(NO_ARBITER, BREAK)],
    ['win-first', 'output-rule', anyFaults],
    ['confirm-releases', 'console', cutOff('gateway', CRASH)],
    ['fence', 'disk-order', cutOff('disk', BREAK)],
  ])('%s breaks what the checker %s watches', (rule, checker, faults) => {
    expect(convictedBy(rule, faults)).toContain(checker);
  });
});

/**
 * Re-protection in the simulated world (protocol.md §4 rules 10 to 15): whatever happens to hosts,
 * links, disk and arbiter while a machine moves to a standby, it goes on in one place or, by a
 * limit that no rule removes, in none; and every output that ever left is one of its own.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runScenario } from '../../src/sim/run.ts';
import { runs } from '../support/runs.ts';
import { faultAmong, toyGroup, toyParts } from './toy-scenario.ts';

const FOUR = ['alpha', 'beta', 'gamma', 'delta'];

describe('a toy machine with standbys', () => {
  it('keeps the Output Requirement over any faults and restarts at any moments', () => {
    const faults = fc.array(faultAmong(FOUR), { maxLength: 8 });
    fc.assert(
      fc.property(fc.nat(), faults, (seed, these) => {
        const outcome = runScenario(toyGroup(4, seed, these), { ...toyParts(), tracing: false });
        expect(outcome.violations).toEqual([]);
      }),
      { numRuns: runs(200) },
    );
  });
});

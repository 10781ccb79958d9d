/** One seed decides everything, and a forked world goes on like the one it was taken from. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FaultSpec } from '../../src/sim/faults.ts';
import { newWorld, outcomeOf, runScenario } from '../../src/sim/run.ts';
import { runs } from '../support/runs.ts';
import { anyFault, toyParts, toyScenario } from './toy-scenario.ts';

const faults = fc.array(anyFault, { maxLength: 3 });

describe('a simulated world', () => {
  it('does the same twice', () => {
    fc.assert(
      fc.property(fc.nat(), faults, (seed, these) => {
        const scenario = toyScenario(seed, these);
        expect(runScenario(scenario, toyParts())).toEqual(runScenario(scenario, toyParts()));
      }),
      { numRuns: runs(8) },
    );
  });

  it('does something else with another seed', () => {
    const traces = [1, 2].map((seed) => runScenario(toyScenario(seed), toyParts()).trace);
    expect(traces[0]).not.toEqual(traces[1]);
  });

  it('goes on identically after a fork at any event, and the fork leaves no mark', () => {
    fc.assert(
      fc.property(fc.nat(), faults, fc.nat(3000), (seed, these, at) => {
        const scenario = toyScenario(seed, these);
        const parts = toyParts();
        const world = newWorld(scenario, parts);
        for (let events = 0; events < at && world.next(); events++);
        const copy = world.fork();
        while (copy.next());
        while (world.next());
        expect(outcomeOf(copy, parts)).toEqual(outcomeOf(world, parts));
        expect(outcomeOf(world, parts)).toEqual(runScenario(scenario, parts));
      }),
      { numRuns: runs(12) },
    );
  });

  it('loaded with other faults goes on as one that had them from the beginning', () => {
    fc.assert(
      fc.property(fc.nat(), faults, fc.nat(2000), (seed, these, at) => {
        const parts = toyParts();
        const world = newWorld(toyScenario(seed), parts);
        const scenario = toyScenario(seed, these);
        const begun = newWorld(scenario, parts);
        const untouched = (): boolean => !begun.state.firedFaults.includes(true);
        for (let events = 0; events < at && untouched(); events++) {
          world.next();
          begun.next();
        }
        // A stretch that has begun is over for whoever waits for a count within it.
        const isAhead = ({ at: trigger }: FaultSpec): boolean =>
          trigger.on !== 'count' ||
          trigger.number > world.host(trigger.host).engine.log.machine.count;
        fc.pre(untouched() && these.every(isAhead));
        world.load(world.save(), these);
        while (world.next());
        while (begun.next());
        expect(world.state.trace).toEqual(begun.state.trace);
        expect(world.state.firedFaults).toEqual(begun.state.firedFaults);
      }),
      { numRuns: runs(8) },
    );
  });

  it('can be stored as plain data', () => {
    const world = newWorld(toyScenario(3), toyParts());
    for (let events = 0; events < 500 && world.next(); events++);
    const saved = structuredClone(world.save());
    while (world.next());
    const again = newWorld(toyScenario(3), toyParts());
    again.load(saved);
    while (again.next());
    expect(outcomeOf(again, toyParts())).toEqual(outcomeOf(world, toyParts()));
  });
});

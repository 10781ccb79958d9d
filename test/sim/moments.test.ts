/** Faults at moments, and just before them: what has happened by then, and what has not. */
import { describe, expect, it } from 'vitest';
import type { FaultSpec, HostMoment } from '../../src/sim/faults.ts';
import { runWorld } from '../../src/sim/run.ts';
import type { Scenario } from '../../src/sim/scenario.ts';
import type { World } from '../../src/sim/world.ts';
import { toyParts, toyScenario } from './toy-scenario.ts';

const NUMBER = 9;

function worldWith(on: HostMoment, host: string, before: boolean): World {
  const at = { on, host, number: NUMBER, ...(before ? { before } : {}) } as FaultSpec['at'];
  const crash: FaultSpec = { at, action: { do: 'crash', host, losing: 'messages' } };
  const scenario: Scenario = toyScenario(2, [crash]);
  const world = runWorld(scenario, toyParts());
  expect(world.state.firedFaults).toEqual([true]);
  return world;
}

/** What a host that crashed there has done. */
const DONE: Readonly<Record<string, (world: World, host: string) => number>> = {
  entry: (world, host) => world.host(host).state.entries,
  message: (world, host) => world.link(host === 'alpha' ? 'alpha>beta' : 'beta>alpha').sent,
  output: (world, host) => world.host(host).state.releases,
};

describe('a fault', () => {
  it.each([
    ['entry', 'alpha'],
    ['entry', 'beta'],
    ['message', 'alpha'],
    ['message', 'beta'],
    ['output', 'alpha'],
  ] as const)('before a moment (%s of %s) comes when it has not happened', (on, host) => {
    expect(DONE[on]!(worldWith(on, host, true), host)).toBeLessThan(NUMBER);
    expect(DONE[on]!(worldWith(on, host, false), host)).toBeGreaterThanOrEqual(NUMBER);
  });

  it('before a message comes finds the message under way, and loses it with its sender', () => {
    const received = (before: boolean): number => {
      const at = { on: 'received', host: 'beta', number: NUMBER } as const;
      const crash = { do: 'crash', host: 'alpha', losing: 'messages' } as const;
      const faults = [{ at: before ? { ...at, before } : at, action: crash }];
      return runWorld(toyScenario(2, faults), toyParts()).host('beta').state.received;
    };
    expect(received(true)).toBe(NUMBER - 1);
    expect(received(false)).toBe(NUMBER);
  });
});

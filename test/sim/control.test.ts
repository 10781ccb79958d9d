/** [P §3.3] control operations in the simulated world, over failovers and new backups. */
import { describe, expect, it } from 'vitest';
import type { Action, FaultSpec } from '../../src/sim/faults.ts';
import { newWorld, runWorld } from '../../src/sim/run.ts';
import type { World } from '../../src/sim/world.ts';
import { toyGroup, toyParts } from './toy-scenario.ts';

const MS = 1_000_000;
/** It never sleeps, so what it executes in a time is its share of the CPU. */
const PARTS = toyParts({ rates: { halt: 0, getc: 0, timer: 0 } });

const at = (timeMs: number, action: Action): FaultSpec => ({
  at: { on: 'time', timeNs: timeMs * MS },
  action,
});
const crash = (host: string): Action => ({ do: 'crash', host, losing: 'messages' });

/** Who runs the guest, and how far it has come. */
function runner(world: World): number {
  const [host] = [...world.hosts.values()].filter(
    ({ state, replica }) => state.status === 'up' && /primary|alone/.test(replica.role),
  );
  return host?.state.count ?? 0;
}

/** Instructions in the millisecond, on average, between two times of a world that has not begun. */
function pace(world: World, fromMs: number, toMs: number): number {
  const until = (ms: number): number => {
    while (world.state.nowNs < ms * MS && world.next());
    return runner(world);
  };
  const before = until(fromMs);
  return (until(toMs) - before) / (toMs - fromMs);
}

describe('a throttled machine', () => {
  it('has its share of the CPU, also on the hosts that it moves to', () => {
    const faults = [
      at(20, { do: 'throttle', percent: 25 }),
      at(50, crash('alpha')),
      at(100, crash('beta')),
    ];
    const scenario = { ...toyGroup(3, 1, faults), safetyNs: 150 * MS };
    const world = newWorld(scenario, PARTS);
    const whole = pace(world, 4, 19);
    const instructionsPerMs = MS / scenario.guest.nsPerInstruction;
    expect(Math.abs(whole / instructionsPerMs - 1)).toBeLessThan(0.1);
    for (const [from, to] of [
      [22, 49],
      [60, 99],
      [110, 149],
    ] as const) {
      const share = pace(world, from, to) / whole;
      expect(share).toBeGreaterThan(0.2);
      expect(share).toBeLessThan(0.3);
    }
    expect([...world.hosts.values()].map(({ state }) => state.status)).toEqual([
      'crashed',
      'crashed',
      'up',
    ]);
    expect(world.state.violations).toEqual([]);
  });
});

describe('a snapshot', () => {
  const asked = at(6, { do: 'snapshot', name: 'six' });
  const digestOf = (world: World, host: string, name: string): string => {
    const machine = PARTS.makeMachine(world.scenario);
    machine.restore(world.state.snapshots[host]![name]!.machine);
    return machine.digest();
  };

  it('is the same machine on primary and backup, whatever each does meanwhile', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const world = runWorld(toyGroup(2, seed, [asked]), toyParts());
      const [alpha, beta] = ['alpha', 'beta'].map((host) => world.state.snapshots[host]!.six!);
      expect(beta!.point).toEqual(alpha!.point);
      expect(digestOf(world, 'beta', 'six')).toBe(digestOf(world, 'alpha', 'six'));
    }
  });

  it('of which anybody has been told is on the host that goes on', () => {
    let told = 0;
    for (let us = 6000; us < 9000; us += 100) {
      const dies = { at: { on: 'time', timeNs: us * 1000 }, action: crash('alpha') } as const;
      const world = runWorld(toyGroup(2, 1, [asked, dies]), PARTS);
      expect(world.state.violations).toEqual([]);
      const kept = world.state.trace.some(({ text }) => text === 'snapshot "six" is kept');
      if (!kept) continue;
      told++;
      expect(world.state.snapshots.beta!.six).toBeDefined();
    }
    expect(told).toBeGreaterThan(3);
    expect(told).toBeLessThan(30);
  });
});

describe('a power-off', () => {
  it('never makes anybody go live, whenever the primary dies after it', () => {
    for (let us = 0; us < 4000; us += 200) {
      const faults = [
        at(6, { do: 'power-off' }),
        { at: { on: 'time', timeNs: 6 * MS + us * 1000 }, action: crash('alpha') } as const,
      ];
      const world = runWorld(toyGroup(3, 1, faults), PARTS);
      expect(world.state.violations).toEqual([]);
      const logged = world.host('beta').state.reason === 'power-off';
      expect(world.state.alone).toEqual(logged ? [] : ['beta']);
      if (us > 3000) expect(logged).toBe(true);
    }
  });
});

/**
 * Disk requests that overlap, and connections to the disk that break: a guest that writes one
 * sector again and again, and reads it at the same time, reads what it wrote last, whatever
 * happens.
 */
import { describe, expect, it } from 'vitest';
import type { Action, FaultSpec } from '../../src/sim/faults.ts';
import { outcomeOf, runScenario, runWorld, withoutRule } from '../../src/sim/run.ts';
import type { Scenario } from '../../src/sim/scenario.ts';
import { isLong } from '../support/runs.ts';
import { guestParts, namedScenario } from './guests.ts';

const MS = 1_000_000;
const silent = { ...guestParts, tracing: false };
const BREAK = { do: 'break', between: ['alpha', 'disk'] } as const;

const at = (timeNs: number, action: Action): FaultSpec => ({ at: { on: 'time', timeNs }, action });

/** The scenario with other faults, and nothing expected of who lives on. */
function withFaults(name: string, faults: readonly FaultSpec[]): Scenario {
  const scenario = namedScenario(name);
  const { alone: _, ...wanted } = scenario.expect;
  return { ...scenario, faults, expect: wanted };
}

/** Checkers that convict, and what the console shows. */
function verdict(scenario: Scenario): unknown {
  const world = runWorld(scenario, silent);
  const { violations, console } = outcomeOf(world, silent);
  return { violations, console, breaks: world.state.happened['disk connection broken'] };
}

const FINE = { violations: [], console: 'read 3\nread 6\nread 9\nread 12\n' };

describe('requests that overlap', () => {
  it('run one after the other on whichever host, whenever the primary dies', () => {
    for (let number = 1; number <= 20; number += isLong ? 1 : 3) {
      const crash = { do: 'crash', host: 'alpha', losing: 'outputs-too' } as const;
      const fault = { at: { on: 'output', host: 'alpha', number }, action: crash } as const;
      expect(verdict(withFaults('overlapping-writes', [fault]))).toMatchObject(FINE);
    }
  });

  it.each(['shared', 'own'] as const)('are convicted otherwise, on %s disks', (kind) => {
    const scenario = withFaults('overlapping-writes', []);
    const disk = { ...scenario.disk, kind };
    expect(runScenario({ ...scenario, disk }, silent).violations).toEqual([]);
    const mutant = withoutRule({ ...scenario, disk }, 'one-at-a-time');
    const checkers = runScenario(mutant, silent).violations.map(({ checker }) => checker);
    expect(checkers).toContain('disk-order');
  });
});

describe('a connection to the disk that breaks', () => {
  it('is made again, and what has no answer is asked for again', () => {
    for (let timeNs = MS; timeNs < 12 * MS; timeNs += 1.7 * MS) {
      const scenario = withFaults('lost-answer', [at(timeNs, BREAK), at(timeNs + 2 * MS, BREAK)]);
      expect(verdict(scenario)).toEqual({ ...FINE, breaks: 2 });
    }
  });

  it('is noticed by a host that stands still when it goes on', () => {
    const pause = { do: 'pause', host: 'alpha', forNs: 20 * MS } as const;
    const scenario = withFaults('lost-answer', [at(4 * MS, pause), at(5 * MS, BREAK)]);
    expect(verdict(scenario)).toEqual({ ...FINE, breaks: 1 });
  });

  it('leaves at the server what it has accepted, and the second copy is done first', () => {
    const { trace } = runScenario(namedScenario('lost-answer'), guestParts);
    const disk = trace.filter(({ column }) => column === 'disk').map(({ text }) => text);
    const write = disk.indexOf('write #2 of sector 0');
    const again = disk.indexOf('write #2 of sector 0 (again)');
    expect(write).toBeGreaterThanOrEqual(0);
    expect(again).toBeGreaterThan(write + 1);
  });

  it('is none where the disk is the host’s own', () => {
    const scenario = withFaults('lost-answer', [at(3 * MS, BREAK)]);
    const disk = { ...scenario.disk, kind: 'own' } as const;
    expect(verdict({ ...scenario, disk })).toEqual({ ...FINE, breaks: undefined });
  });
});

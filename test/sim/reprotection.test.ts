/**
 * Re-protection in the simulated world (protocol.md §4 rules 10 to 15): whatever happens to hosts,
 * links, disk and arbiter while a machine moves to a standby, it goes on in one place or, by a
 * limit that no rule removes, in none; and every output that ever left is one of its own.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Action, FaultSpec } from '../../src/sim/faults.ts';
import { newWorld, outcomeOf, type RunParts, runScenario, withoutRule } from '../../src/sim/run.ts';
import type { Scenario } from '../../src/sim/scenario.ts';
import type { World } from '../../src/sim/world.ts';
import { isLong, runs } from '../support/runs.ts';
import { faultAmong, toyGroup, toyParts } from './toy-scenario.ts';

const MS = 1_000_000;
const FOUR = ['alpha', 'beta', 'gamma', 'delta'];

const fault = (timeNs: number, action: Action): FaultSpec => ({
  at: { on: 'time', timeNs: Math.round(timeNs) },
  action,
});
const crash = (host: string): Action => ({ do: 'crash', host, losing: 'messages' });
const cut = (a: string, b: string, forMs: number): Action => ({
  do: 'cut',
  between: [a, b],
  forNs: Math.round(forMs * MS),
});

describe('a toy machine with standbys', () => {
  it('keeps the Output Requirement over any faults and restarts at any moments', () => {
    const faults = fc.array(faultAmong(FOUR), { maxLength: 8 });
    fc.assert(
      fc.property(fc.nat(), faults, (seed, these) => {
        const outcome = runScenario(toyGroup(4, seed, these), { ...toyParts(), tracing: false });
        expect(outcome.violations).toEqual([]);
      }),
      { numRuns: runs(30, 15) },
    );
  });
});

/** Runs until the trace says `text`; false if it never does. */
function runUntil(world: World, text: string): boolean {
  let seen = 0;
  do {
    for (; seen < world.state.trace.length; seen++) {
      if (world.state.trace[seen]!.text.includes(text)) return true;
    }
  } while (world.next());
  return false;
}

describe('while a machine moves to a standby', () => {
  const DEATHS: readonly Action[] = [crash('alpha'), crash('gamma')];
  const WORST: readonly Action[] = [
    { do: 'crash', host: 'alpha', losing: 'outputs-too' },
    { do: 'restart', host: 'alpha' },
    { do: 'pause', host: 'alpha', forNs: 8 * MS },
    { do: 'restart', host: 'gamma' },
    { do: 'pause', host: 'gamma', forNs: 8 * MS },
    cut('alpha', 'gamma', 12),
    { do: 'break', between: ['alpha', 'gamma'] },
    cut('gamma', 'arbiter', 12),
    { do: 'arbiter', mode: 'down', forNs: 12 * MS },
    { do: 'power-off' },
    { do: 'switch-over' },
  ];

  /** At each event all of WORST in the long checks, else one in so many, taking turns. */
  const TURN = isLong ? Math.max(1, Math.round(33 / runs(1))) : 77;

  /** The world at every event from the offer to the first acknowledgement, and what fails there. */
  function* worstMoments(
    seed: number,
    kind: 'shared' | 'own',
    parts: RunParts,
  ): Generator<[FaultSpec, World]> {
    const group = toyGroup(4, seed, [fault(MS, crash('beta'))]);
    const disk = { ...group.disk, kind };
    const scenario = { ...group, disk, safetyNs: 22 * MS, livenessNs: 12 * MS };
    const world = newWorld(scenario, { ...parts, tracing: true });
    expect(runUntil(world, 'offers generation 2')).toBe(true);
    let over = false;
    for (let turn = 0; !over; turn++) {
      const saved = world.save();
      const some = WORST.filter((_, index) => (index + turn) % TURN === 0);
      const deaths = turn % 8 === 0 || TURN === 1 ? DEATHS : [];
      for (const action of [...deaths, ...some]) {
        const worse = fault(world.state.nowNs, action);
        const other = newWorld(scenario, parts);
        other.load(saved, [...scenario.faults, worse]);
        yield [worse, other];
      }
      const seen = world.state.trace.length;
      world.next();
      over = world.state.trace.slice(seen).some(({ text }) => text.includes('is protected by'));
    }
  }

  it('whatever fails at whatever event leaves one machine, or none by a known limit', () => {
    const ends = new Map<string, number>();
    for (const kind of ['shared', 'own'] as const) {
      for (let seed = 1; seed <= runs(1); seed++) {
        const parts: RunParts = { ...toyParts({ rates: { halt: 1, disk: 30 } }), tracing: false };
        for (const [worse, world] of worstMoments(seed, kind, parts)) {
          while (world.next());
          const { violations, roles } = outcomeOf(world, parts);
          expect(violations, JSON.stringify({ kind, seed, worse })).toEqual([]);
          const end = Object.values(roles).sort().join(' ');
          ends.set(end, (ends.get(end) ?? 0) + 1);
        }
      }
    }
    // All that may come of it does: protected by another, by the same, and lost with the source.
    expect([...ends.keys()]).toEqual(
      expect.arrayContaining([
        'backup crashed crashed primary',
        'backup crashed primary standby',
        'crashed crashed standby standby',
      ]),
    );
  });
});

describe('a machine with standbys', () => {
  const traceOf = (scenario: Scenario): string[] =>
    runScenario(scenario, toyParts()).trace.map(({ column, text }) => `${column} ${text}`);

  it('is never protected by the place where it runs', () => {
    const scenario = toyGroup(4, 1, [fault(2 * MS, crash('beta'))]);
    const places = ['left', 'right', 'left', 'right'];
    const hosts = scenario.hosts.map((host, index) => ({ ...host, place: places[index]! }));
    const trace = traceOf({ ...scenario, hosts });
    expect(trace).toContain('alpha offers generation 2 to delta');
    expect(trace.filter((line) => line.includes('to gamma'))).toEqual([]);
  });

  it('stays alone, by name, while its guest writes to memory faster than the channel', () => {
    const scenario = toyGroup(3, 1, [fault(2 * MS, crash('beta'))]);
    const network = { ...scenario.network, channelRate: 4_000_000 };
    const limits = { ...scenario.limits, pauseNs: MS, cloneRounds: 3 };
    const run = (change: Partial<Scenario>): string[] => traceOf({ ...scenario, ...change });
    const tooSlow = run({ network, limits });
    expect(tooSlow).toContain('alpha gives up the clone to gamma: too-dirty');
    expect(tooSlow.join()).not.toContain('is protected by');
    expect(run({ network, limits: { ...limits, pauseNs: 10 * MS } }).join()).toContain(
      'is protected by gamma: 2 rounds',
    );
  });

  it('replaces a backup that has diverged', () => {
    const flip: Action = { do: 'flip', host: 'beta', address: 100, bit: 3 };
    const outcome = runScenario(toyGroup(3, 1, [fault(2 * MS, flip)]), toyParts());
    expect(outcome.violations.map(({ checker }) => checker)).toEqual(['divergence']);
    expect(outcome.roles).toEqual({ alpha: 'primary', beta: 'halted', gamma: 'backup' });
  });

  it('is switched over and back by the operator, with nothing to detect', () => {
    const scenario = toyGroup(2, 1, [
      fault(5 * MS, { do: 'switch-over' }),
      fault(9 * MS, { do: 'restart', host: 'alpha' }),
      fault(15 * MS, { do: 'switch-over' }),
    ]);
    const outcome = runScenario(scenario, toyParts());
    expect(outcome.violations).toEqual([]);
    expect(outcome.roles).toEqual({ alpha: 'alone', beta: 'halted' });
    const times = outcome.trace.filter(({ text }) => text === 'is alone now');
    expect(times.map(({ column }) => column)).toEqual(['beta', 'alpha']);
    expect(times[0]!.timeNs - 5 * MS).toBeLessThan(scenario.timing.failureTimeoutNs);
  });
});

describe('a machine that moves to standbys without a rule', () => {
  /** Whether that checker convicts one of the first runs of the sequence of that number. */
  function isConvicted(
    rule: string,
    checker: string,
    hosts: number,
    faults: fc.Arbitrary<readonly FaultSpec[]>,
    sequence: number,
  ): boolean {
    const sample = fc.sample(fc.tuple(fc.nat(), faults), { numRuns: 200, seed: sequence });
    return sample.some(([seed, these]) => {
      const scenario = withoutRule(toyGroup(hosts, seed, these), rule);
      const { violations } = runScenario(scenario, { ...toyParts(), tracing: false });
      return violations.some((violation) => violation.checker === checker);
    });
  }

  const someFaults = fc.array(faultAmong(['alpha', 'beta', 'gamma']), {
    minLength: 2,
    maxLength: 6,
  });
  /** Faults at times that depend on a moment and a shift, in milliseconds. */
  const around = (make: (atNs: number, shiftNs: number) => FaultSpec[]) =>
    fc
      .tuple(fc.integer({ min: 0, max: 8 * MS }), fc.integer({ min: 0, max: 3 * MS }))
      .map(([atNs, shiftNs]) => make(atNs, shiftNs));

  /** The old primary cannot reach the disk; what it has sent there comes late. */
  const lateWrites = around((atNs) => [
    fault(atNs, cut('alpha', 'disk', 15)),
    fault(atNs + 2 * MS, { do: 'break', between: ['alpha', 'beta'] }),
  ]);
  /** Acknowledgements of the first backup come when the second one's are awaited. */
  const lateAcks = around((atNs, shiftNs) => [
    fault(atNs, { do: 'delay', between: ['alpha', 'beta'], delayNs: 2 * MS }),
    fault(atNs, { do: 'delay', between: ['alpha', 'gamma'], delayNs: 2 * MS }),
    fault(atNs, cut('beta', 'arbiter', 40)),
    fault(atNs + 3 * MS, cut('alpha', 'beta', 14 + shiftNs / MS)),
  ]);
  /** The old primary stands still, and wakes when neither it nor the gateway knows the new one. */
  const lateSleeper = around((atNs, shiftNs) => [
    fault(atNs, cut('alpha', 'arbiter', 20)),
    fault(atNs, cut('beta', 'gateway', 20)),
    fault(atNs, { do: 'pause', host: 'alpha', forNs: 6 * MS + shiftNs }),
  ]);
  /** The first backup dies; the second is cut off about when it gets the last message. */
  const lateCut = around((atNs, shiftNs) => [
    fault(atNs, crash('beta')),
    fault(atNs + 6 * MS + shiftNs, cut('alpha', 'gamma', 20)),
  ]);

  // Each by a sequence in which it is convicted soon.
  it.each([
    ['tokens', 'disk-order', 2, lateWrites, 50],
    ['present-channel', 'output-rule', 3, lateAcks, 9],
    ['close-first', 'requirement', 2, lateSleeper, 1],
    ['rule-first', 'output-rule', 3, someFaults, 1],
    ['spend-number', 'one-live', 3, lateCut, 50],
    ['complete-only', 'one-live', 3, lateCut, 1],
    ['ask-source', 'requirement', 3, someFaults, 5],
  ])('%s breaks what the checker %s watches', (rule, checker, hosts, faults, sequence) => {
    expect(isConvicted(rule, checker, hosts, faults, sequence)).toBe(true);
  });

  it.each([
    ['late writes', lateWrites],
    ['late acknowledgements', lateAcks],
    ['a late sleeper', lateSleeper],
    ['a late cut', lateCut],
  ])('and with all rules survives %s', (_, faults) => {
    for (const [seed, these] of fc.sample(fc.tuple(fc.nat(), faults), {
      numRuns: runs(20, 8),
      seed: 2,
    })) {
      const outcome = runScenario(toyGroup(3, seed, these), { ...toyParts(), tracing: false });
      expect(outcome.violations).toEqual([]);
    }
  });
});

/**
 * How long things take, to the nanosecond: with disks that serve at once and links that delay but
 * do not jam, the times of protocol.md are sums that can be written down.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STEP_PERCENT } from '../../src/ft/lag.ts';
import { newWorld, runScenario, runWorld, withoutRule } from '../../src/sim/run.ts';
import type { HostSpec, Scenario } from '../../src/sim/scenario.ts';
import { runs } from '../support/runs.ts';
import { guestParts, NOTHING, namedScenario } from './guests.ts';
import { toyParts, toyScenario } from './toy-scenario.ts';

const MS = 1_000_000;
const US = 1000;
/** A toy machine that never sleeps. */
const BUSY = toyParts({ rates: { halt: 0, timer: 0, getc: 60 } });

interface Times {
  readonly channelNs: number;
  readonly arbiterNs: number;
  readonly diskNs: number;
  readonly heartbeatNs?: number;
  readonly failureTimeoutNs?: number;
  readonly speed?: number;
}

/** Alpha dies so long after its tenth heartbeat, when whatever it said before has arrived. */
const CRASH_AFTER_NS = 800 * US;

/** A scenario in which nothing is left to chance and nothing is served. */
function exact(times: Times): Scenario {
  const { channelNs, arbiterNs, diskNs, heartbeatNs = MS, failureTimeoutNs = 5 * MS } = times;
  const scenario = toyScenario(1);
  const datagrams = { loss: 0, duplication: 0, jitterNs: 0 };
  const hosts: HostSpec[] = [
    scenario.hosts[0]!,
    { ...scenario.hosts[1]!, speed: times.speed ?? 1 },
  ];
  return {
    ...scenario,
    hosts,
    timing: { ...scenario.timing, heartbeatNs, failureTimeoutNs },
    network: { ...scenario.network, channelNs, arbiterNs, diskNs, datagrams },
    disk: { ...scenario.disk, serviceNs: [0, 0], slowFactor: 1 },
    safetyNs: 1000 * MS,
    faults: [
      {
        at: { on: 'time', timeNs: 10 * heartbeatNs + CRASH_AFTER_NS },
        action: { do: 'crash', host: 'alpha', losing: 'messages' },
      },
    ],
  };
}

interface GoLive {
  readonly liveNs: number;
  /** When beta had executed everything that it had been given without a break before. */
  readonly executedNs: number;
}

/** Runs until beta has gone live. */
function goLive(scenario: Scenario): GoLive {
  const world = newWorld(scenario, { ...BUSY, tracing: false });
  const { replica, state } = world.host('beta');
  let wasRunning = false;
  let busy = { sinceNs: 0, count: 0 };
  while (replica.role !== 'alone' && world.next()) {
    const { running } = replica.state().execution;
    if (running && !wasRunning) busy = { sinceNs: world.state.nowNs, count: state.count };
    wasRunning = running;
  }
  expect(replica.role).toBe('alone');
  const speed = scenario.hosts[1]!.speed ?? 1;
  const spentNs = ((state.count - busy.count) * world.nsPerInstruction) / speed;
  return { liveNs: world.state.nowNs, executedNs: busy.sinceNs + spentNs };
}

const us = (most: number, least = 0): fc.Arbitrary<number> =>
  fc.integer({ min: least, max: most }).map((n) => n * US);

describe('the time from the last heartbeat heard to the go-live', () => {
  const times = fc.record({
    channelNs: us(700),
    arbiterNs: us(8000),
    diskNs: us(8000),
    heartbeatNs: us(3000, 1000),
    failureTimeoutNs: us(20_000, 5000),
  });

  it('is timeout + test-and-set + fence, exactly, for a backup that keeps up', () => {
    fc.assert(
      fc.property(times, (time) => {
        const lastBeatNs = 10 * time.heartbeatNs + time.channelNs;
        const testAndSetNs = 2 * time.arbiterNs;
        const fenceNs = 2 * time.diskNs;
        const { liveNs } = goLive(exact(time));
        expect(liveNs - lastBeatNs).toBe(time.failureTimeoutNs + testAndSetNs + fenceNs);
      }),
      { numRuns: runs(4) },
    );
  });

  it('or the time to execute what was acknowledged, exactly, where that is longer', () => {
    let lagged = 0;
    fc.assert(
      fc.property(times, fc.constantFrom(0.5, 0.25, 0.125), (time, speed) => {
        const { liveNs, executedNs } = goLive(exact({ ...time, speed }));
        const askedNs = 10 * time.heartbeatNs + time.channelNs + time.failureTimeoutNs;
        const allowedNs = askedNs + 2 * time.arbiterNs + 2 * time.diskNs;
        expect(liveNs).toBe(Math.max(executedNs, allowedNs));
        if (executedNs > allowedNs) lagged++;
      }),
      { numRuns: runs(4) },
    );
    expect(lagged).toBeGreaterThan(0);
  });
});

describe('the Output Rule', () => {
  // A client so near that it asks again before the guest is back to sleep has to wait for that too.
  const clientNs = us(3000, 30);
  const delays = fc.record({ channelNs: us(20_000), gatewayNs: us(3000), clientNs });

  it('delays an answer by one round trip of the channel, whatever the settings are', () => {
    const scenario = namedScenario('crash-after-output');
    const answers = (given: Scenario): number[] => {
      const { state } = runWorld(given, { ...guestParts, tracing: false });
      return state.clients[0]!.saw.map(({ atNs, askedNs }) => atNs - askedNs);
    };
    fc.assert(
      fc.property(delays, us(30_000), us(3000, 500), (delay, flushNs, heartbeatNs) => {
        const timing = { ...scenario.timing, failureTimeoutNs: 500 * MS, flushNs, heartbeatNs };
        const clients = scenario.clients.map((client) => ({ ...client, retryNs: 1000 * MS }));
        const network = { ...scenario.network, ...delay };
        const kept = { ...scenario, timing, clients, network, faults: [], expect: NOTHING };
        const [asking, ...held] = answers(kept);
        const [soon, ...free] = answers(withoutRule(kept, 'output-rule'));
        // Before the first the client is told the guest's address, which is an output as well.
        expect(asking! - soon!).toBe(4 * delay.channelNs);
        expect(free.length).toBeGreaterThan(1);
        expect(held.map((ns, i) => ns - free[i]!)).toEqual(free.map(() => 2 * delay.channelNs));
      }),
      { numRuns: runs(4) },
    );
  });

  it('delays every output of a busy guest so, and the guest not at all', () => {
    const busy = toyParts({ rates: { halt: 0, timer: 0, getc: 60, disk: 0, frame: 60 } });
    const outputs = (given: Scenario): [string, number][] =>
      runScenario(given, busy)
        .trace.filter(({ column, text }) => column === 'alpha' && text.startsWith('releases'))
        .map(({ text, timeNs }) => [text, timeNs]);
    fc.assert(
      fc.property(us(5000), (channelNs) => {
        const given: Scenario = { ...exact({ channelNs, arbiterNs: 0, diskNs: 0 }), faults: [] };
        const timing = { ...given.timing, failureTimeoutNs: 500 * MS };
        const scenario = { ...given, timing, safetyNs: 30 * MS, livenessNs: 0 };
        const held = outputs(scenario);
        const free = outputs(withoutRule(scenario, 'output-rule'));
        expect(held.length).toBeGreaterThan(10);
        const delayed = free.map(([text, atNs]) => [text, atNs + 2 * channelNs]);
        expect(held).toEqual(delayed.slice(0, held.length));
      }),
      { numRuns: runs(2) },
    );
  });
});

describe('a backup on a slower host', () => {
  /** Alpha's lag at its largest and its share, in percent, from `fromNs` on. */
  function watch(scenario: Scenario, fromNs: number): { lagNs: number; shares: number[] } {
    const world = newWorld(scenario, { ...BUSY, tracing: false });
    const shares: number[] = [];
    let lagNs = 0;
    while (world.next()) {
      if (world.state.nowNs < fromNs) continue;
      const { lag } = world.host('alpha').replica.state();
      lagNs = Math.max(lagNs, lag.ns);
      shares.push(lag.share);
    }
    expect(world.state.violations).toEqual([]);
    return { lagNs, shares };
  }

  const slow = (limitNs: number): Scenario => {
    const scenario = exact({ channelNs: 0, arbiterNs: 0, diskNs: 0, speed: 0.5 });
    const limits = { ...scenario.limits, lagNs: limitNs };
    return { ...scenario, limits, faults: [], safetyNs: 500 * MS, livenessNs: 0 };
  };

  it('falls behind without end if nothing is done: half of the time that has passed', () => {
    const { lagNs, shares } = watch(slow(Number.POSITIVE_INFINITY), 0);
    expect(lagNs).toBeGreaterThan(240 * MS);
    expect(new Set(shares)).toEqual(new Set([100]));
  });

  it('stays near the limit: its primary executes about as slowly, by small steps', () => {
    expect(watch(slow(20 * MS), 0).lagNs).toBeLessThan(30 * MS);
    const { lagNs, shares } = watch(slow(20 * MS), 250 * MS);
    expect(lagNs).toBeLessThan(26 * MS);
    const mean = shares.reduce((a, b) => a + b) / shares.length;
    expect(mean).toBeGreaterThan(40);
    expect(mean).toBeLessThan(60);
    const steps = shares.slice(1).map((share, i) => Math.abs(share - shares[i]!));
    expect(Math.max(...steps)).toBe(STEP_PERCENT);
  });

  it('catches up after a pause, and its primary has the whole CPU again', () => {
    const scenario = slow(10 * MS);
    const pausing: Scenario = {
      ...scenario,
      hosts: toyScenario(1).hosts,
      timing: { ...scenario.timing, failureTimeoutNs: 100 * MS },
      faults: [
        {
          at: { on: 'time', timeNs: 20 * MS },
          action: { do: 'pause', host: 'beta', forNs: 40 * MS },
        },
      ],
    };
    const during = watch(pausing, 0);
    expect(during.lagNs).toBeGreaterThan(35 * MS);
    expect(Math.min(...during.shares)).toBeLessThan(90);
    const after = watch(pausing, 400 * MS);
    expect(after.lagNs).toBeLessThan(10 * MS);
    expect(new Set(after.shares)).toEqual(new Set([100]));
  });
});

/**
 * How long things take, to the nanosecond: with disks that serve at once and links that delay but
 * do not jam, the times of protocol.md are sums that can be written down.
 */
import { describe, expect, it } from 'vitest';
import { STEP_PERCENT } from '../../src/ft/lag.ts';
import { newWorld, runScenario, withoutRule } from '../../src/sim/run.ts';
import type { HostSpec, Scenario } from '../../src/sim/scenario.ts';
import type { World } from '../../src/sim/world.ts';
import { guestParts, namedScenario } from './guests.ts';
import { toyParts, toyScenario } from './toy-scenario.ts';

const MS = 1_000_000;
const US = 1000;
/** A toy machine that never sleeps. */
const BUSY = toyParts({ rates: { halt: 0, timer: 0, getc: 60 } });

interface Times {
  readonly channelNs: number;
  readonly arbiterNs: number;
  readonly diskNs: number;
  readonly speed?: number;
}

/** A scenario in which nothing is left to chance and nothing is served. */
function exact({ channelNs, arbiterNs, diskNs, speed = 1 }: Times): Scenario {
  const scenario = toyScenario(1);
  const datagrams = { loss: 0, duplication: 0, jitterNs: 0 };
  const hosts: HostSpec[] = [scenario.hosts[0]!, { ...scenario.hosts[1]!, speed }];
  return {
    ...scenario,
    hosts,
    network: { ...scenario.network, channelNs, arbiterNs, diskNs, datagrams },
    disk: { ...scenario.disk, serviceNs: [0, 0], slowFactor: 1 },
    faults: [
      {
        at: { on: 'time', timeNs: 10_500 * US },
        action: { do: 'crash', host: 'alpha', losing: 'messages' },
      },
    ],
  };
}

/** The world when beta has gone live, the time of that, and when its first entries came. */
function goLive(scenario: Scenario): { liveNs: number; firstNs: number; world: World } {
  const world = newWorld(scenario, BUSY);
  while (world.host('beta').replica.role !== 'alone' && world.next());
  const { trace } = world.state;
  const first = trace.find(({ text }) => /^alpha>beta batch.*(packet|console|output)/.test(text))!;
  const firstNs = first.timeNs + scenario.network.channelNs;
  return { liveNs: world.state.nowNs, firstNs, world };
}

describe('the time to go live after a crash', () => {
  const times = [
    { channelNs: 200 * US, arbiterNs: 100 * US, diskNs: 100 * US },
    { channelNs: 37 * US, arbiterNs: 1234 * US, diskNs: 567 * US },
  ];

  it.each(times)('is detection + test-and-set + fence for a backup that keeps up: %j', (time) => {
    const { heartbeatNs, failureTimeoutNs } = toyScenario(1).timing;
    const lastBeatNs = 10 * heartbeatNs + time.channelNs;
    const testAndSetNs = 2 * time.arbiterNs;
    const fenceNs = 2 * time.diskNs;
    expect(goLive(exact(time)).liveNs).toBe(lastBeatNs + failureTimeoutNs + testAndSetNs + fenceNs);
  });

  it.each(times)('is the time to execute what was acknowledged, if that is longer: %j', (time) => {
    const speed = 0.25;
    const { liveNs, firstNs, world } = goLive(exact({ ...time, speed }));
    const perInstruction = world.nsPerInstruction / speed;
    const { count } = world.host('beta').state;
    expect(liveNs).toBe(firstNs + count * perInstruction);
    expect(liveNs).toBeGreaterThan(30 * MS);
  });
});

describe('the Output Rule', () => {
  it.each([0, 200 * US, 1 * MS, 5 * MS, 20 * MS])(
    'delays an output by one round trip of the channel, here 2 × %i ns, and by nothing else',
    (channelNs) => {
      const { network, ...scenario } = namedScenario('crash-after-output');
      const timing = { ...scenario.timing, failureTimeoutNs: 500 * MS };
      const clients = scenario.clients.map((client) => ({ ...client, retryNs: 1000 * MS }));
      const kept = { ...scenario, timing, clients, faults: [], expect: NOTHING };
      const protectedOne: Scenario = { ...kept, network: { ...network, channelNs } };
      const answers = (given: Scenario): number[] => {
        const { trace } = runScenario(given, guestParts);
        const at = (text: string) =>
          trace.find((event) => event.column === 'alice' && event.text.startsWith(text))!.timeNs;
        return [2, 3].map((n) => at(`is told #alice.${n}`) - at(`asks #alice.${n}`));
      };
      const [second, third] = answers(protectedOne);
      const [soon, also] = answers(withoutRule(protectedOne, 'output-rule'));
      expect([second! - soon!, third! - also!]).toEqual([2 * channelNs, 2 * channelNs]);
    },
  );
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

const NOTHING = { answers: {}, asWithoutFaults: [], diverged: [] };

/** Many failovers of real guests, one after the other: nobody who asks them can tell. */
import { describe, expect, it } from 'vitest';
import type { FaultSpec } from '../../src/sim/faults.ts';
import { newWorld, outcomeOf, runScenario } from '../../src/sim/run.ts';
import { parseScenario, type Scenario } from '../../src/sim/scenario.ts';
import { guestParts } from './guests.ts';

/** The hosts that carry the machine, in turns: a restarted one is the first standby there is. */
const CARRIERS = ['alpha', 'beta', 'gamma'];

/** A store that is asked; every fourth answer kills the host that gave it, which is back later. */
function storeThatFails(failovers: number): Scenario {
  const requests: string[] = [];
  for (let i = 0; i < 4 * failovers + 4; i++) {
    const key = `key${i % 5}`;
    requests.push(i % 3 === 1 ? `get ${key}` : i % 7 === 5 ? `del ${key}` : `set ${key} v${i}`);
  }
  const faults: FaultSpec[] = [];
  for (let i = 0; i < failovers; i++) {
    const host = CARRIERS[i % CARRIERS.length]!;
    const losing = i % 2 === 0 ? ('messages' as const) : ('outputs-too' as const);
    const [dies, returns] = [4 * i + 2, 4 * i + 4];
    faults.push({ at: { on: 'answer', number: dies }, action: { do: 'crash', host, losing } });
    faults.push({ at: { on: 'answer', number: returns }, action: { do: 'restart', host } });
  }
  const list = requests.map((text) => `{ send: ${text}, pause: 30ms }`).join(', ');
  const scenario = parseScenario(
    `{ name: kv, hosts: [alpha, beta, gamma, delta], guest: { image: kv, devices: [net] },
       clients: [{ name: alice, retry: 20ms, requests: [${list}] }], safety: 60s,
       expect: { as-without-faults: [answers, console] } }`,
    'kv.yaml',
  );
  return { ...scenario, faults };
}

describe('a key-value store on four hosts', () => {
  it('has its history unbroken over ten failovers in a row', () => {
    const outcome = runScenario(storeThatFails(10), guestParts);
    expect(outcome.violations).toEqual([]);
    expect(outcome.stats.notFired).toEqual([]);
    const alone = outcome.trace.filter(({ text }) => text === 'is alone now');
    const inTurns = [...CARRIERS.slice(1), ...CARRIERS, ...CARRIERS, ...CARRIERS].slice(0, 10);
    expect(alone.map(({ column }) => column)).toEqual(inTurns);
    const begun = outcome.trace.filter(({ text }) => text.startsWith('is protected by'));
    expect(begun).toHaveLength(10);
  });

  it('can be forked in the middle of any of them, and goes on identically', () => {
    const scenario = storeThatFails(3);
    const world = newWorld(scenario, guestParts);
    for (let events = 1; world.next(); events++) {
      if (events % 700 !== 0) continue;
      const copy = world.fork();
      while (copy.next());
      expect(outcomeOf(copy, guestParts)).toEqual(runScenario(scenario, guestParts));
    }
  });
});

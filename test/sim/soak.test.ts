/** Random worlds with all rules on satisfy every checker, and one seed is one world. */
import { expect, it } from 'vitest';
import { FAULT_KINDS } from '../../src/sim/fault-kinds.ts';
import { SOAK_GUESTS } from '../../src/sim/random-world.ts';
import { parseScenario } from '../../src/sim/scenario.ts';
import { scenarioText } from '../../src/sim/scenario-text.ts';
import { shrink } from '../../src/sim/shrink.ts';
import {
  convictionsOf,
  newTally,
  soakOne,
  soakScenario,
  TWICE_EVERY,
  tallyUp,
} from '../../src/sim/soak.ts';
import { runs, runsByLength } from '../support/runs.ts';
import { guestParts } from './guests.ts';

const tally = newTally();

it.each(SOAK_GUESTS)('random worlds of %s', (guest) => {
  for (let seed = 1; seed <= runs(5, 2); seed++) {
    const scenario = soakScenario(seed, { guest, without: [] });
    const result = soakOne(scenario, guestParts);
    tallyUp(tally, result);
    expect(result.violations, `vmft soak --runs 1 --seed ${seed} --guest ${guest}`).toEqual([]);
  }
});

it.each([
  [2689, 'a switch-over that was called off lost a disk completion'],
  [52900, 'a write that failed when it was issued again was missed on the disk'],
  [63047, 'entries on a host that stood still, waiting for its own read, were overlooked'],
  [50191, 'a false alarm after the last answer was judged in the middle of its failover'],
])('seed %i, which once failed: %s', (seed) => {
  const scenario = soakScenario(seed, { guest: undefined, without: [] });
  expect(soakOne(scenario, guestParts).violations).toEqual([]);
});

it('had faults of most kinds, and every kind in the long checks', () => {
  const fired = FAULT_KINDS.filter((kind) => tally.happened[kind].times > 0);
  if (runs(5) >= 50) expect(fired).toEqual(FAULT_KINDS);
  else expect(fired.length).toBeGreaterThan(FAULT_KINDS.length / 2);
});

it('a bit of the memory flips in a world of its own, where nothing else goes wrong', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const { faults } = soakScenario(seed, { guest: undefined, without: [] });
    if (faults.some(({ action }) => action.do === 'flip')) expect(faults).toHaveLength(1);
  }
});

it('one seed in a hundred is run twice, and leaves the same trace', () => {
  const scenario = soakScenario(TWICE_EVERY, { guest: undefined, without: [] });
  expect(soakOne(scenario, guestParts)).toMatchObject({ twice: true, violations: [] });
});

it('a world that fails is reduced to a file that fails alike', () => {
  const scenario = soakScenario(1, { guest: 'kv', without: ['win-first'] });
  const fails = (candidate: typeof scenario) => convictionsOf(candidate, guestParts).length > 0;
  expect(fails(scenario)).toBe(true);
  const smallest = shrink(scenario, fails, runsByLength(40, 60, 60));
  expect(smallest.faults.length).toBeLessThan(scenario.faults.length);
  const again = parseScenario(scenarioText(smallest), 'soak-1.yaml');
  expect(convictionsOf(again, guestParts)).toEqual(convictionsOf(smallest, guestParts));
});

/** Random worlds with all rules on satisfy every checker, and one seed is one world. */
import { expect, it } from 'vitest';
import { isExcused, randomScenario, SOAK_GUESTS } from '../../src/sim/random-world.ts';
import { runScenario } from '../../src/sim/run.ts';
import { runs } from '../support/runs.ts';
import { guestParts } from './guests.ts';

it.each(SOAK_GUESTS)('random worlds of %s', (guest) => {
  for (let seed = 1; seed <= runs(5); seed++) {
    const scenario = randomScenario(seed, guest);
    const { violations } = runScenario(scenario, { ...guestParts, tracing: false });
    const counting = violations.filter(({ checker }) => !isExcused(scenario, checker));
    expect(counting, `vmft soak --runs 1 --seed ${seed} --guest ${guest}`).toEqual([]);
  }
});

it('a seed draws the same world and the same run each time', () => {
  const [one, other] = [7, 7].map((seed) => runScenario(randomScenario(seed), guestParts));
  expect(one).toEqual(other);
});

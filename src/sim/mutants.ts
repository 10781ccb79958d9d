/**
 * Mutants of the design: everything that can be switched off, one thing at a time. Each must be
 * convicted: by a scenario that names it under "without", else by random worlds in which it is
 * off. What nothing convicts would be a rule without a reason, or a checker that is blind.
 */
import { isExcused, randomScenario } from './random-world.ts';
import { type RunParts, runScenario, withoutRule } from './run.ts';
import { OPTIONAL_NAMES, type Scenario } from './scenario.ts';

/** Each of them: the rules of the protocol, then the mechanisms of the hypervisor. */
export const MUTANTS: readonly string[] = OPTIONAL_NAMES;

/** How a mutant was caught. */
export interface Caught {
  /** The scenario, or the seed of the random world. */
  readonly by: string;
  readonly checker: string;
  /** Runs until then, this one included. */
  readonly runs: number;
  /** Virtual time in the last run when it was noticed, in ns. */
  readonly timeNs: number;
}

/** Tries scenarios, then up to `seeds` random worlds; undefined if the mutant survives them all. */
export function hunt(
  mutant: string,
  scenarios: readonly Scenario[],
  parts: RunParts,
  seeds: number,
): Caught | undefined {
  const silent = { ...parts, tracing: false };
  const named = scenarios.filter(({ without }) => without.includes(mutant));
  let runs = 0;
  for (const scenario of named) {
    runs++;
    const [first] = runScenario(withoutRule(scenario, mutant), silent).violations;
    if (!first) continue;
    return { by: scenario.name, checker: first.checker, runs, timeNs: first.timeNs };
  }
  for (let seed = 1; seed <= seeds; seed++) {
    runs++;
    const scenario = withoutRule(randomScenario(seed), mutant);
    const { violations } = runScenario(scenario, silent);
    const first = violations.find(({ checker }) => !isExcused(scenario, checker));
    if (!first) continue;
    return { by: `seed ${seed}`, checker: first.checker, runs, timeNs: first.timeNs };
  }
  return undefined;
}

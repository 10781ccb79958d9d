/** The shortest counterexample of an exploration: a scenario that is convicted when it is run. */
import { type Outcome, type RunParts, runScenario } from '../run.ts';
import type { Scenario } from '../scenario.ts';
import { shrink } from '../shrink.ts';
import type { Conviction } from './exploration.ts';
import { verdictOfChecker } from './verdict.ts';

/** Runs that are spent on making a counterexample shorter. */
const MAX_TRIES = 60;

/** A scenario that shows a conviction, and the outcome of its run. */
export interface Counterexample {
  readonly scenario: Scenario;
  readonly outcome: Outcome;
}

/**
 * Runs `scenario` with the faults of a conviction from the beginning, and leaves out what the
 * conviction does not need.
 */
export function counterexample(
  scenario: Scenario,
  { faults, verdict }: Conviction,
  parts: RunParts,
): Counterexample {
  const run = (candidate: Scenario): Outcome =>
    runScenario(candidate, { ...parts, tracing: false });
  const fails = (candidate: Scenario): boolean =>
    run(candidate).violations.some(({ checker }) => verdictOfChecker(checker) === verdict);
  const whole = { ...scenario, name: `${scenario.name}-counterexample`, without: [], faults };
  const shortest = shrink(whole, fails, MAX_TRIES);
  return { scenario: shortest, outcome: run(shortest) };
}

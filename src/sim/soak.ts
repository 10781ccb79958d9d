/**
 * One random world after the other, each judged; one seed in a hundred is run twice and must leave
 * the same trace. Results are plain data, so that several threads can share a range of seeds.
 */
import { BugError } from '../base/assert.ts';
import { FAULT_KINDS, type FaultCounts, type FaultKind } from './fault-kinds.ts';
import { isExcused, randomScenario } from './random-world.ts';
import { newWorld, outcomeOf, type RunParts, withoutRule } from './run.ts';
import type { Scenario } from './scenario.ts';

/** One seed in so many is run a second time. */
export const TWICE_EVERY = 100;

/** What is run, besides the seeds. */
export interface SoakOptions {
  /** Only this guest; any if undefined. */
  readonly guest: string | undefined;
  /** Rules and mechanisms that are switched off. */
  readonly without: readonly string[];
}

/** What came of one seed. */
export interface SoakResult {
  readonly seed: number;
  /** "checker: evidence" of each violation that no drawn fault excuses. */
  readonly violations: readonly string[];
  readonly happened: FaultCounts;
  readonly simulatedNs: number;
  readonly twice: boolean;
}

/** The scenario of a seed. */
export function soakScenario(seed: number, { guest, without }: SoakOptions): Scenario {
  return without.reduce(withoutRule, randomScenario(seed, guest));
}

/** Violations of one run that count. */
export function convictionsOf(scenario: Scenario, parts: RunParts): string[] {
  return runOnce(scenario, { ...parts, tracing: false }).violations;
}

/** Runs the world of `scenario`, and again if it is its turn. */
export function soakOne(scenario: Scenario, parts: RunParts): SoakResult {
  const { seed } = scenario;
  const twice = seed % TWICE_EVERY === 0;
  const tracing = { ...parts, tracing: twice };
  const { world, trace, violations } = runOnce(scenario, tracing);
  if (twice && runOnce(scenario, tracing).trace !== trace) {
    violations.push('determinism: a second run left another trace');
  }
  const { happened, nowNs: simulatedNs } = world.state;
  return { seed, violations, happened, simulatedNs, twice };
}

/** An assertion that fails is a failure like others: it has a seed, and can be reduced. */
function runOnce(scenario: Scenario, parts: RunParts) {
  const world = newWorld(scenario, parts);
  try {
    while (world.next());
  } catch (error) {
    if (!(error instanceof BugError)) throw error;
    return { world, trace: '', violations: [`bug: ${error.message}`] };
  }
  const { violations, trace } = outcomeOf(world, parts);
  const counting = violations.filter(({ checker }) => !isExcused(scenario, checker));
  return {
    world,
    trace: parts.tracing === false ? '' : JSON.stringify(trace),
    violations: counting.map(({ checker, evidence }) => `${checker}: ${evidence}`),
  };
}

/** What a range of seeds came to. */
export interface SoakTally {
  runs: number;
  twice: number;
  simulatedNs: number;
  /** Of each kind of fault: how often it had an effect, and in how many worlds. */
  readonly happened: Record<FaultKind, { times: number; worlds: number }>;
  readonly failures: SoakResult[];
}

/** Nothing run yet. */
export function newTally(): SoakTally {
  const none = FAULT_KINDS.map((kind) => [kind, { times: 0, worlds: 0 }]);
  return {
    runs: 0,
    twice: 0,
    simulatedNs: 0,
    happened: Object.fromEntries(none) as SoakTally['happened'],
    failures: [],
  };
}

/** Adds one world. */
export function tallyUp(tally: SoakTally, result: SoakResult): void {
  tally.runs++;
  if (result.twice) tally.twice++;
  tally.simulatedNs += result.simulatedNs;
  for (const kind of FAULT_KINDS) {
    const times = result.happened[kind] ?? 0;
    tally.happened[kind].times += times;
    if (times > 0) tally.happened[kind].worlds++;
  }
  if (result.violations.length > 0) tally.failures.push(result);
}

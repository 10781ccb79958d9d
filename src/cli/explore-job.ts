/** One part of an exploration, in this thread: what a worker does, or the program without one. */
import { VmftError } from '../base/errors.ts';
import type { Exploration } from '../sim/explore/exploration.ts';
import {
  type ExploreOptions,
  Explorer,
  explorable,
  exploreOptions,
} from '../sim/explore/explorer.ts';
import { withoutRule } from '../sim/run.ts';
import type { Scenario } from '../sim/scenario.ts';
import { readScenario } from './scenario-files.ts';
import { machinePartsFor } from './scenario-run.ts';

/** What is to be explored: plain data, which can be given to a worker. */
export interface ExploreTask {
  /** The scenario's name or path. */
  readonly from: string;
  readonly seed: number | undefined;
  readonly without: readonly string[];
  readonly options: Partial<ExploreOptions>;
}

/** What a part says on its way: places done and all of them, and in the end what it found. */
export type ExploreReport =
  | { readonly done: number; readonly of: number }
  | { readonly exploration: Exploration };

/** Forks between two reports. */
const BUDGET = 200;

/** The scenario of a task as it is explored. @throws VmftError 'scenario' */
export function scenarioOf({ from, seed, without }: ExploreTask): Scenario {
  const file = readScenario(from);
  const scenario = without.reduce(withoutRule, seed === undefined ? file : { ...file, seed });
  if (scenario.hosts.length < 2) {
    throw new VmftError('scenario', `${from}: one host alone cannot be protected; name two`);
  }
  return explorable(scenario);
}

/** Explores to the end. */
export async function explorePart(
  task: ExploreTask,
  report: (report: ExploreReport) => void,
): Promise<void> {
  const scenario = scenarioOf(task);
  const parts = await machinePartsFor(scenario, task.from);
  const explorer = new Explorer(scenario, parts, exploreOptions(scenario, task.options));
  do report(explorer.progress);
  while (explorer.next(BUDGET));
  report({ exploration: explorer.result() });
}

/** One part of an exploration, in this thread: what a worker does, or the program without one. */
import { VmftError } from '../base/errors.ts';
import { RealTime } from '../host/run-time.ts';
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
  /** The scenario's own faults come first. */
  readonly keepFaults: boolean;
  readonly options: Partial<ExploreOptions>;
}

/** What a part says on its way: places done and all of them; now and then what it has found. */
export interface ExploreReport {
  readonly done: number;
  readonly of: number;
  readonly found?: Exploration;
}

/** Forks between two reports. */
const BUDGET = 200;

/** Time between two reports of what has been found so far, in ns. */
const FOUND_EVERY_NS = 2e9;

/** The scenario of a task as it is explored. @throws VmftError 'scenario' */
export function scenarioOf({ from, seed, without, keepFaults }: ExploreTask): Scenario {
  const file = readScenario(from);
  const scenario = without.reduce(withoutRule, seed === undefined ? file : { ...file, seed });
  if (scenario.hosts.length < 2) {
    throw new VmftError('scenario', `${from}: one host alone cannot be protected; name two`);
  }
  return explorable(scenario, keepFaults);
}

/** Explores to the end. */
export async function explorePart(
  task: ExploreTask,
  report: (report: ExploreReport) => void,
): Promise<void> {
  const clock = new RealTime();
  const scenario = scenarioOf(task);
  const parts = await machinePartsFor(scenario, task.from);
  const explorer = new Explorer(scenario, parts, exploreOptions(scenario, task.options));
  let foundNs = 0;
  for (let more = true; more; ) {
    more = explorer.next(BUDGET);
    const isDue = !more || clock.nowNs() >= foundNs + FOUND_EVERY_NS;
    if (isDue) foundNs = clock.nowNs();
    const found = isDue ? { ...explorer.result(), spentNs: foundNs } : undefined;
    report({ ...explorer.progress, ...(found ? { found } : {}) });
  }
}

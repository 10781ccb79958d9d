/** A share of the seeds of `vmft soak`, in this thread: what a worker does, or the program. */
import { RealTime } from '../host/run-time.ts';
import type { RunParts } from '../sim/run.ts';
import { type SoakOptions, type SoakResult, soakOne, soakScenario } from '../sim/soak.ts';
import { machinePartsFor } from './scenario-run.ts';

/** Which seeds: `first`, and every `step`th after it, `runs` in all or until the time is up. */
export interface SoakTask extends SoakOptions {
  readonly first: number;
  readonly step: number;
  /** Infinity for no end. */
  readonly runs: number;
  readonly forNs: number;
}

/** Runs the worlds of a task one after the other. */
export async function soakPart(
  task: SoakTask,
  report: (result: SoakResult) => void,
): Promise<void> {
  const clock = new RealTime();
  /** By guest: an image is assembled once. */
  const parts: Record<string, RunParts> = {};
  for (let run = 0; run < task.runs && clock.nowNs() < task.forNs; run++) {
    const scenario = soakScenario(task.first + run * task.step, task);
    const { image } = scenario.guest;
    parts[image] ??= await machinePartsFor(scenario, scenario.name);
    report(soakOne(scenario, parts[image]));
  }
}

/** Reduces a failing world of `vmft soak` to the smallest scenario that fails alike. */
import { writeUserFiles } from '../host/files.ts';
import { runScenario } from '../sim/run.ts';
import type { Scenario } from '../sim/scenario.ts';
import { scenarioText } from '../sim/scenario-text.ts';
import { shrink } from '../sim/shrink.ts';
import { convictionsOf, type SoakOptions, type SoakResult, soakScenario } from '../sim/soak.ts';
import { historySvg } from './history-svg.ts';
import { machinePartsFor } from './scenario-run.ts';

/**
 * Writes the scenario, and a picture of what its clients saw if no machine could have answered so.
 * Does nothing if the failure is not one of a single run.
 */
export async function shrinkFailure(
  { seed, violations }: SoakResult,
  options: SoakOptions,
  tries: number,
  say: (line: string) => void,
): Promise<void> {
  const scenario = { ...soakScenario(seed, options), name: `soak-${seed}` };
  const parts = await machinePartsFor(scenario, scenario.name);
  const checker = violations[0]!.split(':')[0]!;
  const fails = (candidate: Scenario): boolean =>
    convictionsOf(candidate, parts).some((violation) => violation.startsWith(`${checker}:`));
  if (!fails(scenario)) return;
  const smallest = shrink(scenario, fails, tries);
  const path = `soak-${seed}.yaml`;
  writeUserFiles([{ path, what: 'scenario', bytes: scenarioText(smallest) }]);
  say(`the smallest that fails alike: vmft scenario ${path}`);
  const [history] = runScenario(smallest, { ...parts, tracing: false }).histories;
  if (!history) return;
  const picture = `soak-${seed}.svg`;
  writeUserFiles([{ path: picture, what: 'picture', bytes: historySvg(history) }]);
  say(`what its clients saw: ${picture}`);
}

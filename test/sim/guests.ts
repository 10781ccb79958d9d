/** Scenarios and guests of the tree for simulated runs. */
import { existsSync, readFileSync } from 'node:fs';
import { machineParts } from '../../src/sim/guest.ts';
import type { RunParts } from '../../src/sim/run.ts';
import { parseScenario, type Scenario } from '../../src/sim/scenario.ts';
import { guestImage } from '../support/guest-image.ts';
import { hasher } from '../support/hasher.ts';

export { guestImage } from '../support/guest-image.ts';

export const guestParts: RunParts = machineParts(guestImage, hasher);

/** What is expected of a run that a test judges by itself. */
export const NOTHING = { answers: {}, asWithoutFaults: [], diverged: [] };

/** A scenario of src/sim/scenarios/, or a load of src/sim/loads/. */
export function namedScenario(name: string): Scenario {
  const [scenario, load] = ['scenarios', 'loads'].map(
    (folder) => new URL(`../../src/sim/${folder}/${name}.yaml`, import.meta.url),
  );
  const file = existsSync(scenario!) ? scenario! : load!;
  return parseScenario(readFileSync(file, 'utf8'), `${name}.yaml`, (requests) => {
    const beside = new URL(requests, file);
    return existsSync(beside) ? readFileSync(beside, 'utf8') : undefined;
  });
}

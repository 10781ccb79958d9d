/** What runs a scenario on the real machine: a shipped guest, or one beside the scenario. */
import { dirname, join } from 'node:path';
import { VmftError } from '../base/errors.ts';
import { isFile } from '../host/files.ts';
import { makeHasher } from '../host/hasher.ts';
import { machineParts } from '../sim/guest.ts';
import type { RunParts } from '../sim/run.ts';
import type { Scenario } from '../sim/scenario.ts';
import { readImage } from './image.ts';

/** What runs of `scenario` need; `from` is the name or path under which it was found. */
export async function machinePartsFor(scenario: Scenario, from: string): Promise<RunParts> {
  const name = scenario.guest.image;
  const beside = join(dirname(from), name);
  try {
    const [image, hasher] = await Promise.all([
      readImage(isFile(beside) ? beside : name),
      makeHasher(),
    ]);
    return { ...machineParts(() => image, hasher), file: from };
  } catch (error) {
    if (!(error instanceof VmftError) || error.code !== 'image') throw error;
    throw new VmftError('scenario', `${from}: guest.image: ${error.message}`);
  }
}

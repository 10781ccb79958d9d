/** Scenario files: the shipped ones by name, others by path. */
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VmftError } from '../base/errors.ts';
import { nearest } from '../base/suggest.ts';
import { isFile, namesIn, readUserFile } from '../host/files.ts';
import { parseScenario, type Scenario } from '../sim/scenario.ts';

const SHIPPED = fileURLToPath(new URL('../../src/sim/scenarios', import.meta.url));
/** Scenarios that answer no question by themselves: something to explore and to measure. */
const LOADS = fileURLToPath(new URL('../../src/sim/loads', import.meta.url));

/** Names of the shipped scenarios, in alphabetical order. */
export function shippedScenarios(): string[] {
  return namesIn(SHIPPED)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => basename(file, '.yaml'));
}

function pathOf(name: string): string {
  for (const folder of [SHIPPED, LOADS]) {
    const shipped = join(folder, `${name}.yaml`);
    if (isFile(shipped)) return shipped;
  }
  if (isFile(name)) return name;
  const near = nearest(name, [...shippedScenarios(), 'list']);
  throw new VmftError(
    'scenario',
    `scenario ${name}: there is no such file, and no shipped scenario of this name; ` +
      (near ? `did you mean ${near}?` : '"vmft scenario list" names them'),
  );
}

/** The scenario of this name or at this path. */
export function readScenario(name: string): Scenario {
  const path = pathOf(name);
  const textOf = (file: string) =>
    new TextDecoder().decode(readUserFile(file, 'scenario', 'scenario'));
  const text = textOf(path);
  return parseScenario(text, path.startsWith(SHIPPED) ? basename(path) : path, (file) => {
    const beside = join(dirname(path), basename(file));
    return isFile(beside) ? textOf(beside) : undefined;
  });
}

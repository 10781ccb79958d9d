/**
 * Every rule and every mechanism that can be switched off is convicted without it. docs/mutants.md
 * names the run that convicts each; `vmft mutants` and the long checks hunt for it from the start.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MUTANTS, randomTrial, type Trial, trials, tryOne } from '../../src/sim/mutants.ts';
import { withoutRule } from '../../src/sim/run.ts';
import { OPTIONAL_NAMES } from '../../src/sim/scenario.ts';
import { runs } from '../support/runs.ts';
import { guestParts, namedScenario } from './guests.ts';

const text = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const SCENARIOS = readdirSync(new URL('../../src/sim/scenarios/', import.meta.url))
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => namedScenario(file.replace('.yaml', '')));

/** The cells of the table of docs/mutants.md, by mutant. */
const ROWS = new Map(
  [...text('docs/mutants.md').matchAll(/^\| `([\w:-]+)` \|(.*)\|$/gm)].map(
    ([, name, rest]) => [name!, rest!.split('|').map((cell) => cell.trim())] as const,
  ),
);

/** The run that a command of the table repeats. */
function trialOf(name: string, command: string): Trial {
  const [, scenario] = /^vmft scenario (\S+) /.exec(command) ?? [];
  if (scenario !== undefined) {
    return { scenario: withoutRule(namedScenario(scenario), name), command };
  }
  const [, seed] = /--seed (\d+)/.exec(command)!;
  const [, guest] = /--guest (\S+)/.exec(command) ?? [];
  return randomTrial(name, Number(seed), guest);
}

describe('the table of mutants', () => {
  it('has everything that can be switched off, at least twenty', () => {
    expect(MUTANTS.map(({ name }) => name).sort()).toEqual([...OPTIONAL_NAMES].sort());
    expect(MUTANTS.length).toBeGreaterThanOrEqual(20);
    expect([...ROWS.keys()]).toEqual(MUTANTS.map(({ name }) => name));
  });

  it('has every rule without which the model of docs/model.md fails', () => {
    const [, failures] = text('docs/model.md').split('| without rule |');
    const cells = [...failures!.matchAll(/^\| ([\d, ]+) \|/gm)].flatMap(([, cell]) =>
      cell!.split(', '),
    );
    expect(cells.length).toBeGreaterThan(10);
    const rules = MUTANTS.map(({ rule }) => rule);
    expect(rules).toEqual(expect.arrayContaining(cells.map((number) => `§4 rule ${number}`)));
  });
});

describe('as docs/mutants.md says, without', () => {
  it.each(MUTANTS)('$name', ({ name, rule, without }) => {
    const command = ROWS.get(name)![3]!.replaceAll('`', '');
    const trial = trialOf(name, command);
    expect(trial.command).toBe(command);
    const found = tryOne(trial, guestParts)!;
    const ms = `${(found.timeNs / 1e6).toFixed(3)} ms`;
    expect(ROWS.get(name)).toEqual([rule, without, found.checker, `\`${command}\``, ms]);
  });
});

if (runs(1) >= 5) {
  it.each(MUTANTS)('$name is caught by the first run that docs/mutants.md names', (mutant) => {
    for (const trial of trials(mutant, SCENARIOS, 500)) {
      if (!tryOne(trial, guestParts)) continue;
      expect(`\`${trial.command}\``).toBe(ROWS.get(mutant.name)![3]);
      return;
    }
    expect.unreachable(`${mutant.name} survives`);
  });
}

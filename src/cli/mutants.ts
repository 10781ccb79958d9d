/** `vmft mutants`: switches off each rule and mechanism in turn, and hunts what is left. */
import { Command } from 'commander';
import { VmftError } from '../base/errors.ts';
import { nearest } from '../base/suggest.ts';
import type { Conviction, Mutant } from '../sim/mutants.ts';
import type { RunParts } from '../sim/run.ts';
import type { Scenario } from '../sim/scenario.ts';
import { wholeNumber } from './arguments.ts';
import { STATUS } from './exit-status.ts';
import { grouped, print, printJson } from './print.ts';

interface Options {
  seeds: number;
  json?: boolean;
}

const DEFAULT_SEEDS = 500;

/** One mutant, and how it fared. */
interface Hunt {
  readonly mutant: Mutant;
  readonly runs: number;
  /** Of the clock on the wall, until the conviction. */
  readonly seconds: number;
  readonly caught: (Conviction & { readonly command: string }) | undefined;
}

async function mutants(names: readonly string[], options: Options): Promise<void> {
  const [{ MUTANTS }, { readScenario, shippedScenarios }] = await Promise.all([
    import('../sim/mutants.ts'),
    import('./scenario-files.ts'),
  ]);
  for (const name of names) refuseUnknown(name, MUTANTS);
  const chosen = MUTANTS.filter(({ name }) => names.length === 0 || names.includes(name));
  const scenarios = shippedScenarios().map(readScenario);
  const hunts: Hunt[] = [];
  for (const mutant of chosen) {
    const found = await hunt(mutant, scenarios, options.seeds);
    hunts.push(found);
    if (!options.json) for (const line of lines(found)) print(line);
  }
  const caught = hunts.filter((one) => one.caught).length;
  const runs = hunts.reduce((sum, one) => sum + one.runs, 0);
  const seconds = hunts.reduce((sum, one) => sum + one.seconds, 0);
  if (options.json) printJson({ caught, planted: hunts.length, runs, seconds, mutants: hunts });
  else {
    const spent = `${grouped(runs)} runs, ${seconds.toFixed(1)} s`;
    print(`${caught} caught of ${hunts.length} planted: ${spent}`);
  }
  if (caught < hunts.length) process.exitCode = STATUS.violated;
}

function refuseUnknown(name: string, known: readonly Mutant[]): void {
  const words = known.map((mutant) => mutant.name);
  if (words.includes(name)) return;
  const near = nearest(name, words);
  const hint = near ? `did you mean ${near}?` : `mutants are ${words.join(', ')}`;
  throw new VmftError('usage', `mutants ${name}: there is no such rule; ${hint}`);
}

async function hunt(mutant: Mutant, scenarios: readonly Scenario[], seeds: number): Promise<Hunt> {
  const [{ trials, tryOne }, { machinePartsFor }, { RealTime }] = await Promise.all([
    import('../sim/mutants.ts'),
    import('./scenario-run.ts'),
    import('../host/run-time.ts'),
  ]);
  const clock = new RealTime();
  const seconds = (): number => clock.nowNs() / 1e9;
  /** By guest: an image is assembled once. */
  const parts: Record<string, RunParts> = {};
  let runs = 0;
  for (const trial of trials(mutant, scenarios, seeds)) {
    const { scenario, command } = trial;
    const { image } = scenario.guest;
    parts[image] ??= await machinePartsFor(scenario, scenario.name);
    runs++;
    const found = tryOne(trial, parts[image]);
    if (!found) continue;
    const { checker, timeNs } = found;
    return { mutant, runs, seconds: seconds(), caught: { command, checker, timeNs } };
  }
  return { mutant, runs, seconds: seconds(), caught: undefined };
}

/** The mutant and what it does; then who convicted it, when, and how to see that again. */
function lines({ mutant, runs, seconds, caught }: Hunt): string[] {
  const head = `${mutant.name.padEnd(18)}${mutant.without}`;
  const spent = `${runs === 1 ? '1 run' : `${grouped(runs)} runs`}, ${seconds.toFixed(2)} s`;
  const indent = ' '.repeat(18);
  if (!caught) return [head, `${indent}NOT CAUGHT: ${spent}`];
  const at = `${(caught.timeNs / 1e6).toFixed(3)} ms of virtual time`;
  return [
    head,
    `${indent}caught by ${caught.checker} after ${at}: ${spent}`,
    `${indent}${caught.command}`,
  ];
}

/** Defines `vmft mutants`. */
export function mutantsCommand(): Command {
  return new Command('mutants')
    .description('switch off each rule in turn, and see whether the checkers notice')
    .argument('[RULE...]', 'only these')
    .option('--seeds <N>', 'random worlds for what no scenario names', wholeNumber, DEFAULT_SEEDS)
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      `
A mutant is hunted with the scenarios that name it under "without", then with random worlds. Status
1: one of them was not caught.

Examples:
  vmft mutants output-rule log:tick
  vmft mutants complete-only --json`,
    )
    .action(mutants);
}

/** `vmft soak`: random worlds from seeds, each judged; a failure is one command to repeat. */
import { Command } from 'commander';
import { VmftError } from '../base/errors.ts';
import type { SoakResult, SoakTally } from '../sim/soak.ts';
import { repeated, time, wholeNumber } from './arguments.ts';
import { STATUS } from './exit-status.ts';
import { counted, grouped, note, print, printJson } from './print.ts';
import type { SoakTask } from './soak-job.ts';

interface Options {
  runs?: number;
  for?: number;
  seed: number;
  guest: string | undefined;
  without: string[];
  workers?: number;
  shrink?: boolean;
  json?: boolean;
}

const DEFAULT_RUNS = 200;
/** Failures that are reduced; each takes as long as a hundred runs. */
const MAX_SHRUNK = 3;
const MAX_TRIES = 100;

/** What is printed of a run. */
interface Report extends SoakTally {
  readonly firstSeed: number;
  readonly runsPerSecond: number;
  readonly simulatedPerSecond: number;
}

async function soak(options: Options): Promise<void> {
  const [{ RealTime }, { SOAK_GUESTS }, { OPTIONAL_NAMES }, { newTally, tallyUp }] =
    await Promise.all([
      import('../host/run-time.ts'),
      import('../sim/random-world.ts'),
      import('../sim/scenario.ts'),
      import('../sim/soak.ts'),
    ]);
  refuse('--guest', options.guest === undefined ? [] : [options.guest], SOAK_GUESTS);
  refuse('--without', options.without, OPTIONAL_NAMES);
  const clock = new RealTime();
  const tally = newTally();
  await runAll(options, (result) => {
    tallyUp(tally, result);
    if (process.stderr.isTTY) process.stderr.write(`\r${counted(tally.runs, 'run')}\x1b[K`);
  });
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  tally.failures.sort((a, b) => a.seed - b.seed);
  const spentNs = clock.nowNs();
  const report: Report = {
    firstSeed: options.seed,
    ...tally,
    runsPerSecond: tally.runs / (spentNs / 1e9),
    simulatedPerSecond: tally.simulatedNs / spentNs,
  };
  if (options.json) printJson(report);
  else printReport(report, options);
  if (tally.failures.length > 0) process.exitCode = STATUS.violated;
  if (!options.shrink) return;
  const { shrinkFailure } = await import('./soak-shrink.ts');
  for (const failure of tally.failures.slice(0, MAX_SHRUNK)) {
    await shrinkFailure(failure, options, MAX_TRIES, options.json ? note : print);
  }
}

function refuse(option: string, words: readonly string[], known: readonly string[]): void {
  const wrong = words.find((word) => !known.includes(word));
  if (wrong === undefined) return;
  throw new VmftError('usage', `${option} ${wrong}: write one of ${known.join(', ')}`);
}

/** Gives each worker every so many seeds. */
async function runAll(options: Options, onResult: (result: SoakResult) => void): Promise<void> {
  const { runWorkers, usableThreads } = await import('../host/workers.ts');
  const endless = options.for === undefined ? DEFAULT_RUNS : Number.POSITIVE_INFINITY;
  const runs = options.runs ?? endless;
  const step = Math.min(runs, Math.max(1, options.workers ?? usableThreads()));
  const tasks = Array.from(
    { length: step },
    (_, index): SoakTask => ({
      first: options.seed + index,
      step,
      runs: Math.ceil((runs - index) / step),
      forNs: options.for ?? Number.POSITIVE_INFINITY,
      guest: options.guest,
      without: options.without,
    }),
  );
  if (step > 1) {
    await runWorkers(new URL('./soak-worker.js', import.meta.url), tasks, onResult);
    return;
  }
  const { soakPart } = await import('./soak-job.ts');
  for (const task of tasks) await soakPart(task, onResult);
}

function printReport(report: Report, options: Options): void {
  const { runs, twice, runsPerSecond, simulatedPerSecond, happened, failures } = report;
  print(`${'times'.padStart(9)} ${'worlds'.padStart(9)}`);
  for (const [kind, { times, worlds }] of Object.entries(happened)) {
    print(`${grouped(times).padStart(9)} ${grouped(worlds).padStart(9)}  ${kind}`);
  }
  print(
    `${counted(runs, 'world')}, ${grouped(twice)} of them twice; ` +
      `${runsPerSecond.toFixed(1)} a second, ` +
      `${simulatedPerSecond.toFixed(1)} simulated seconds in one`,
  );
  for (const { seed, violations } of failures) {
    print(`convicted: ${violations[0]}`);
    print(`repeat it: ${commandFor(seed, options)}`);
  }
  if (failures.length === 0) print('ok: every checker was content with every one of them');
}

function commandFor(seed: number, { guest, without }: Options): string {
  const rules = without.map((rule) => ` --without ${rule}`).join('');
  const only = guest === undefined ? '' : ` --guest ${guest}`;
  return `vmft soak --runs 1 --seed ${seed}${only}${rules}`;
}

/** Defines `vmft soak`. */
export function soakCommand(): Command {
  return new Command('soak')
    .description('random worlds with random faults, each judged')
    .option('--runs <N>', `worlds (${DEFAULT_RUNS}, unless --for is given)`, wholeNumber)
    .option('--for <TIME>', 'go on for so long, such as 10m', time)
    .option('--seed <N>', 'seed of the first world; the next has the next', wholeNumber, 1)
    .option(
      '--guest <NAME>',
      'only this guest: kv, udp-counter, lock, journal, overwrite, everything',
    )
    .option('--without <RULE>', 'switch a rule off (repeatable)', repeated, [])
    .option('--workers <N>', 'threads (as many as this computer has)', wholeNumber)
    .option('--shrink', 'write the smallest scenario that fails alike to soak-SEED.yaml')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      `
Status 1: a checker was not content. "times" counts the effects of a fault: a datagram that a cut
link has lost counts, a link that is cut while nobody sends does not.

Examples:
  vmft soak --runs 5
  vmft soak --for 1s --seed 5000 --guest kv
  vmft soak --runs 1 --guest kv --without win-first --shrink`,
    )
    .action(soak);
}

/** `vmft soak`: random worlds from seeds, each judged; a failure is one command to repeat. */
import { Command } from 'commander';
import { VmftError } from '../base/errors.ts';
import type { RunParts } from '../sim/run.ts';
import type { Scenario } from '../sim/scenario.ts';
import { repeated, time, wholeNumber } from './arguments.ts';
import { STATUS } from './exit-status.ts';
import { counted, grouped, print, printJson } from './print.ts';

interface Options {
  runs?: number;
  for?: number;
  seed: number;
  guest?: string;
  without?: string[];
  shrink?: boolean;
  json?: boolean;
}

/** One world in so many is run a second time, and must leave the same trace. */
const TWICE_EVERY = 100;
const DEFAULT_RUNS = 200;

interface Tally {
  runs: number;
  repeated: number;
  simulatedNs: number;
  /** By guest: an image is assembled once. */
  readonly parts: Record<string, RunParts>;
  readonly kinds: Map<string, number>;
  readonly failures: { seed: number; violations: readonly string[]; command: string }[];
}

async function soak(options: Options): Promise<void> {
  const [{ RealTime }, { randomScenario, SOAK_GUESTS }, { OPTIONAL_NAMES }] = await Promise.all([
    import('../host/run-time.ts'),
    import('../sim/random-world.ts'),
    import('../sim/scenario.ts'),
  ]);
  refuse('--guest', options.guest === undefined ? [] : [options.guest], SOAK_GUESTS);
  refuse('--without', options.without ?? [], OPTIONAL_NAMES);
  const clock = new RealTime();
  const endNs = options.for ?? Number.POSITIVE_INFINITY;
  const runs =
    options.runs ?? (options.for === undefined ? DEFAULT_RUNS : Number.POSITIVE_INFINITY);
  const tally: Tally = {
    runs: 0,
    repeated: 0,
    simulatedNs: 0,
    parts: {},
    kinds: new Map(),
    failures: [],
  };
  while (tally.runs < runs && clock.nowNs() < endNs) {
    const seed = options.seed + tally.runs;
    await one(randomScenario(seed, options.guest), options, tally);
    if (process.stderr.isTTY) process.stderr.write(`\r${counted(tally.runs, 'run')}\x1b[K`);
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  report(tally, clock.nowNs(), options);
  if (tally.failures.length > 0) process.exitCode = STATUS.violated;
}

function refuse(option: string, words: readonly string[], known: readonly string[]): void {
  const wrong = words.find((word) => !known.includes(word));
  if (wrong === undefined) return;
  throw new VmftError('usage', `${option} ${wrong}: write one of ${known.join(', ')}`);
}

/** Runs a world, and now and then once more. */
async function one(drawn: Scenario, options: Options, tally: Tally): Promise<void> {
  const [{ machinePartsFor }, { newWorld, outcomeOf, withoutRule }, { isExcused, kindsOf }] =
    await Promise.all([
      import('./scenario-run.ts'),
      import('../sim/run.ts'),
      import('../sim/random-world.ts'),
    ]);
  const scenario = (options.without ?? []).reduce(withoutRule, drawn);
  const twice = tally.runs % TWICE_EVERY === 0;
  const { image } = scenario.guest;
  tally.parts[image] ??= await machinePartsFor(scenario, scenario.name);
  const parts = { ...tally.parts[image], tracing: twice };
  const violationsOf = (candidate: typeof scenario): readonly string[] => {
    const world = newWorld(candidate, parts);
    while (world.next());
    const { violations, trace } = outcomeOf(world, parts);
    if (candidate === scenario && traces.length < 2) traces.push(JSON.stringify(trace));
    if (candidate === scenario && traces.length === 1) {
      for (const kind of kindsOf(scenario, world.state.firedFaults)) {
        tally.kinds.set(kind, (tally.kinds.get(kind) ?? 0) + 1);
      }
      tally.simulatedNs += world.state.nowNs;
    }
    const counting = violations.filter(({ checker }) => !isExcused(candidate, checker));
    return counting.map(({ checker, evidence }) => `${checker}: ${evidence}`);
  };
  const traces: string[] = [];
  const violations = [...violationsOf(scenario)];
  tally.runs++;
  if (twice) {
    violationsOf(scenario);
    tally.repeated++;
    if (traces[0] !== traces[1]) violations.push('determinism: a second run left another trace');
  }
  if (violations.length === 0) return;
  const { seed } = scenario;
  const without = (options.without ?? []).map((rule) => ` --without ${rule}`).join('');
  const guest = options.guest === undefined ? '' : ` --guest ${options.guest}`;
  const command = `vmft soak --seed ${seed} --runs 1${guest}${without}`;
  tally.failures.push({ seed, violations, command });
  if (!options.shrink) return;
  const { shrink } = await import('../sim/shrink.ts');
  const [name] = violations[0]!.split(':');
  const fails = (candidate: typeof scenario): boolean =>
    violationsOf({ ...candidate }).some((violation) => violation.startsWith(`${name}:`));
  await writeScenario(shrink(scenario, fails, MAX_TRIES), `soak-${seed}.yaml`);
}

const MAX_TRIES = 100;

async function writeScenario(scenario: Scenario, path: string): Promise<void> {
  const [{ scenarioText }, { writeUserFiles }] = await Promise.all([
    import('../sim/scenario-text.ts'),
    import('../host/files.ts'),
  ]);
  writeUserFiles([{ path, what: 'scenario', bytes: scenarioText(scenario) }]);
}

function report(tally: Tally, spentNs: number, options: Options): void {
  const { runs, repeated: twice, simulatedNs, failures } = tally;
  const kinds = [...tally.kinds].sort(([a], [b]) => (a < b ? -1 : 1));
  const runsPerSecond = runs / (spentNs / 1e9);
  const simulatedPerSecond = simulatedNs / spentNs;
  if (options.json) {
    const fired = Object.fromEntries(kinds);
    printJson({ runs, repeated: twice, runsPerSecond, simulatedPerSecond, fired, failures });
    return;
  }
  for (const [kind, times] of kinds) print(`${grouped(times).padStart(9)}  ${kind}`);
  print(
    `${counted(runs, 'world')}, ${grouped(twice)} of them twice; ` +
      `${runsPerSecond.toFixed(1)} a second, ` +
      `${simulatedPerSecond.toFixed(1)} simulated seconds in one`,
  );
  for (const { violations, command } of failures) {
    print(`convicted: ${violations[0]}`);
    print(`repeat it: ${command}`);
    if (options.shrink)
      print(
        `the smallest that fails alike: ${command.replace(/.*--seed (\d+).*/, 'soak-$1.yaml')}`,
      );
  }
  if (failures.length === 0) print('ok: every checker was content with every one of them');
}

/** Defines `vmft soak`. */
export function soakCommand(): Command {
  return new Command('soak')
    .description('random worlds with random faults, each judged')
    .option('--runs <N>', `worlds (${DEFAULT_RUNS}, unless --for is given)`, wholeNumber)
    .option('--for <TIME>', 'go on for so long, such as 10m', time)
    .option('--seed <N>', 'seed of the first world; the next has the next', wholeNumber, 1)
    .option('--guest <NAME>', 'only this guest: kv, udp-counter, lock, journal')
    .option('--without <RULE>', 'switch a rule off (repeatable)', repeated)
    .option('--shrink', 'write the smallest scenario that fails alike to soak-SEED.yaml')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      `
Examples:
  vmft soak --runs 5
  vmft soak --for 1s --seed 5000 --guest kv
  vmft soak --runs 1 --guest kv --without win-first --shrink`,
    )
    .action(soak);
}

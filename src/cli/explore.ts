/** `vmft explore`: every crash point of a scenario, a map of what comes of it, the worst shown. */
import { Command } from 'commander';
import { VmftError } from '../base/errors.ts';
import { nearest } from '../base/suggest.ts';
import type { Exploration } from '../sim/explore/exploration.ts';
import { repeated, time, wholeNumber } from './arguments.ts';
import { STATUS } from './exit-status.ts';
import type { ExploreTask } from './explore-job.ts';
import type { PartsOptions } from './explore-parts.ts';
import { isColoured, note, print, printJson } from './print.ts';

interface Options extends PartsOptions {
  depth: number;
  seed?: number;
  without?: string[];
  keepFaults?: boolean;
  merge?: boolean;
  tail?: number;
  cut?: number;
  sharing: boolean;
  full?: boolean;
  svg?: string;
  json?: boolean;
  output?: string;
}

/** Terminals are as wide as they say; files are given this much. */
const FILE_COLUMNS = 100;

async function explore(names: readonly string[], options: Options): Promise<void> {
  if (options.depth < 1 || options.depth > 2)
    throw new VmftError('usage', `--depth ${options.depth}: write 1 or 2`);
  if (options.merge) return finish(await merge(names), options);
  const [from, ...others] = names;
  if (from === undefined || others.length > 0)
    throw new VmftError('usage', 'explore: name one scenario; "vmft scenario list" shows them');
  await checkRules(options.without ?? []);
  const task: ExploreTask = {
    from,
    seed: options.seed,
    without: options.without ?? [],
    keepFaults: options.keepFaults === true,
    options: {
      depth: options.depth as 1 | 2,
      sharing: options.sharing,
      ...(options.tail === undefined ? {} : { tail: options.tail }),
      ...(options.cut === undefined ? {} : { cutNs: options.cut }),
    },
  };
  // A mistake in the scenario is told before any worker begins.
  const { scenarioOf } = await import('./explore-job.ts');
  scenarioOf(task);
  const { runParts } = await import('./explore-parts.ts');
  const parts = await runParts(task, options);
  await finish(await together(parts, 'the parts'), options, task);
}

async function checkRules(rules: readonly string[]): Promise<void> {
  const { OPTIONAL_NAMES: names } = await import('../sim/scenario.ts');
  for (const rule of rules) {
    if (names.includes(rule)) continue;
    const near = nearest(rule, names);
    const hint = near ? `did you mean ${near}?` : `rules are ${names.join(', ')}`;
    throw new VmftError('usage', `--without ${rule}: there is no such rule; ${hint}`);
  }
}

async function together(parts: readonly Exploration[], what: string): Promise<Exploration> {
  const { mergeExplorations } = await import('../sim/explore/exploration.ts');
  const whole = mergeExplorations(parts);
  if (whole) return whole;
  const ranges = parts.map(({ range }) => range).toSorted(([a], [b]) => a - b);
  const wrong = ranges.findIndex(
    ([, end], i) => i + 1 < ranges.length && end !== ranges[i + 1]![0],
  );
  const [end, next] = [ranges[wrong]?.[1], ranges[wrong + 1]?.[0]];
  const gap = end! < next! ? `places ${end} to ${next! - 1} are in none` : 'some places are in two';
  const reason = wrong < 0 ? 'they are of different runs' : gap;
  throw new VmftError(
    'input',
    `${what} are not the parts of one exploration, each once: ${reason}; ` +
      '--shard 1/n … n/n makes them',
  );
}

async function merge(files: readonly string[]): Promise<Exploration> {
  const [{ readUserFile }, { isExploration }] = await Promise.all([
    import('../host/files.ts'),
    import('../sim/explore/exploration.ts'),
  ]);
  const parts = files.map((file): Exploration => {
    const text = new TextDecoder().decode(readUserFile(file, 'exploration', 'input'));
    try {
      const part: unknown = JSON.parse(text);
      if (isExploration(part)) return part;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    throw new VmftError('input', `${file} is no exploration: "vmft explore … --json" writes one`);
  });
  return together(parts, files.join(', '));
}

/** Prints what was found; a counterexample is written where there is one and its scenario known. */
async function finish(found: Exploration, options: Options, task?: ExploreTask): Promise<void> {
  const { isClean } = await import('../sim/explore/exploration.ts');
  if (options.svg !== undefined) {
    const { mapSvg } = await import('./explore-svg.ts');
    await writeFile(options.svg, 'picture', mapSvg(found));
  }
  if (options.json) printJson(found);
  else {
    const { drawMap } = await import('./explore-map.ts');
    const columns = process.stdout.isTTY ? process.stdout.columns : FILE_COLUMNS;
    const style = { columns, colour: isColoured(), full: options.full === true };
    for (const line of drawMap(found, style)) print(line);
  }
  if (isClean(found)) return;
  process.exitCode = STATUS.violated;
  if (task) await writeCounterexample(found, task, options);
}

async function writeCounterexample(
  found: Exploration,
  task: ExploreTask,
  options: Options,
): Promise<void> {
  const [{ scenarioOf }, { counterexample }, { scenarioText }, { machinePartsFor }] =
    await Promise.all([
      import('./explore-job.ts'),
      import('../sim/explore/counterexample.ts'),
      import('../sim/scenario-text.ts'),
      import('./scenario-run.ts'),
    ]);
  const original = scenarioOf(task);
  const parts = await machinePartsFor(original, task.from);
  const { scenario, outcome } = counterexample(original, found.convictions[0]!, parts);
  const file = options.output ?? `${scenario.name}.yaml`;
  await writeFile(file, 'counterexample', scenarioText(scenario));
  const say = options.json ? note : print;
  for (const { checker, evidence } of outcome.violations.slice(0, 3))
    say(`  ${checker}: ${evidence}`);
  say(`the shortest counterexample is in ${file}; repeat it: vmft scenario ${file}`);
}

async function writeFile(path: string, what: string, text: string): Promise<void> {
  const { writeUserFiles } = await import('../host/files.ts');
  writeUserFiles([{ path, what, bytes: text }]);
}

/** "2/8": the second of eight parts. */
function shard(text: string): readonly [number, number] {
  const [, part, of] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  const numbers = [Number(part), Number(of)] as const;
  if (!(numbers[0] >= 1 && numbers[0] <= numbers[1]))
    throw new VmftError('usage', `--shard ${text}: write PART/PARTS, such as 1/4`);
  return numbers;
}

/** Defines `vmft explore`. */
export function exploreCommand(): Command {
  return new Command('explore')
    .description('crash every replica and cut every link at every point of a scenario')
    .argument('[NAME|FILE...]', 'a shipped scenario or a YAML file; with --merge, parts')
    .option('--depth <N>', '2: a second fault while the first is recovered from', wholeNumber, 1)
    .option('--keep-faults', 'first the faults of the scenario, then one more')
    .option('--without <RULE>', 'switch a rule off (repeatable): output-rule, fence, …', repeated)
    .option('--seed <N>', 'another seed than the scenario’s', wholeNumber)
    .option('--workers <N>', 'threads (as many as this computer has)', wholeNumber)
    .option('--shard <I/N>', 'only the Ith of N parts; print it with --json', shard)
    .option('--state <FILE>', 'keep what is found there; the same command goes on from it')
    .option('--merge', 'put parts together that --shard and --json have written')
    .option('--cut <TIME>', 'how long a link stays cut (four failure timeouts)', time)
    .option('--tail <N>', 'stop runs that have worked again for N answers; 0: never', wholeNumber)
    .option('--no-sharing', 'run every fork to its end')
    .option('--full', 'a column for every place')
    .option('--svg <FILE>', 'the map as a picture')
    .option('-o, --output <FILE>', 'where the shortest counterexample goes')
    .option('--json', 'what was found, as one JSON document')
    .addHelpText(
      'after',
      `
Places lie before and after each log entry, message and output of each host. The scenario's own
faults and the answers that it expects because of them are left out; with --keep-faults they come
first, and the places are those from the last of them until all has worked again for a while.
Status 1: something shows.

Examples:
  vmft explore lost-update --svg map.svg
  vmft explore test-and-set --without test-and-set --shard 1/8 -o two.yaml
  vmft explore kv-standby-primary --keep-faults --shard 1/20
  vmft explore lost-update --depth 2 --shard 40/1000 --json > part-40.json`,
    )
    .action(explore);
}

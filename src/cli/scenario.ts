/** `vmft scenario`: run a scenario in the simulator, judge it, draw what happened. */
import { Command } from 'commander';
import { VmftError } from '../base/errors.ts';
import { nearest } from '../base/suggest.ts';
import type { Outcome } from '../sim/run.ts';
import type { Scenario } from '../sim/scenario.ts';
import { repeated, wholeNumber } from './arguments.ts';
import { STATUS } from './exit-status.ts';
import { isColoured, note, print, printJson } from './print.ts';
import type { TimelineStyle } from './timeline.ts';

interface ScenarioOptions {
  seed?: number;
  trace?: boolean;
  without?: string[];
  history?: string;
  json?: boolean;
}

/** A run and whether it went as it must: a run without a rule must be convicted. */
interface Judged {
  readonly scenario: Scenario;
  readonly without: readonly string[];
  readonly outcome: Outcome;
  readonly mustFail: boolean;
  readonly asExpected: boolean;
}

async function list(options: { json?: boolean }): Promise<void> {
  const { readScenario, shippedScenarios } = await import('./scenario-files.ts');
  const scenarios = shippedScenarios().map(readScenario);
  if (options.json) return printJson(scenarios.map(({ name, question }) => ({ name, question })));
  const width = Math.max(...scenarios.map(({ name }) => name.length)) + 2;
  for (const { name, question } of scenarios) print(`${name.padEnd(width)}${question}`);
}

/** Runs the scenario, and again without each thing that it says it cannot do without. */
async function judged(name: string, options: ScenarioOptions): Promise<Judged[]> {
  const [{ readScenario }, { machinePartsFor }, { OPTIONAL_NAMES }, { runScenario, withoutRule }] =
    await Promise.all([
      import('./scenario-files.ts'),
      import('./scenario-run.ts'),
      import('../sim/scenario.ts'),
      import('../sim/run.ts'),
    ]);
  const file = readScenario(name);
  const scenario = options.seed === undefined ? file : { ...file, seed: options.seed };
  const rules = options.without ?? [];
  for (const rule of rules) checkRule(rule, OPTIONAL_NAMES);
  if (rules.includes('rule-for-reads') && scenario.readReplies === undefined) {
    throw new VmftError(
      'usage',
      `--without rule-for-reads: ${name} does not say what is a reply to a read; ` +
        'give it the field read-replies',
    );
  }
  const parts = await machinePartsFor(scenario, name);
  const judge = (without: readonly string[]): Judged => {
    const varied = without.reduce(withoutRule, scenario);
    const outcome = runScenario(varied, parts);
    const mustFail = options.without === undefined && without.length > 0;
    const asExpected = (outcome.verdict === 'violated') === mustFail;
    return { scenario: varied, without, outcome, mustFail, asExpected };
  };
  const others = options.without === undefined ? scenario.without : [];
  return [rules, ...others.map((rule) => [rule])].map(judge);
}

async function run(name: string, options: ScenarioOptions): Promise<void> {
  const runs = await judged(name, options);
  if (options.json) printJson(runs.map(jsonRun));
  else {
    // What goes into a file or another program is not wrapped.
    const columns = process.stdout.isTTY ? process.stdout.columns : Number.POSITIVE_INFINITY;
    const style = { all: options.trace === true, columns, colour: isColoured() };
    for (const line of await draw(runs, style)) print(line);
  }
  if (options.history !== undefined) await writeHistory(runs, options.history);
  process.exitCode = runs.every(({ asExpected }) => asExpected) ? STATUS.ok : STATUS.violated;
}

/** Draws the first history that cannot be, of all the runs. */
async function writeHistory(runs: readonly Judged[], path: string): Promise<void> {
  const [{ historySvg }, { writeUserFiles }] = await Promise.all([
    import('./history-svg.ts'),
    import('../host/files.ts'),
  ]);
  const failing = runs.flatMap(({ outcome }) => outcome.histories)[0];
  if (failing) writeUserFiles([{ path, what: 'picture', bytes: historySvg(failing) }]);
  else note(`${path} is not written: what the clients were told is what one machine may say`);
}

function checkRule(rule: string, names: readonly string[]): void {
  if (names.includes(rule)) return;
  const near = nearest(rule, names);
  throw new VmftError(
    'usage',
    `--without ${rule}: there is no such rule; ` +
      (near ? `did you mean ${near}?` : `rules are ${names.join(', ')}`),
  );
}

function jsonRun({ without, outcome, asExpected }: Judged): object {
  return { ...outcome, without, asExpected };
}

/** What `vmft scenario NAME` prints into a file, as lines. */
export async function scenarioLines(name: string): Promise<string[]> {
  const columns = Number.POSITIVE_INFINITY;
  return draw(await judged(name, {}), { all: false, columns, colour: false });
}

type Style = Pick<TimelineStyle, 'all' | 'columns' | 'colour'>;

async function draw(runs: readonly Judged[], style: Style): Promise<string[]> {
  const { drawRun } = await import('./timeline.ts');
  return runs.flatMap(({ scenario, without, outcome, mustFail }, index) => [
    ...(index > 0 ? [''] : []),
    ...drawRun(scenario, without, outcome, { ...style, mustFail }),
  ]);
}

/** Defines `vmft scenario`. */
export function scenarioCommand(): Command {
  const command = new Command('scenario')
    .description('run a scenario in the simulator and judge it; `scenario list` names them')
    .argument('[NAME|FILE]', 'a shipped scenario, or a YAML file')
    .option('--seed <N>', 'another seed than the scenario’s', wholeNumber)
    .option(
      '--without <RULE>',
      'leave a rule or a mechanism out (repeatable): output-rule, lag, …',
      repeated,
    )
    .option('--trace', 'every message, not only those that say something new')
    .option(
      '--history <FILE>',
      'draw what clients saw and no single machine can have shown, as SVG',
    )
    .option('--json', 'outcome and trace as one JSON document')
    .addHelpText(
      'after',
      `
A scenario that names rules under "without" is run again with each of them off, and must then be
convicted. Status 1 says that a run did not end as it must.

Examples:
  vmft scenario list
  vmft scenario lost-update
  vmft scenario lost-update --without output-rule --trace
  vmft scenario my.yaml --seed 7`,
    )
    .action((name: string | undefined, options: ScenarioOptions) => {
      if (name === undefined)
        throw new VmftError('usage', 'scenario: name one; "vmft scenario list" shows them');
      return run(name, options);
    });
  command
    .command('list')
    .description('the shipped scenarios and their questions')
    .option('--json', 'as one JSON document')
    .addHelpText('after', '\nExample:\n  vmft scenario list')
    .action((_options: object, self: Command) => list(self.optsWithGlobals()));
  return command;
}

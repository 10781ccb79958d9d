/**
 * A run of a scenario in the terminal: a line for each event, a lane for each part of the world, so
 * that the eye can follow one of them down and see who acts when. Everything that colour says is
 * said in words too.
 */
import chalk, { type ChalkInstance } from 'chalk';
import type { Outcome } from '../sim/run.ts';
import type { Scenario } from '../sim/scenario.ts';
import { type TimelineLine, timeline } from '../sim/timeline.ts';

/**
 * The lanes of a scenario from left to right: clients, gateway, primary, channel, backup, disk …
 */
function lanesOf(scenario: Scenario, used: readonly string[]): string[] {
  const [primary, ...others] = scenario.hosts.map(({ id }) => id);
  const all = [
    ...scenario.clients.map(({ name }) => name),
    'gateway',
    primary!,
    'channel',
    ...others,
    'disk',
    'arbiter',
    'world',
  ];
  return all.filter((lane) => used.includes(lane) || !['arbiter', 'world'].includes(lane));
}

const COLOURS: readonly ChalkInstance[] = [
  chalk.cyan,
  chalk.blue,
  chalk.green,
  chalk.gray,
  chalk.yellow,
  chalk.magenta,
  chalk.white,
  chalk.red,
];

/** The lines that show `outcome`; `all` includes routine messages. */
export function drawRun(
  scenario: Scenario,
  without: readonly string[],
  outcome: Outcome,
  all: boolean,
): string[] {
  const { columns, lines } = timeline(outcome.trace);
  const lanes = lanesOf(scenario, columns);
  const [primary, backup] = scenario.hosts.map(({ id }) => id);
  const labels = new Map([
    [primary, `${primary}, the primary`],
    [backup, `${backup}, the backup`],
    ['world', 'what is done to them'],
  ]);
  const colour = new Map(lanes.map((lane, index) => [lane, COLOURS[index % COLOURS.length]!]));
  const shown = lines.filter((line) => all || !line.routine);
  const title = without.length === 0 ? '' : chalk.red(`, without ${without.join(' and ')}`);
  return [
    chalk.bold(`${scenario.name}: ${scenario.question || 'no question'}`) + title,
    ...heads(lanes, labels, colour),
    ...shown.map((line) => drawLine(line, lanes, colour)),
    '',
    ...verdict(outcome),
  ];
}

/** Names of the lanes, written down a staircase so that lanes can stay narrow. */
function heads(
  lanes: readonly string[],
  labels: ReadonlyMap<string | undefined, string>,
  colour: ReadonlyMap<string, ChalkInstance>,
): string[] {
  return lanes.map((lane, index) => {
    const before = lanes.slice(0, index).map((name) => colour.get(name)!('│ '));
    const label = colour.get(lane)!(`┌ ${labels.get(lane) ?? lane}`);
    return `${' '.repeat(13)}${before.join('')}${label}`;
  });
}

function drawLine(
  { time, column, text }: TimelineLine,
  lanes: readonly string[],
  colour: ReadonlyMap<string, ChalkInstance>,
): string {
  const cells = lanes.map((lane) => colour.get(lane)!(lane === column ? '● ' : '│ '));
  const paint = /fault|violation/.test(text) ? chalk.red : (colour.get(column) ?? chalk.white);
  return `${time.padStart(9)} ms ${cells.join('')} ${paint(`${column}: ${text}`)}`;
}

function verdict(outcome: Outcome): string[] {
  const lines = Object.entries(outcome.answers).map(
    ([client, answers]) => `${client} was answered: ${chalk.bold(answers.join(', ') || 'nothing')}`,
  );
  if (outcome.console !== '') lines.push(`the console shows: ${JSON.stringify(outcome.console)}`);
  if (outcome.verdict === 'ok') {
    lines.push(chalk.green('ok: no client saw anything that one machine could not have shown'));
  } else {
    lines.push(chalk.red(`convicted: ${outcome.violations.length} violations`));
    for (const { checker, timeNs, evidence } of outcome.violations)
      lines.push(`  ${checker} at ${(timeNs / 1e6).toFixed(3)} ms: ${evidence}`);
    lines.push(`repeat it: ${outcome.command}`);
  }
  return lines;
}

/**
 * A run of a scenario in the terminal: a line for each event, a lane for each part of the world, so
 * that the eye can follow one of them down and see who acts when. The lane of a host that crashed
 * ends. Everything that colour says is said in words too.
 */
import { Chalk, type ChalkInstance } from 'chalk';
import type { Report } from '../sim/report.ts';
import type { Outcome } from '../sim/run.ts';
import type { Scenario } from '../sim/scenario.ts';
import { type TimelineLine, timeline } from '../sim/timeline.ts';
import { counted } from './print.ts';
import { shorten } from './repetition.ts';
import { wrap } from './wrap.ts';

/** How a timeline is drawn. */
export interface TimelineStyle {
  /** Every message and every repetition. */
  readonly all: boolean;
  /** Characters in a line; Infinity where nothing is to be wrapped. */
  readonly columns: number;
  readonly colour: boolean;
  /** The run lacks a rule, and must therefore be convicted. */
  readonly mustFail: boolean;
}

/** Characters of the time and the blank after it. */
const TIME_WIDTH = 11;
/** Text is not squeezed into less. */
const MIN_TEXT_WIDTH = 30;
const COLOURS = ['cyan', 'blue', 'green', 'gray', 'yellow', 'magenta', 'white', 'red'] as const;

/** The lines that show `outcome`. */
export function drawRun(
  scenario: Scenario,
  without: readonly string[],
  outcome: Outcome,
  style: TimelineStyle,
): string[] {
  const { columns, lines } = timeline(outcome.trace);
  const chalk = new Chalk(style.colour ? {} : { level: 0 });
  const table = new Table(scenario, columns, style.columns, chalk);
  const shown = style.all ? lines : lines.filter(({ routine }) => !routine);
  const rows = style.all
    ? shown.flatMap((line) => table.line(line))
    : shorten(shown, ({ column, text }) => `${column} ${text}`).flatMap((row) =>
        row.kind === 'line' ? table.line(row.line) : table.again(row),
      );
  const left = without.length === 0 ? '' : `without ${without.join(' and ')}`;
  return [
    ...wrap(`${scenario.name}: ${scenario.question || 'no question'}`, style.columns).map((text) =>
      chalk.bold(text),
    ),
    ...(left === '' ? [] : [chalk.red(left)]),
    ...table.heads(),
    ...rows,
    '',
    ...outcome.reports.flatMap((report) => drawReport(report, chalk)),
    ...verdict(outcome, left, style, chalk),
  ];
}

/** A table with its columns under each other. */
function drawReport({ title, rows }: Report, chalk: ChalkInstance): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row, index) => {
    const line = row.map((cell, column) => cell.padEnd(widths[column]!)).join('   ');
    return index === 0 ? chalk.dim(line.trimEnd()) : line.trimEnd();
  });
  return [chalk.bold(title), ...lines.map((line) => `  ${line}`), ''];
}

/** The lanes from left to right: clients, gateway, primary, channel, backup, disk … */
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

/** Time, lanes and text side by side. */
class Table {
  readonly #lanes: readonly string[];
  readonly #labels: ReadonlyMap<string, string>;
  readonly #colours: ReadonlyMap<string, ChalkInstance>;
  readonly #chalk: ChalkInstance;
  readonly #textWidth: number;
  /** Lanes of hosts that have crashed. */
  readonly #dead = new Set<string>();

  constructor(scenario: Scenario, used: readonly string[], columns: number, chalk: ChalkInstance) {
    const lanes = lanesOf(scenario, used);
    const [primary = '', backup = ''] = scenario.hosts.map(({ id }) => id);
    this.#lanes = lanes;
    this.#labels = new Map([
      [primary, `${primary}, the primary`],
      [backup, `${backup}, the backup`],
      ['channel', 'channel between them'],
      ['world', 'what is done to them'],
    ]);
    this.#colours = new Map(
      lanes.map((lane, index) => [lane, chalk[COLOURS[index % COLOURS.length]!]]),
    );
    this.#chalk = chalk;
    this.#textWidth = Math.max(MIN_TEXT_WIDTH, columns - TIME_WIDTH - 2 * lanes.length);
  }

  /** Names of the lanes, written down a staircase so that lanes can stay narrow. */
  heads(): string[] {
    return this.#lanes.map((lane, index) => {
      const before = this.#lanes.slice(0, index).map((name) => this.#paint(name)('│ '));
      const time = index === this.#lanes.length - 1 ? 'ms' : '';
      const label = this.#paint(lane)(`┌ ${this.#labels.get(lane) ?? lane}`);
      return this.#time(time) + before.join('') + label;
    });
  }

  /** An event, its text wrapped beside the lanes. */
  line({ time, column, text }: TimelineLine): string[] {
    this.#dead.delete(column);
    const crashed = /^fault: crash (\S+)/.exec(column === 'world' ? text : '')?.[1];
    const alarming = /^(fault|violation)/.test(text);
    const paint = alarming ? this.#chalk.red : this.#paint(column);
    const rows = wrap(sentence(column, text), this.#textWidth - 2).map(
      (part, index) =>
        this.#time(index === 0 ? time : '') +
        this.#cells(index === 0 ? column : undefined, crashed) +
        paint(index === 0 ? part : `  ${part}`),
    );
    if (crashed !== undefined) this.#dead.add(crashed);
    return rows;
  }

  /** The place of repetitions that are left out. */
  again({ left, last }: { left: number; last: TimelineLine }): string {
    const text = `⋮ and so ${counted(left, 'more time')}, until ${last.time}`;
    return this.#time('') + this.#cells(undefined, undefined) + this.#chalk.dim(text);
  }

  #time(text: string): string {
    return `${text.padStart(TIME_WIDTH - 1)} `;
  }

  #cells(marked: string | undefined, crashed: string | undefined): string {
    const cell = (lane: string): string => {
      if (lane === marked) return '● ';
      if (lane === crashed) return '╳ ';
      return this.#dead.has(lane) ? '  ' : '│ ';
    };
    return this.#lanes.map((lane) => this.#paint(lane)(cell(lane))).join('');
  }

  #paint(lane: string): ChalkInstance {
    return this.#colours.get(lane) ?? this.#chalk.white;
  }
}

/** Who does what; what the channel carries names sender and receiver itself. */
function sentence(column: string, text: string): string {
  if (column === 'world') return text;
  if (column === 'channel') return text.replace(/^(\w+)>(\w+) /, '$1 → $2: ');
  return `${column}: ${text}`;
}

function verdict(
  outcome: Outcome,
  left: string,
  { columns, mustFail }: TimelineStyle,
  chalk: ChalkInstance,
): string[] {
  const wrapped = (text: string, indent = ''): string[] =>
    wrap(text, columns - indent.length - 2).map((part, i) => indent + (i === 0 ? '' : '  ') + part);
  const lines = Object.entries(outcome.answers).map(
    ([client, answers]) => `${client} was answered: ${chalk.bold(answers.join(', ') || 'nothing')}`,
  );
  if (outcome.console !== '')
    lines.push(...wrapped(`the console shows: ${JSON.stringify(outcome.console)}`));
  if (outcome.verdict === 'ok') {
    lines.push(chalk.green('ok: no client saw anything that one machine could not have shown'));
    if (mustFail) lines.push(chalk.red(`but ${left} the run must be convicted`));
  } else {
    const expected = mustFail ? `, as it must be ${left}` : '';
    const count = counted(outcome.violations.length, 'violation');
    lines.push(chalk.red(`convicted of ${count}${expected}`));
    for (const { checker, timeNs, evidence } of outcome.violations)
      lines.push(...wrapped(`${checker} at ${(timeNs / 1e6).toFixed(3)} ms: ${evidence}`, '  '));
    lines.push(`repeat it: ${outcome.command}`);
  }
  return lines;
}

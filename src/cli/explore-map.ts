/**
 * The map of an exploration: a row for each fault, a column for each place in the run, a letter for
 * what came of it. Where there are more places than fit, a column stands for several of them and
 * shows the worst.
 */
import { Chalk, type ChalkInstance } from 'chalk';
import {
  type Exploration,
  isClean,
  type PointSpec,
  WAYS,
  worstLetter,
} from '../sim/explore/exploration.ts';
import {
  isConviction,
  VERDICT_LETTERS,
  VERDICTS,
  type Verdict,
  verdictOfLetter,
} from '../sim/explore/verdict.ts';
import { describeAction } from '../sim/faults.ts';
import { counted, grouped } from './print.ts';

/** How a map is drawn. */
export interface MapStyle {
  /** Characters in a line. */
  readonly columns: number;
  readonly colour: boolean;
  /** Every place has a column of its own, however many bands that takes. */
  readonly full: boolean;
}

/** One row of a map whose columns stand for one place or several. */
export interface MapRow {
  readonly fault: string;
  readonly letters: string;
}

/** Bands, one below the other, of a map that is not full. */
const MAX_BANDS = 3;
const MIN_COLUMNS = 20;

/** The map with `columns` columns at most: each cell is the worst of the places it stands for. */
export function squeeze(rows: readonly MapRow[], places: number, columns: number): MapRow[] {
  const each = Math.max(1, Math.ceil(places / columns));
  return rows.map(({ fault, letters }) => {
    let squeezed = '';
    for (let at = 0; at < places; at += each) {
      const worst = worstLetter(letters.slice(at, at + each));
      squeezed += worst ? VERDICT_LETTERS[worst] : ' ';
    }
    return { fault, letters: squeezed };
  });
}

/** The lines that show `found`. */
export function drawMap(found: Exploration, style: MapStyle): string[] {
  const chalk = new Chalk(style.colour ? {} : { level: 0 });
  const label = Math.max(...found.rows.map(({ fault }) => fault.length), 0) + 2;
  const width = Math.max(MIN_COLUMNS, style.columns - label);
  const places = found.at.length;
  const columns = style.full ? places : width * MAX_BANDS;
  const each = Math.max(1, Math.ceil(places / columns));
  const rows = squeeze(found.rows, places, columns);
  const lines = [...head(found, chalk)];
  if (each > 1) lines.push(`each letter stands for ${each} places and shows the worst`);
  for (let at = 0; at * each < places; at += width) {
    lines.push('', chalk.dim(`${''.padEnd(label)}${ms(found.at[at * each])}`));
    for (const { fault, letters } of rows) {
      lines.push(fault.padEnd(label) + paint(letters.slice(at, at + width), chalk));
    }
  }
  return [...lines, '', ...legend(found, chalk)];
}

const ms = (point: PointSpec | undefined): string =>
  `│ ${((point?.timeNs ?? 0) / 1e6).toFixed(3)} ms`;

function head(found: Exploration, chalk: ChalkInstance): string[] {
  const { scenario, depth, after, points, range, entries } = found;
  const faults = depth === 1 ? 'one fault at a time' : 'a second fault while the first is mended';
  const before = after.map(({ action }) => describeAction(action)).join(', ');
  const [first, end] = range;
  const part = end - first < points ? `, of which ${grouped(end - first)} here` : '';
  return [
    chalk.bold(`${scenario}: every crash point, ${before && `after ${before}: `}${faults}`),
    `${counted(points, 'place')}${part}, in a run with ${grouped(entries)} log entries`,
  ];
}

function paint(letters: string, chalk: ChalkInstance): string {
  const coloured = (letter: string): string => {
    const verdict = verdictOfLetter(letter);
    if (!verdict) return letter;
    if (isConviction(verdict)) return chalk.red.bold(letter);
    return verdict === 'ok' ? chalk.green(letter) : chalk.yellow(letter);
  };
  return [...letters].map(coloured).join('');
}

const MEANINGS: Readonly<Record<Verdict, string>> = {
  ok: 'nobody outside saw a difference',
  gone: 'nobody is left: both members died, or the one that had won',
  stuck: 'somebody is alive, and yet a client is not answered',
  repeated: 'somebody took one output twice from the same owner',
  lost: 'output never came',
  diverged: 'a replica no longer does what the log says',
  inconsistent: 'somebody was told what the machine that lived on never said',
  'two live': 'two hosts went on alone',
};

function rate({ spentNs }: Exploration, total: number): string {
  const seconds = (spentNs ?? 0) / 1e9;
  if (seconds === 0) return '';
  return `; ${seconds.toFixed(1)} s of one thread, ${Math.round(total / seconds)} a second`;
}

function legend(found: Exploration, chalk: ChalkInstance): string[] {
  const lines = VERDICTS.filter((verdict) => found.verdicts[verdict] !== undefined).map(
    (verdict) =>
      `${paint(VERDICT_LETTERS[verdict], chalk)} ${verdict}: ` +
      `${counted(found.verdicts[verdict]!, 'crash point')}, ${MEANINGS[verdict]}`,
  );
  const { ways } = found;
  const known = WAYS.filter((way) => ways[way] > 0).map((way) => `${grouped(ways[way])} ${way}`);
  const total = WAYS.reduce((sum, way) => sum + ways[way], 0);
  lines.push(`${counted(total, 'crash point')} judged: ${known.join(', ')}${rate(found, total)}`);
  if (isClean(found)) lines.push(chalk.green('ok: no failure at any of them shows outside'));
  else lines.push(chalk.red(`convicted at ${counted(found.convicted, 'crash point')}`));
  return lines;
}

/** The map of an exploration as a picture: SVG, a rectangle for each stretch of equal verdicts. */
import type { Exploration } from '../sim/explore/exploration.ts';
import {
  VERDICT_LETTERS,
  VERDICTS,
  type Verdict,
  verdictOfLetter,
} from '../sim/explore/verdict.ts';
import { squeeze } from './explore-map.ts';

/** Colours that stay apart for those who see red and green alike. */
const COLOURS: Readonly<Record<Verdict, string>> = {
  ok: '#a6d8c4',
  gone: '#bdbdbd',
  stuck: '#e6a000',
  repeated: '#8fb8ff',
  lost: '#4169e1',
  diverged: '#7d3c98',
  inconsistent: '#c0392b',
  'two live': '#111111',
};

const LABEL = 230;
const WIDTH = 900;
const ROW = 18;
const TOP = 48;

/** The text of an SVG file that shows `found`. */
export function mapSvg(found: Exploration): string {
  const places = found.at.length;
  const rows = squeeze(found.rows, places, WIDTH);
  const columns = Math.max(1, rows[0]?.letters.length ?? 1);
  const height = TOP + rows.length * ROW + 60;
  const body = [
    text(10, 20, `${found.scenario}: every crash point, ${found.depth} deep`, 'bold'),
    ...axis(found),
    ...rows.flatMap(({ fault, letters }, index) => {
      const y = TOP + index * ROW;
      const cells = stretches(letters).map(([from, to, letter]) =>
        cell(from, to, columns, y, letter),
      );
      return [text(10, y + 13, fault), ...cells];
    }),
    ...legend(found, TOP + rows.length * ROW + 24),
  ];
  const size = `width="${LABEL + WIDTH + 20}" height="${height}"`;
  const font = 'font-family="sans-serif" font-size="12"';
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${font}>\n${body.join('\n')}\n</svg>\n`;
}

/** Stretches of equal letters: from, before, letter. */
function stretches(letters: string): [number, number, string][] {
  const found: [number, number, string][] = [];
  for (let from = 0; from < letters.length; ) {
    let to = from + 1;
    while (letters[to] === letters[from]) to++;
    found.push([from, to, letters[from]!]);
    from = to;
  }
  return found;
}

function cell(from: number, to: number, columns: number, y: number, letter: string): string {
  const verdict = verdictOfLetter(letter);
  if (!verdict) return '';
  const x = LABEL + (from / columns) * WIDTH;
  const width = ((to - from) / columns) * WIDTH;
  const box = `x="${x.toFixed(2)}" y="${y}" width="${width.toFixed(2)}" height="${ROW - 3}"`;
  return `<rect ${box} fill="${COLOURS[verdict]}"><title>${verdict}</title></rect>`;
}

function axis({ at }: Exploration): string[] {
  const time = (index: number): string => `${((at[index]?.timeNs ?? 0) / 1e6).toFixed(1)} ms`;
  return [0, 0.25, 0.5, 0.75].map((part) =>
    text(LABEL + part * WIDTH, TOP - 8, time(Math.floor(part * at.length))),
  );
}

function legend(found: Exploration, y: number): string[] {
  const shown = VERDICTS.filter((verdict) => found.verdicts[verdict] !== undefined);
  return shown.flatMap((verdict, index) => {
    const x = 10 + index * 150;
    const box = `x="${x}" y="${y}" width="12" height="12" fill="${COLOURS[verdict]}"`;
    const words = `${VERDICT_LETTERS[verdict]} ${verdict} ${found.verdicts[verdict]}`;
    return [`<rect ${box}/>`, text(x + 18, y + 11, words)];
  });
}

const text = (x: number, y: number, words: string, weight = 'normal'): string =>
  `<text x="${x}" y="${y}" font-weight="${weight}">${words.replace(/[<&]/g, '')}</text>`;

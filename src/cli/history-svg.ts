/**
 * A history that no single machine can have shown, as a picture: a lane for each client, a bar from
 * each call to its return; the answer that cannot be is the one in red.
 */
import type { Counterhistory, Operation } from '../sim/linearizability.ts';

const LABEL = 90;
const WIDTH = 860;
const LANE = 56;
const BAR = 18;
const TOP = 64;
/** Room at the right for a bar without an end. */
const MARGIN = 60;

/** The text of an SVG file. */
export function historySvg({ key, operations }: Counterhistory): string {
  const clients = [...new Set(operations.map(({ client }) => client))].sort();
  const impossible = lastReturn(operations);
  const firstNs = Math.min(...operations.map(({ calledNs }) => calledNs));
  const spanNs = Math.max(1, impossible.returnedNs - firstNs);
  const x = (ns: number): number => LABEL + (Math.min(ns - firstNs, spanNs) / spanNs) * WIDTH;
  const height = TOP + clients.length * LANE + 30;
  const lanes = clients.flatMap((client, lane) => {
    const y = TOP + lane * LANE;
    const own = operations.filter((operation) => operation.client === client);
    return [
      text(10, y + BAR + 14, client, 'font-weight="bold"'),
      ...own.flatMap((operation, index) => bar(operation, operation === impossible, x, y, index)),
    ];
  });
  const body = [
    text(10, 20, `No single machine can have answered so about ${key}`, 'font-weight="bold"'),
    text(LABEL, 44, ms(firstNs)),
    text(LABEL + WIDTH - 50, 44, ms(impossible.returnedNs)),
    ...lanes,
  ];
  const size = `width="${LABEL + WIDTH + MARGIN}" height="${height}"`;
  const font = 'font-family="sans-serif" font-size="12"';
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${font}>\n${body.join('\n')}\n</svg>\n`;
}

const ms = (ns: number): string => `${(ns / 1e6).toFixed(3)} ms`;

/** The operation that returned last. */
function lastReturn(operations: readonly Operation[]): Operation {
  const returned = operations.filter(({ answer }) => answer !== undefined);
  return returned.reduce((a, b) => (b.returnedNs > a.returnedNs ? b : a));
}

/** Words stand above and below the bars of a lane in turn, so that neighbours have room. */
function bar(
  { request, answer, calledNs, returnedNs }: Operation,
  isImpossible: boolean,
  x: (ns: number) => number,
  y: number,
  index: number,
): string[] {
  const from = x(calledNs);
  const to = answer === undefined ? LABEL + WIDTH + MARGIN - 4 : x(returnedNs);
  const fill = isImpossible ? '#c0392b' : '#a6d8c4';
  const open =
    answer === undefined ? ' stroke="#555" stroke-dasharray="4 3" fill-opacity="0.3"' : '';
  const place = `x="${from.toFixed(1)}" y="${y + 14}" width="${Math.max(2, to - from).toFixed(1)}"`;
  const words = `${request} → ${answer ?? 'no answer'}`;
  return [
    `<rect ${place} height="${BAR}" fill="${fill}"${open}/>`,
    text(from, index % 2 === 0 ? y + 10 : y + 14 + BAR + 12, words),
  ];
}

const text = (x: number, y: number, words: string, style = ''): string => {
  const plain = words.replace(/&/g, '&amp;').replace(/</g, '&lt;');
  return `<text x="${x.toFixed(1)}" y="${y}"${style ? ` ${style}` : ''}>${plain}</text>`;
};

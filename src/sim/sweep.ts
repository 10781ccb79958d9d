/**
 * Sweeps: a scenario run again and again with other values at one or two places of its file, and
 * figures in tables: latency and rate of answers, where there are clients; time and bytes until the
 * machine is protected again, where that is reported. In the file:
 *   sweep:
 *     network.channel: [0ms, 5ms]          the path of a field; a number picks one of a list
 *     clients.0.copies: [1, 10]
 * The first place makes the rows, the second the columns.
 */
import { firstProtection, inMs, type Report } from './report.ts';
import type { Scenario } from './scenario.ts';
import type { Violation } from './trace.ts';
import type { World } from './world.ts';
import type { YamlNode } from './yaml-node.ts';

/** One place that a sweep changes. */
export interface Axis {
  readonly path: string;
  readonly values: readonly unknown[];
}

/** A scenario of a sweep, and the values that make it, one for each axis. */
export interface SweepPoint {
  readonly values: readonly string[];
  readonly scenario: Scenario;
}

const MAX_AXES = 2;

/** Reads the field `sweep`. */
export function readAxes(node: YamlNode): Axis[] {
  const axes = node.keys().map((path) => {
    const values = node
      .at(path)
      .list()
      .map(({ value }) => value);
    return { path, values };
  });
  if (axes.length > MAX_AXES) node.fail(`expected at most ${MAX_AXES} places, got ${axes.length}`);
  return axes;
}

/** A document for each combination of values, without its sweep. */
export function variations(
  document: object,
  axes: readonly Axis[],
): { readonly values: readonly string[]; readonly document: object }[] {
  const { sweep: _, ...base } = document as Record<string, unknown>;
  let all = [{ values: [] as string[], document: base as object }];
  for (const { path, values } of axes) {
    all = all.flatMap((point) =>
      values.map((value) => ({
        values: [...point.values, String(value)],
        document: replaced(point.document, path.split('.'), value) as object,
      })),
    );
  }
  return axes.length === 0 ? [] : all;
}

function replaced(node: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  if (Array.isArray(node)) {
    return node.map((item, index) => (`${index}` === key ? replaced(item, rest, value) : item));
  }
  const mapping = (node ?? {}) as Record<string, unknown>;
  return { ...mapping, [key]: replaced(mapping[key], rest, value) };
}

/** Runs every point of a scenario's sweep: the tables, and what was wrong in any of the runs. */
export function runSweep(
  { axes, points, clients, report }: Scenario,
  run: (scenario: Scenario) => { readonly world: World; readonly violations: readonly Violation[] },
): { reports: Report[]; violations: Violation[] } {
  if (points.length === 0) return { reports: [], violations: [] };
  const runs = points.map(({ values, scenario }) => ({ values, ...run(scenario) }));
  const table = (title: string, figure: (world: World) => string): Report => {
    const [rows, columns] = [axes[0]!, axes[1] ?? { path: '', values: [''] }];
    const cell = (row: unknown, column: unknown): string => {
      const wanted = [row, column].slice(0, axes.length).map(String).join(' ');
      return figure(runs.find(({ values }) => values.join(' ') === wanted)!.world);
    };
    const heads = columns.values.map((value) => `${columns.path} ${value}`.trim());
    const body = rows.values.map((row) => [
      `${rows.path} ${row}`,
      ...columns.values.map((column) => cell(row, column)),
    ]);
    return { title, rows: [['', ...heads], ...body] };
  };
  const reports: Report[] = [];
  if (clients.length > 0) {
    reports.push(table('time to an answer, mean, in ms', (world) => inMs(latencyNs(world))));
    reports.push(table('answers in a second', (world) => rate(world).toFixed(0)));
  }
  if (report.includes('protection')) {
    const tookNs = (world: World): number => firstProtection(world)?.tookNs ?? Number.NaN;
    const bytes = (world: World): string => `${firstProtection(world)?.bytes ?? 'none'}`;
    reports.push(table('time until protected again, in ms', (world) => inMs(tookNs(world))));
    reports.push(table('bytes copied for that', bytes));
    const finished = ({ state }: World): string => inMs(state.finishedNs ?? Number.NaN);
    reports.push(table('time until the guest was done, in ms', finished));
  }
  return {
    reports,
    violations: runs.flatMap(({ violations }) => violations),
  };
}

/** Answers but for each client's first, which has to find the guest's address before. */
function answers({ state }: World): { askedNs: number; atNs: number }[] {
  return state.clients.flatMap(({ saw }) => saw.filter(({ repetition }) => !repetition).slice(1));
}

function latencyNs(world: World): number {
  const all = answers(world);
  return all.reduce((sum, { askedNs, atNs }) => sum + atNs - askedNs, 0) / all.length;
}

/** Answers in a second of virtual time, over all clients. */
function rate(world: World): number {
  const all = answers(world);
  const first = Math.min(...all.map(({ askedNs }) => askedNs));
  const last = Math.max(...all.map(({ atNs }) => atNs));
  return all.length / ((last - first) / 1e9);
}

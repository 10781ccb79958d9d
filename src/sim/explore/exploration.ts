/**
 * What an exploration has found: plain data, to be printed, drawn, stored, and put together from
 * parts that were explored by several workers or computers.
 */
import { assert } from '../../base/assert.ts';
import { type Action, describeAction, type FaultSpec, type Trigger } from '../faults.ts';
import { RULE_NAMES, type Scenario } from '../scenario.ts';
import type { Violation } from '../trace.ts';
import type { ExploreOptions } from './explorer.ts';
import type { Track } from './track.ts';
import {
  isConviction,
  VERDICT_LETTERS,
  type Verdict,
  verdictOfChecker,
  verdictOfLetter,
  worse,
} from './verdict.ts';

/**
 * How a fork's future became known: run to its end, joined with a world judged before, its cut link
 * idle meanwhile, or stopped when everything had worked again for a while.
 */
export const WAYS = ['run out', 'joined', 'idle', 'cut short'] as const;
export type Way = (typeof WAYS)[number];

/** A run that breaks what vmft promises. */
export interface Conviction {
  readonly faults: readonly FaultSpec[];
  readonly verdict: Verdict;
  /** World time of the last fault, in ns. */
  readonly timeNs: number;
}

/** A point at which faults were tried. */
export interface PointSpec {
  readonly timeNs: number;
  readonly at: Trigger;
}

/** What an exploration, or a part of one, has found. */
export interface Exploration {
  readonly scenario: string;
  readonly seed: number;
  readonly without: readonly string[];
  readonly depth: number;
  /** The scenario's own faults, where they come before those that are tried. */
  readonly after: readonly FaultSpec[];
  /** Points of the whole run, and which of them were explored here: from … before. */
  readonly points: number;
  readonly range: readonly [number, number];
  /** The points of the range that have been done. */
  readonly at: readonly PointSpec[];
  /** The run without any fault. */
  readonly base: Verdict;
  /**
   * For each fault a letter for each of `at` (VERDICT_LETTERS), blank where it cannot happen; with
   * two faults the worst of all runs that begin with this one.
   */
  readonly rows: readonly { readonly fault: string; readonly letters: string }[];
  /** Runs judged, by how their future became known, and by verdict. */
  readonly ways: Readonly<Record<Way, number>>;
  readonly verdicts: Readonly<Record<string, number>>;
  /** The first convictions, fewest faults first, then in order of time. */
  readonly convictions: readonly Conviction[];
  readonly convicted: number;
  /** Log entries of the run without faults. */
  readonly entries: number;
  /** Real time that all threads together took, in ns, where it was measured. */
  readonly spentNs?: number;
}

/** Convictions that an exploration keeps word by word. */
const MAX_CONVICTIONS = 20;

/** Letters of one row, by index of the point. */
type Row = Map<number, Verdict>;

/** Collects what an explorer finds. */
export class Findings {
  readonly baseVerdict: Verdict;
  readonly #head: Pick<
    Exploration,
    'scenario' | 'seed' | 'without' | 'depth' | 'after' | 'entries'
  >;
  readonly #track: Track;
  readonly #range: readonly [number, number];
  readonly #rows = new Map<string, Row>();
  readonly #ways: Record<Way, number> = { 'run out': 0, joined: 0, idle: 0, 'cut short': 0 };
  readonly #verdicts: Record<string, number> = {};
  #convictions: readonly Conviction[] = [];
  #convicted = 0;
  #done: number;
  /** The sums at the last point that is done. */
  #sums: Pick<Exploration, 'ways' | 'verdicts' | 'convictions' | 'convicted'>;

  constructor(
    { name, seed, rules, leftOut, faults: after }: Scenario,
    { depth }: ExploreOptions,
    track: Track,
    range: readonly [number, number],
    baseVerdict: Verdict,
    entries: number,
  ) {
    const off = Object.entries(RULE_NAMES).filter(([, rule]) => !rules[rule]);
    const without = [...off.map(([rule]) => rule), ...leftOut];
    this.#head = { scenario: name, seed, without, depth, after, entries };
    this.#track = track;
    this.#range = range;
    this.#done = range[0];
    this.baseVerdict = baseVerdict;
    this.#sums = this.#sumsNow();
  }

  get progress(): { readonly done: number; readonly of: number } {
    return { done: this.#done - this.#range[0], of: this.#range[1] - this.#range[0] };
  }

  /** All points before this one are done. */
  begin(point: number): void {
    this.#done = point;
    this.#sums = this.#sumsNow();
  }

  end(): void {
    this.begin(this.#range[1]);
  }

  #sumsNow(): Pick<Exploration, 'ways' | 'verdicts' | 'convictions' | 'convicted'> {
    return {
      ways: { ...this.#ways },
      verdicts: { ...this.#verdicts },
      convictions: this.#convictions,
      convicted: this.#convicted,
    };
  }

  /** The run without faults is convicted itself, unless clients cannot see it. */
  convictBase({ checker, timeNs }: Violation): void {
    const verdict = verdictOfChecker(checker);
    if (verdict) this.convict({ faults: this.#head.after, verdict, timeNs });
  }

  count(way: Way, verdict: Verdict): void {
    this.#ways[way]++;
    this.#verdicts[verdict] = (this.#verdicts[verdict] ?? 0) + 1;
  }

  convict(conviction: Conviction): void {
    this.#convicted++;
    this.#convictions = firstOf([...this.#convictions, conviction]);
  }

  /** The verdict of a fault at a point of the run without faults; the worst one stays. */
  note(point: number, action: Action, verdict: Verdict): void {
    const name = nameOf(action);
    const row = this.#rows.get(name) ?? new Map<number, Verdict>();
    this.#rows.set(name, row);
    row.set(point, worse(row.get(point) ?? 'ok', verdict));
  }

  result(): Exploration {
    const [first] = this.#range;
    const points = this.#track.points.slice(first, this.#done);
    const letter = (row: Row, index: number): string => {
      const verdict = row.get(first + index);
      return verdict ? VERDICT_LETTERS[verdict] : ' ';
    };
    return {
      ...this.#head,
      points: this.#track.points.length,
      range: [first, this.#done],
      at: points.map(({ timeNs, at }) => ({ timeNs, at })),
      base: this.baseVerdict,
      rows: [...this.#rows].map(([fault, row]) => ({
        fault,
        letters: points.map((_, index) => letter(row, index)).join(''),
      })),
      ...this.#sums,
    };
  }
}

/** What a row is called: "crash alpha", "cut alpha-beta". */
function nameOf(action: Action): string {
  const name = describeAction(action);
  return action.do === 'crash' && action.losing === 'outputs-too' ? `${name}, outputs lost` : name;
}

function firstOf(convictions: readonly Conviction[]): Conviction[] {
  const order = (a: Conviction, b: Conviction): number =>
    a.faults.length - b.faults.length || a.timeNs - b.timeNs;
  return convictions.toSorted(order).slice(0, MAX_CONVICTIONS);
}

/** Whether `value`, read from a file, has the shape of an exploration. */
export function isExploration(value: unknown): value is Exploration {
  const part = value as Partial<Exploration> | null;
  const [first, end] = part?.range ?? [];
  const lists = [part?.at, part?.rows, part?.convictions, part?.after, part?.without];
  if (!lists.every(Array.isArray) || part?.at?.length !== end! - first!) return false;
  if (typeof part.ways !== 'object' || typeof part.verdicts !== 'object') return false;
  const isLetter = (letter: string): boolean => letter === ' ' || !!verdictOfLetter(letter);
  return part.rows!.every(
    (row) => row?.letters?.length === part.at!.length && [...row.letters].every(isLetter),
  );
}

/**
 * One exploration from parts of it, which must be of the same run and follow each other without a
 * gap; undefined if they do not.
 */
export function mergeExplorations(parts: readonly Exploration[]): Exploration | undefined {
  const [first, ...others] = parts.toSorted((a, b) => a.range[0] - b.range[0]);
  return others.reduce(join, first);
}

function join(a: Exploration | undefined, b: Exploration): Exploration | undefined {
  const same = ({ scenario, seed, depth, after, points, without }: Exploration): string =>
    JSON.stringify([scenario, seed, depth, after, points, without]);
  if (!a || same(a) !== same(b) || a.range[1] !== b.range[0]) return undefined;
  const names = new Set([...a.rows, ...b.rows].map(({ fault }) => fault));
  const letters = (part: Exploration, name: string): string =>
    part.rows.find(({ fault }) => fault === name)?.letters ?? ' '.repeat(part.at.length);
  const sum = <K extends string>(x: Record<K, number>, y: Record<K, number>): Record<K, number> => {
    const total = { ...x };
    for (const key of Object.keys(y) as K[]) total[key] = (total[key] ?? 0) + y[key];
    return total;
  };
  return {
    ...a,
    range: [a.range[0], b.range[1]],
    at: [...a.at, ...b.at],
    rows: [...names].map((name) => ({ fault: name, letters: letters(a, name) + letters(b, name) })),
    ways: sum(a.ways, b.ways),
    verdicts: sum(a.verdicts, b.verdicts),
    convictions: firstOf([...a.convictions, ...b.convictions]),
    convicted: a.convicted + b.convicted,
    spentNs: (a.spentNs ?? 0) + (b.spentNs ?? 0),
  };
}

/** The worst verdict that some letters of a row stand for; undefined if they are all blank. */
export function worstLetter(letters: string): Verdict | undefined {
  let worst: Verdict | undefined;
  for (const letter of letters) {
    const verdict = verdictOfLetter(letter);
    if (verdict) worst = worse(worst ?? 'ok', verdict);
    else assert(letter === ' ', () => `a letter of a verdict expected, got ${letter}`);
  }
  return worst;
}

/** Whether nothing was convicted. */
export const isClean = ({ convicted, base }: Exploration): boolean =>
  convicted === 0 && !isConviction(base);

/**
 * Every crash point of a scenario (docs/explore.md). The run without faults, or with those of the
 * scenario alone, is followed once and its points noted; then it is gone through again, stored
 * before every event that has points, and from there each fault is tried at each of them in a
 * forked world.
 *
 * A fork need not run to its end. Its future is known when it reaches a world that was judged
 * before (world-digest.ts); when the link that is cut carries nothing meanwhile; and it is taken
 * for known, and counted as cut short, when everything has worked again for `tail` answers.
 *
 * The explorer is a job that can be stopped after any fork and goes on where it was.
 */
import { assert } from '../../base/assert.ts';
import type { Digest } from '../../base/digest.ts';
import { compareRuns, judge, judgeSafety } from '../checkers.ts';
import { isLostForGood, isSettled } from '../fate.ts';
import type { Action, Ends, FaultSpec } from '../faults.ts';
import { endsOf } from '../links.ts';
import { newWorld, type RunParts, runWorld, withoutFaults } from '../run.ts';
import type { Scenario } from '../scenario.ts';
import type { Violation } from '../trace.ts';
import type { SavedWorld, World } from '../world.ts';
import { isTimeless, worldDigest } from '../world-digest.ts';
import { type Conviction, type Exploration, Findings, type Way } from './exploration.ts';
import { isIdle, Notes, type Point, type Track } from './track.ts';
import { isConviction, isUnfinished, type Verdict, verdictOf, worse } from './verdict.ts';

/** What is explored. */
export interface ExploreOptions {
  /** Faults in one run: 1, or 2 for a second one while the first is recovered from. */
  readonly depth: 1 | 2;
  /** Which part of the points: `index` (from 0) of `of` equal parts. */
  readonly part: { readonly index: number; readonly of: number };
  /** So many points at the beginning of the part have been done before. */
  readonly skip: number;
  /** Answers after which a run in which everything works again is stopped; 0 for never. */
  readonly tail: number;
  /** How long a link stays cut, in ns. */
  readonly cutNs: number;
  /** False runs every fork to its end; the verdicts are the same. */
  readonly sharing: boolean;
}

/** Every point once, each run followed to an end that is known. */
export function exploreOptions(scenario: Scenario, given: Partial<ExploreOptions>): ExploreOptions {
  const cutNs = 4 * scenario.timing.failureTimeoutNs;
  return { depth: 1, part: { index: 0, of: 1 }, skip: 0, tail: 10, cutNs, sharing: true, ...given };
}

/**
 * The scenario as it is explored: without its own faults unless they are to come first, and without
 * what it expects because of them. Clients may ask twice, so what they are told is judged by
 * consistency, not word by word.
 */
export function explorable(scenario: Scenario, keepFaults = false): Scenario {
  const { alone: _, ...expect } = scenario.expect;
  const asWithoutFaults = expect.asWithoutFaults.filter((part) => part !== 'answers');
  return {
    ...scenario,
    faults: keepFaults ? scenario.faults : [],
    report: [],
    expect: { ...expect, answers: {}, diverged: [], asWithoutFaults },
  };
}

/** What is known of a world that was judged before. */
interface Known {
  readonly verdict: Verdict;
  /** It was not followed to its end, or joined one that was not. */
  readonly short: boolean;
  /** Time from there to the end, in ns. */
  readonly leftNs: number;
  /** Forks that have come here. */
  joined: number;
}

/** A fork that has been judged. */
interface Run {
  readonly verdict: Verdict;
  readonly short: boolean;
  readonly leftNs: number;
  readonly way: Way;
  readonly violations: readonly Violation[];
  readonly track: Track;
}

/** A track that is gone through, and where. */
interface Frame {
  readonly track: Track;
  readonly walker: World;
  readonly notes: Notes;
  /** Index of the point at hand; the faults to try at it, and which is next. */
  point: number;
  actions: readonly Action[];
  action: number;
  /** The world before the event of the point at hand. */
  saved: SavedWorld;
  savedEvent: number;
  /** The worst that second faults have led to since this frame was begun. */
  worst: Verdict;
}

export class Explorer {
  readonly scenario: Scenario;
  readonly options: ExploreOptions;
  readonly #parts: RunParts;
  readonly #runner: World;
  readonly #reference: World | undefined;
  readonly #known = new Map<Digest, Known>();
  readonly #links: readonly Ends[];
  readonly #stack: Frame[] = [];
  readonly #walkers: World[] = [];
  readonly #findings: Findings;
  /** Index of the first point that is not ours any more. */
  readonly #end: number;

  /**
   * Follows the run without further faults; `scenario` is one that {@link explorable} has prepared.
   */
  constructor(scenario: Scenario, parts: RunParts, options: ExploreOptions) {
    this.scenario = scenario;
    this.options = options;
    this.#parts = { ...parts, tracing: false };
    this.#runner = newWorld(scenario, this.#parts);
    this.#links = linksOf(this.#runner);
    const compared = scenario.expect.asWithoutFaults.length > 0;
    this.#reference = compared ? runWorld(withoutFaults(scenario), this.#parts) : undefined;
    const base = this.#follow(this.#runner.save(), scenario.faults);
    const { index, of } = options.part;
    const total = base.track.points.length;
    this.#end = Math.floor((total * (index + 1)) / of);
    const first = Math.min(Math.floor((total * index) / of) + options.skip, this.#end);
    const entries = Math.max(...[...this.#runner.hosts.values()].map(({ state }) => state.entries));
    const range = [first, this.#end] as const;
    this.#findings = new Findings(scenario, options, base.track, range, base.verdict, entries);
    for (const violation of base.violations) this.#findings.convictBase(violation);
    this.#push(base.track, first);
  }

  /** Points done, and all that are to be done here. */
  get progress(): { readonly done: number; readonly of: number } {
    return this.#findings.progress;
  }

  /** Judges up to `budget` forks; false when there is nothing left to do. */
  next(budget: number): boolean {
    for (let left = budget; left > 0; left--) {
      const frame = this.#stack.at(-1);
      if (!frame) return false;
      this.#step(frame);
    }
    return this.#stack.length > 0;
  }

  /** What has been found at the points that are done. */
  result(): Exploration {
    return this.#findings.result();
  }

  /** Faults among these that do not belong to the scenario itself. */
  #tried(faults: readonly FaultSpec[]): number {
    return faults.length - this.scenario.faults.length;
  }

  /** Judges one fork of a track, or gives the track up when all of it has been done. */
  #step(frame: Frame): void {
    const { track } = frame;
    const isBase = this.#stack.length === 1;
    if (frame.action === frame.actions.length) {
      frame.point++;
      if (frame.point >= (isBase ? this.#end : track.points.length)) {
        this.#pop(frame);
        return;
      }
      this.#goTo(frame, track.points[frame.point]!);
      if (isBase) this.#findings.begin(frame.point);
      return;
    }
    const point = track.points[frame.point]!;
    const action = frame.actions[frame.action++]!;
    const faults = [...track.faults, { at: point.at, action }];
    const run = this.#judge(frame, point, faults);
    frame.worst = worse(frame.worst, run.verdict);
    this.#findings.count(run.way, run.verdict);
    const conviction: Conviction = { faults, verdict: run.verdict, timeNs: point.timeNs };
    if (isConviction(run.verdict)) this.#findings.convict(conviction);
    if (isBase) this.#findings.note(frame.point, action, run.verdict);
    if (this.#tried(faults) < this.options.depth && run.track.points.length > 0)
      this.#push(run.track, 0);
  }

  #judge(frame: Frame, { at, timeNs }: Point, faults: readonly FaultSpec[]): Run {
    const { action } = faults.at(-1)!;
    const { track, saved } = frame;
    const isBase = this.#tried(track.faults) === 0;
    if (isBase && this.options.sharing && action.do === 'cut') {
      const untilNs = timeNs + this.options.cutNs;
      if (untilNs < track.endNs && isIdle(track, action.between, timeNs, untilNs)) {
        const { baseVerdict: verdict } = this.#findings;
        return { ...NOTHING_LEFT, verdict, way: 'idle', track: noTrack(saved, faults) };
      }
    }
    assert(at.on !== 'time', 'a point is a moment of a host');
    return this.#follow(saved, faults);
  }

  /**
   * Runs from `start` until its future is known. The last fault comes in the first event, unless it
   * is one of the scenario's own: those runs are followed to their end.
   */
  #follow(start: SavedWorld, faults: readonly FaultSpec[]): Run {
    const world = this.#runner;
    world.load(start, faults);
    const notes = new Notes(world);
    // Points of a run to which no further fault comes need not be noted.
    if (this.#tried(faults) < this.options.depth) world.observer = notes;
    const visited: { digest: Digest; atNs: number }[] = [];
    const end = this.#run(world, notes, this.#tried(faults) > 0, visited);
    world.observer = undefined;
    const { points, uses } = notes;
    const endNs = world.state.nowNs;
    for (const { digest, atNs } of visited) {
      const { verdict, short } = end;
      this.#known.set(digest, { verdict, short, leftNs: endNs - atNs + end.leftNs, joined: 0 });
    }
    return { ...end, track: { start, faults, points, uses, endNs } };
  }

  #run(
    world: World,
    notes: Notes,
    mayJoin: boolean,
    visited: { digest: Digest; atNs: number }[],
  ): Omit<Run, 'track'> {
    const timeless = isTimeless(world);
    let { tail } = this.options;
    let marks = -1;
    let calmSince: number | undefined;
    while (notes.next()) {
      const { state } = world;
      if (mayJoin && this.options.sharing && isLostForGood(world)) break;
      const now = marksOf(world);
      if (now === marks) continue;
      marks = now;
      const digest = this.options.sharing ? worldDigest(world) : undefined;
      if (digest !== undefined) {
        const known = mayJoin ? this.#known.get(digest) : undefined;
        // Where many forks come together, one of them is followed to its end.
        const calm = calmSince !== undefined;
        if (known?.short && calm && ++known.joined === JOINED_OFTEN) tail = 0;
        if (known && this.#endsInTime(world, known) && !(known.short && tail === 0)) {
          return { ...known, way: known.short ? 'cut short' : 'joined', violations: [] };
        }
        visited.push({ digest, atNs: state.nowNs });
      }
      if (tail === 0 || state.firedFaults.length === 0 || !isSettled(world)) continue;
      calmSince ??= state.answers;
      if (state.answers < calmSince + tail || world.isOver()) continue;
      // What follows the scenario's own faults is no other place than any before them.
      notes.closed = true;
      if (mayJoin) {
        const violations = [...state.violations, ...judgeSafety(world)];
        const verdict = worse('ok', verdictAmong(world, violations));
        return { ...NOTHING_LEFT, verdict, short: true, way: 'cut short', violations };
      }
    }
    // A guest that has read a clock meanwhile does not go on alike at another time of the world.
    if (timeless && !isTimeless(world)) visited.length = 0;
    const violations = this.#judgeEnd(world);
    return { ...NOTHING_LEFT, verdict: verdictOf(world, violations), way: 'run out', violations };
  }

  /** Whether the future of a known world ends before the time of this one is up. */
  #endsInTime({ state, scenario }: World, { leftNs }: Known): boolean {
    return state.nowNs + leftNs <= scenario.safetyNs + scenario.livenessNs;
  }

  #judgeEnd(world: World): Violation[] {
    const { violations } = world.state;
    const found = judge(world);
    const stuck = found.some(({ checker }) => checker === 'liveness');
    // Nobody is left who could have done the rest of what is expected.
    if (isUnfinished(world) && !stuck) return [...violations, ...judgeSafety(world)];
    const compared = this.#reference ? compareRuns(world, this.#reference) : [];
    return [...violations, ...found, ...compared];
  }

  #push(track: Track, first: number): void {
    const depth = this.#stack.length;
    this.#walkers[depth] ??= newWorld(this.scenario, this.#parts);
    const walker = this.#walkers[depth];
    walker.load(track.start, track.faults);
    this.#stack.push({
      track,
      walker,
      notes: new Notes(walker),
      point: first - 1,
      actions: [],
      action: 0,
      saved: track.start,
      savedEvent: 1,
      worst: 'ok',
    });
  }

  /** Takes the walker to the event before `point` and stores the world there. */
  #goTo(frame: Frame, point: Point): void {
    const { notes, walker } = frame;
    if (point.event !== frame.savedEvent) {
      while (notes.event < point.event - 1) assert(notes.next(), 'the walker loses its way');
      frame.saved = walker.save();
      frame.savedEvent = point.event;
    }
    frame.action = 0;
    frame.actions = this.#actionsAt(walker, point);
  }

  /** The faults that can come to a world at a point of its next event. */
  #actionsAt(world: World, { sending }: Point): Action[] {
    const alive = (end: string): boolean => {
      const status = world.hosts.get(end)?.state.status;
      return status === undefined || status === 'up' || status === 'paused';
    };
    const actions: Action[] = [];
    for (const host of world.hosts.keys()) {
      if (!alive(host)) continue;
      actions.push({ do: 'crash', host, losing: 'messages' });
      if (sending.includes(host)) actions.push({ do: 'crash', host, losing: 'outputs-too' });
    }
    for (const between of this.#links) {
      if (!between.every(alive) || world.link(between.join('>')).cut) continue;
      actions.push({ do: 'cut', between, forNs: this.options.cutNs });
    }
    return actions;
  }

  #pop(frame: Frame): void {
    this.#stack.pop();
    const parent = this.#stack.at(-1);
    if (!parent) {
      this.#findings.end();
      return;
    }
    parent.worst = worse(parent.worst, frame.worst);
    const action = frame.track.faults.at(-1)!.action;
    this.#findings.note(parent.point, action, frame.worst);
  }
}

/** A stretch that was cut short and has been joined so often is worth its whole length. */
const JOINED_OFTEN = 3;

/** In a run with many answers every second look is spared: it costs as much as some answers. */
const MANY_ANSWERS = 100;

const NOTHING_LEFT = { short: false, leftNs: 0, violations: [] } as const;

const noTrack = (start: SavedWorld, faults: readonly FaultSpec[]): Track => ({
  start,
  faults,
  points: [],
  uses: new Map(),
  endNs: 0,
});

/** Every pair of ends that a link joins, once. */
function linksOf(world: World): Ends[] {
  const pairs: Ends[] = [];
  for (const name of Object.keys(world.delays)) {
    const [a, b] = endsOf(name);
    if (!pairs.some(([x, y]) => x === b && y === a)) pairs.push([a, b]);
  }
  return pairs;
}

/** Grows whenever it is worth looking whether the world is one that is known. */
function marksOf({ state, scenario, hosts }: World): number {
  const { answers, observations } = state;
  let seen = scenario.clients.length > 0 ? answers : observations.length;
  if (seen > MANY_ANSWERS) seen = (seen + MANY_ANSWERS) >> 1;
  const flags = [!state.firedFaults.includes(false), state.finishedNs !== undefined];
  for (const host of hosts.values()) flags.push(host.state.status === 'halted');
  return flags.reduce((marks, flag) => 2 * marks + (flag ? 1 : 0), seen);
}

/** The verdict on a run that is stopped while clients wait, as it would be were they served. */
function verdictAmong(world: World, violations: readonly Violation[]): Verdict {
  const verdict = verdictOf(world, violations);
  return verdict === 'gone' ? 'ok' : verdict;
}

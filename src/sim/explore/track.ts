/**
 * A track is one run that is followed while notes are taken: the points at which a fault could
 * come, and when its links are used. A point is a moment (faults.ts) of a host: a log entry, a
 * message, an output, a question, just before it and just after it. What lies between two effects
 * of one event is one point, however many names it has.
 */
import type { HostId } from '../../ft/ports.ts';
import type { Ends, FaultSpec, Moment, Trigger } from '../faults.ts';
import { linkName } from '../links.ts';
import type { Observer, SavedWorld, World } from '../world.ts';

/** A place for a fault. */
export interface Point {
  /** Events of the track up to and with that in which the point lies. */
  readonly event: number;
  /** World time in ns. */
  readonly timeNs: number;
  readonly at: Trigger;
  /** Hosts with an output under way to gateway or disk. */
  readonly sending: readonly HostId[];
}

/** A run with its notes. */
export interface Track {
  readonly start: SavedWorld;
  /** Those of the run itself. */
  readonly faults: readonly FaultSpec[];
  readonly points: readonly Point[];
  /** Times at which each link was used, ascending, in ns. */
  readonly uses: ReadonlyMap<string, readonly number[]>;
  readonly endNs: number;
}

/** Takes the notes of a track. `event` must be counted up before each event. */
export class Notes implements Observer {
  readonly points: Point[] = [];
  readonly uses = new Map<string, number[]>();
  readonly #world: World;
  event = 0;
  /** No more points are wanted. */
  closed = false;
  /** A moment has just passed, and nothing has been done since. */
  #passed = false;

  constructor(world: World) {
    this.#world = world;
  }

  /** Lets the next event happen; false when the world is over. */
  next(): boolean {
    this.event++;
    this.#passed = false;
    return this.#world.next();
  }

  moment(moment: Moment): void {
    if (moment.kind === 'answer' || moment.kind === 'count') return;
    const { state, hosts } = this.#world;
    const isNew = !(this.#passed && moment.before);
    this.#passed = !moment.before;
    // Until the faults of this run have come, it is a run that has been explored already.
    if (!isNew || this.closed || state.firedFaults.includes(false)) return;
    const { kind: on, ...rest } = moment;
    const sending = [...hosts.values()].filter((host) => isSending(host.state));
    this.points.push({
      event: this.event,
      timeNs: state.nowNs,
      at: { on, ...rest },
      sending: sending.map(({ id }) => id),
    });
  }

  other(): void {
    this.#passed = false;
  }

  link(name: string): void {
    const times = this.uses.get(name);
    if (times) times.push(this.#world.state.nowNs);
    else this.uses.set(name, [this.#world.state.nowNs]);
  }
}

const isSending = ({ releases, delivered }: { releases: number; delivered: number }): boolean =>
  releases > delivered;

/** Whether nothing passes between two ends from `fromNs` to `toNs`, both included. */
export function isIdle({ uses }: Track, [a, b]: Ends, fromNs: number, toNs: number): boolean {
  return [linkName(a, b), linkName(b, a)].every((name) => {
    const next = firstAtOrAfter(uses.get(name) ?? [], fromNs);
    return next === undefined || next > toNs;
  });
}

function firstAtOrAfter(times: readonly number[], ns: number): number | undefined {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! < ns) low = middle + 1;
    else high = middle;
  }
  return times[low];
}

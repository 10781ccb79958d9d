/**
 * The digest of a world: what its future, and the verdict on it, depend on, and nothing else. Two
 * worlds with equal digests go on alike and are judged alike, so the future of one tells that of
 * the other (test/sim/explore.test.ts holds this against running both).
 *
 * Left out: figures, traces, tickets and events that nobody waits for, everything about a host that
 * is gone, what an alone replica without a living peer remembers of the protocol, and of the
 * outputs taken outside all but those that may come again and whether the rest was right.
 *
 * Times are written as seen from the present, so that a run may join one that was there earlier.
 * That is exact as long as no guest has a clock: `isTimeless` says whether one has. Times that lie
 * further back than every period of the protocol count as equal.
 */
import { type Digest, toHex } from '../base/digest.ts';
import type { HostId } from '../ft/ports.ts';
import type { ReplicaState } from '../ft/state.ts';
import { answersOf } from './checkers.ts';
import { allDisks } from './disk.ts';
import type { SimEvent } from './events.ts';
import { endsFault, hasStopped, isCalm, isCloning, isVain } from './fate.ts';
import { describeAction } from './faults.ts';
import type { SimHost } from './host.ts';
import { endsOf } from './links.ts';
import { survivor } from './lives.ts';
import { inOrder } from './queue.ts';
import type { World } from './world.ts';

/** Times on a host's or the world's clock, wherever in a state they stand. */
const TIMES = new Set([
  ...[
    'atNs',
    'leftNs',
    'lastNs',
    'alarmNs',
    'farewellNs',
    'deadlineNs',
    'retryAtNs',
    'flushAtNs',
    'restUntilNs',
  ],
  ...['heartbeatHeardNs', 'channelHeardNs', 'nextHeartbeatNs', 'heardNs'],
  ...['roundBeganNs', 'heldNs', 'sentNs'],
]);

/** What an alone replica does not look at when nobody is left to talk to. */
const HERMIT_FORGETS = [
  ...['alarmNs', 'watch', 'arbitration', 'fence', 'window', 'inbox', 'lag', 'reads'],
] as const;

/** What a replica only measures: its future does not depend on it. */
const MEASURED = 'trip';

/** What a replayer keeps only to be able to tell what went wrong. */
const HISTORY_OF_LOG = ['recent', 'since'];

/** Kinds of inputs by which a guest learns the time; in the order of INPUT_KINDS. */
const CLOCK_INPUTS = [0, 4, 5, 6];

/** Whether no guest of the world has read a clock or been given a tick. */
export function isTimeless(world: World): boolean {
  for (const { engine } of world.hosts.values()) {
    const { inputs } = engine.log.point;
    if (CLOCK_INPUTS.some((kind) => inputs[kind]! > 0)) return false;
    if (engine.log.machine.timers().length > 0) return false;
  }
  return world.scenario.hosts.every(({ clock }) => clock.driftPpm === 0);
}

/** The digest of `world` between two events; undefined while a fault or a clone is to come. */
export function worldDigest(world: World): Digest | undefined {
  if (world.state.firedFaults.includes(false) || isCloning(world)) return undefined;
  const text = new Canon(world).world();
  return toHex(world.parts.hasher.hash(new TextEncoder().encode(text)));
}

/** Turns bytes into characters, one for one. */
const latin1 = new TextDecoder('latin1');

/** Writes a world as the text of which the digest is taken: equal texts, equal futures. */
class Canon {
  readonly #world: World;
  readonly #timeless: boolean;
  readonly #horizonNs: number;
  readonly #final: boolean;
  readonly #replicas = new Map<HostId, ReplicaState>();

  constructor(world: World) {
    this.#world = world;
    this.#timeless = isTimeless(world);
    const { heartbeatNs, failureTimeoutNs, retryNs, flushNs } = world.scenario.timing;
    this.#horizonNs = 2 * (heartbeatNs + failureTimeoutNs + retryNs + flushNs);
    this.#final = isCalm(world);
    for (const host of world.hosts.values()) {
      if (!this.#isGone(host)) this.#replicas.set(host.id, host.replica.state());
    }
  }

  world(): string {
    const { state, scenario } = this.#world;
    const low = this.#lowOrdinal();
    const parts = [
      this.#timeless && !this.#waitsForADate() ? null : state.nowNs,
      this.#world.prng.state(),
      [...this.#world.hosts.values()].map((host) => this.#host(host, low)),
      this.#queue(),
      this.#links(),
      state.arbiter,
      this.#disk(),
      state.gateway,
      scenario.clients.map((spec, index) => {
        const { next, sentNs, stack } = state.clients[index]!;
        const judged = spec.name in scenario.expect.answers || this.#comparesAnswers();
        const told = judged ? answersOf(this.#world, index) : [];
        return [next, sentNs !== undefined, stack, told];
      }),
      this.#history(low),
      state.exitStatus,
      state.finishedNs === undefined ? undefined : state.finishedNs - state.nowNs,
      state.alone,
      state.diverged,
      state.reigns.map(({ host, owner, token }) => [host, owner, token]),
      state.coldStart,
      state.members,
      Object.entries(state.histories).map(([generation, history]) => {
        const { outputs, entries, covered, written } = history;
        return [generation, outputs.length, outputs.slice(low), entries, covered, written];
      }),
    ];
    return this.#text(parts, state.nowNs);
  }

  #comparesAnswers(): boolean {
    return this.#world.scenario.expect.asWithoutFaults.includes('answers');
  }

  /** Whether a client will send a request at a fixed time of the world. */
  #waitsForADate(): boolean {
    const { state, scenario } = this.#world;
    return scenario.clients.some(({ requests }, index) =>
      requests.slice(state.clients[index]!.next + 1).some(({ atNs }) => atNs > state.nowNs),
    );
  }

  /** Whether the host will never do anything again. */
  #isGone(host: SimHost): boolean {
    return this.#final && hasStopped(host);
  }

  #isHermit(host: SimHost): boolean {
    if (host.replica.role !== 'alone') return false;
    return [...this.#world.hosts.values()].every((other) => other === host || this.#isGone(other));
  }

  #host(host: SimHost, low: number): unknown {
    const { state, engine } = host;
    const outputs = state.outputs.slice(low);
    if (this.#isGone(host)) return [state.status, state.life];
    const { log } = engine;
    const waiting: Record<string, unknown> = { ...log.waiting() };
    for (const field of HISTORY_OF_LOG) delete waiting[field];
    if (this.#timeless) delete waiting.shift;
    const { status, life, sleepingRun, halted, offered, deadlineNs, backlog, covered } = state;
    const early = state.early.filter((ordinal) => ordinal >= low);
    const { jumpedNs, dateBehindNs } = state;
    const clock = { jumpedNs, dateBehindNs };
    const doing = { status, life, sleepingRun, halted, offered, deadlineNs, backlog, early, clock };
    const protocol: Record<string, unknown> = { ...this.#replicas.get(host.id), nowNs: undefined };
    const hermit = this.#isHermit(host);
    if (hermit) for (const field of HERMIT_FORGETS) delete protocol[field];
    const unanswered = state.unanswered.map(({ token, ordinal }) => [token, ordinal]);
    const own = [doing, unanswered, hermit ? 0 : covered, protocol, waiting, state.written];
    const made = [outputs, state.outputs.length, log.machine.digest()];
    return [this.#text(own, host.nowNs), made, engine.mode];
  }

  /** Events that will have an effect, in order. */
  #queue(): object[] {
    const kept: object[] = [];
    for (const { atNs, event } of inOrder(this.#world.state.queue)) {
      const live = this.#live(event);
      if (live) kept.push({ atNs, live });
    }
    return kept;
  }

  #live(event: SimEvent): object | undefined {
    const { state, hosts } = this.#world;
    switch (event.kind) {
      case 'arrival': {
        const payload = event.epoch === this.#world.link(event.link).epoch && event.payload;
        if (!payload || !this.#live(payload)) return undefined;
        return { link: event.link, payload };
      }
      case 'host':
      case 'slice-end':
        return this.#isGone(hosts.get(event.host)!) ? undefined : event;
      case 'alarm':
      case 'guest-wake': {
        const host = hosts.get(event.host)!;
        if (this.#isGone(host)) return undefined;
        const { alarmTicket, runTicket, sleepingRun } = host.state;
        const { ticket, ...rest } = event;
        if (event.kind === 'alarm') {
          return ticket === alarmTicket && !this.#isHermit(host) ? rest : undefined;
        }
        return ticket === runTicket && sleepingRun !== undefined ? rest : undefined;
      }
      case 'client-timer': {
        const client = state.clients.find(({ name }) => name === event.client);
        return event.ticket === client?.ticket ? { client: event.client } : undefined;
      }
      case 'undo-fault': {
        if (!endsFault(this.#world, event)) return undefined;
        return { undo: describeAction(this.#world.faults[event.index]!.action) };
      }
      case 'heal':
        return this.#isHealthy() ? undefined : event;
      default:
        return event;
    }
  }

  /** Whether nothing is broken that healing would mend. */
  #isHealthy(): boolean {
    const { links, arbiter } = this.#world.state;
    const { delays } = this.#world;
    if (!allDisks(this.#world).every(({ mode }) => mode === 'ok')) return false;
    if (!arbiter.up || arbiter.losesAnswers) return false;
    for (const { state } of this.#world.hosts.values()) if (state.status === 'paused') return false;
    return Object.entries(links).every(
      ([name, { cut, stalled, damageBit, repeats, delayNs }]) =>
        (!(cut || stalled || damageBit !== undefined || repeats) && delayNs === delays[name]) ||
        isVain(this.#world, endsOf(name)),
    );
  }

  /** Links that are not as at the beginning, or whose stream is not at rest. */
  #links(): object {
    const { links, nowNs } = this.#world.state;
    const kept: Record<string, unknown> = {};
    for (const [name, link] of Object.entries(links)) {
      const { cut, stalled, damageBit, repeats, delayNs, lastNs, held } = link;
      if (isVain(this.#world, endsOf(name))) continue;
      const plain = !cut && !stalled && damageBit === undefined && !repeats;
      if (plain && delayNs === this.#world.delays[name] && lastNs <= nowNs) continue;
      const payloads = held.map(({ payload }) => this.#live(payload) ?? null);
      kept[name] = { cut, stalled, damageBit, repeats, delayNs, lastNs, payloads };
    }
    return kept;
  }

  #disk(): unknown {
    const { hasher } = this.#world.parts;
    return allDisks(this.#world).map(({ sectors, ...rest }) => [
      rest,
      Object.entries(sectors).map(([name, bytes]) => [name, hasher.hash(bytes)]),
    ]);
  }

  /** The lowest ordinal that may still come out of a host, or that is on its way. */
  #lowOrdinal(): number {
    let low = Number.POSITIVE_INFINITY;
    const consider = (ordinal: number): void => {
      if (ordinal >= 0 && ordinal < low) low = ordinal;
    };
    const underWay = (event: SimEvent): void => {
      if (event.kind === 'arrival') underWay(event.payload);
      else if ('ordinal' in event) consider(event.ordinal);
    };
    const { queue, links } = this.#world.state;
    for (const { event } of queue) underWay(event);
    for (const { held } of Object.values(links)) for (const { payload } of held) underWay(payload);
    for (const disk of allDisks(this.#world)) for (const event of disk.waiting) underWay(event);
    for (const host of this.#world.hosts.values()) {
      if (this.#isGone(host)) continue;
      consider(host.state.outputs.length);
      const { held, released } = this.#replicas.get(host.id)!.outputs;
      for (const list of [held, released]) if (list[0]) consider(list[0].ordinal);
    }
    return low === Number.POSITIVE_INFINITY ? 0 : low;
  }

  /** What was taken outside: all that may still be compared, and whether the rest was right. */
  #history(low: number): unknown {
    const { observations, violations } = this.#world.state;
    const last = survivor(this.#world);
    const histories = new Map([[last.id, last.state.outputs]]);
    for (const host of this.#world.hosts.values()) {
      if (!this.#isGone(host)) histories.set(host.id, host.state.outputs);
    }
    const open: unknown[] = [];
    const wrong = new Set<string>();
    const taken = new Set<number>();
    for (const { ordinal, token, hash, where } of observations) {
      if (ordinal >= low) open.push([ordinal, token, hash, where]);
      else {
        for (const [id, outputs] of histories) if (outputs[ordinal] !== hash) wrong.add(id);
      }
      const key = token * 0x1_0000_0000 + ordinal;
      if (taken.has(key)) wrong.add('repetition');
      taken.add(key);
    }
    const convictions = new Set(violations.map(({ checker }) => checker));
    const { outputs } = last.state;
    return [open, outputs.slice(low), outputs.length, [...wrong].sort(), [...convictions].sort()];
  }

  #time(ns: number, nowNs: number): number {
    return this.#timeless ? Math.max(ns - nowNs, -this.#horizonNs) : ns;
  }

  /** Any plain data as text, with its times as seen from `nowNs`. */
  #text(value: unknown, nowNs: number, key = ''): string {
    switch (typeof value) {
      case 'number':
        return `${TIMES.has(key) ? this.#time(value, nowNs) : value}`;
      case 'string':
        return `${value.length}"${value}`;
      case 'object':
        break;
      default:
        return `${value}`;
    }
    if (value === null) return 'null';
    if (value instanceof Uint8Array) return `${value.length}'${latin1.decode(value)}`;
    let text = '';
    if (Array.isArray(value)) {
      for (const item of value) text += `${this.#text(item, nowNs)},`;
      return `[${text}]`;
    }
    for (const [name, item] of Object.entries(value)) {
      if (item !== undefined && name !== MEASURED)
        text += `${name}:${this.#text(item, nowNs, name)},`;
    }
    return `{${text}}`;
  }
}

/**
 * The driver of the protocol core on a real host (ft/ports.ts): turns what happens into events with
 * the time of a monotonic clock, and performs the effects in their order.
 *
 * Invariants:
 * - the core takes one event at a time; what happens while it does waits its turn
 * - an alarm is told after the sockets have been read: a process that was kept from running hears
 *   its peers before it is told how late it is
 */
import { BugError, unreachable } from '../base/assert.ts';
import type { Claim, Effect, Event, HaltReason, HostEvent, Replica, Token } from '../ft/ports.ts';
import type { ReplicaState } from '../ft/state.ts';
import type { Slice } from '../hypervisor/entry.ts';
import type { Checkpoint } from '../hypervisor/log-point.ts';
import type { Arbiter } from './arbiter.ts';
import type { Channel } from './channel.ts';
import type { CloneCarrier } from './clone-carrier.ts';
import type { DiskClient } from './disk-client.ts';
import type { GatewayClient } from './gateway-client.ts';
import type { GuestEngine } from './guest-engine.ts';
import type { Heartbeats } from './heartbeats.ts';
import type { Refuse } from './log.ts';

/** Longest delay that a timer of Node takes, in ms. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Time between two looks at the state, which cost a copy of it, in ns. */
const LOOK_NS = 100_000_000;

/** Everything that carries out effects. */
export interface ReplicaPorts {
  readonly engine: GuestEngine;
  readonly clone: CloneCarrier;
  readonly channel: Channel;
  readonly heartbeats: Heartbeats;
  /** Undefined where the machine has no disks. */
  readonly disk: DiskClient | undefined;
  readonly gateway: GatewayClient;
  readonly arbiter: Arbiter;
}

/** Who is told what. */
export interface ReplicaDriverOptions {
  readonly replica: Replica<ReplicaState>;
  /** A monotonic clock in ns. */
  readonly nowNs: () => number;
  /** Something that people should know. */
  readonly report: (news: string) => void;
  /** The core has refused a message. */
  readonly refuse: Refuse;
  /** The replica has another role or generation, or its question to the arbiter another answer. */
  readonly onChange: (state: ReplicaState) => void;
  /** The replica's life is over. */
  readonly onHalt: (reason: HaltReason) => void;
}

export class ReplicaDriver {
  readonly #options: ReplicaDriverOptions;
  #ports: ReplicaPorts | undefined;
  readonly #queue: HostEvent[] = [];
  #stepping = false;
  #halted = false;
  #alarm: NodeJS.Timeout | undefined;
  #alarmNs = 0;
  /** Claims that the arbiter has not answered. */
  readonly #claims = new Set<number>();
  #seen = '';
  #snapshots = 0;
  /** Who has asked for a snapshot, and the machines kept until they may be told, by name. */
  readonly #takers = new Map<string, (checkpoint: Checkpoint) => void>();
  readonly #kept = new Map<string, Checkpoint>();
  #lookNs = 0;
  /** What the guest has ended with, once that has been released. */
  exitStatus: number | undefined;
  /** The most that an alarm has come after its time, in ns: so long it had no turn, or was busy. */
  latestNs = 0;

  constructor(options: ReplicaDriverOptions) {
    this.#options = options;
  }

  /** Begins the replica's life. Events that have come before wait for it. */
  start(ports: ReplicaPorts): void {
    this.#ports = ports;
    this.#queue.unshift({ kind: 'wake' });
    this.#work();
  }

  /** Has the machine kept as it is; `take` gets it when no failover can undo it any more. */
  snapshot(take: (checkpoint: Checkpoint) => void): void {
    const name = `snapshot-${this.#snapshots++}`;
    this.#takers.set(name, take);
    this.post({ kind: 'snapshot', name });
  }

  #keepSnapshot(name: string): void {
    const checkpoint = this.#kept.get(name);
    if (checkpoint) this.#takers.get(name)?.(checkpoint);
    this.#kept.delete(name);
    this.#takers.delete(name);
  }

  /** Something has happened. */
  post(event: HostEvent): void {
    this.#queue.push(event);
    this.#work();
  }

  #work(): void {
    if (this.#stepping || !this.#ports) return;
    this.#stepping = true;
    for (let event = this.#queue.shift(); event; event = this.#queue.shift()) {
      if (this.#halted) break;
      if (event.kind === 'sliced') this.#noteKept(event.slice);
      const effects = this.#options.replica.step(this.#timed(event));
      for (const effect of effects) this.#perform(effect, this.#ports);
      this.#notice(effects);
    }
    this.#stepping = false;
  }

  /** The event with its time. A copy of what has so many shapes would cost more than most steps. */
  #timed(event: HostEvent & { nowNs?: number }): Event {
    event.nowNs = this.#options.nowNs();
    return event as Event;
  }

  /** What a slice has kept, for who has asked for it here. */
  #noteKept({ kept = [] }: Slice): void {
    for (const { name, checkpoint } of kept)
      if (this.#takers.has(name)) this.#kept.set(name, checkpoint);
  }

  /** Tells of another role and the like; only some effects come with it. */
  #notice(effects: readonly Effect[]): void {
    const { replica, onChange } = this.#options;
    if (!effects.some(({ kind }) => CHANGES.has(kind)) && !this.#looksAgain()) return;
    const state = replica.state();
    const seen = `${state.role} ${state.generation} ${state.arbitration.stage}`;
    if (seen !== this.#seen) onChange(state);
    this.#seen = seen;
  }

  /** Now and then, lest a change be missed that comes without any of these effects. */
  #looksAgain(): boolean {
    const nowNs = this.#options.nowNs();
    if (nowNs < this.#lookNs) return false;
    this.#lookNs = nowNs + LOOK_NS;
    return true;
  }

  #perform(effect: Effect, ports: ReplicaPorts): void {
    switch (effect.kind) {
      case 'send':
        ports.channel.send(effect.to, effect.bytes);
        break;
      case 'heartbeat':
        ports.heartbeats.send(effect.to, effect.bytes);
        break;
      case 'close-channel':
        ports.channel.close(effect.peer);
        break;
      case 'run':
      case 'offer':
      case 'control':
      case 'feed':
      case 'go-live':
      case 'stop':
        performOnGuest(ports.engine, effect);
        break;
      case 'capture':
      case 'read-piece':
      case 'clear':
      case 'install':
      case 'assemble':
        ports.clone.perform(effect);
        break;
      case 'release':
        if (effect.output.kind === 'exit') this.exitStatus = effect.output.status;
        release(ports, effect);
        break;
      case 'read':
        ports.disk?.read(effect.token, effect.request);
        break;
      case 'fence':
        this.#fence(ports, effect.token);
        break;
      case 'announce':
        ports.gateway.announce(effect.token);
        break;
      case 'test-and-set':
        void this.#claim(ports.arbiter, effect.claim);
        break;
      case 'who-won':
        void this.#askOwner(ports.arbiter, effect.machine, effect.generation);
        break;
      case 'refuse':
        this.#options.refuse(effect.why, `${effect.from}: ${effect.reason}`);
        break;
      case 'protection':
        this.#onProtection(ports, effect);
        break;
      case 'mirror':
        throw new BugError('the disks of a real host are shared: there is nothing to mirror');
      case 'snapshot-kept':
        this.#keepSnapshot(effect.name);
        break;
      case 'wake-at':
        this.#setAlarm(effect.atNs);
        break;
      case 'halt':
        this.#halted = true;
        clearTimeout(this.#alarm);
        this.#options.onHalt(effect.reason);
        break;
      default:
        unreachable(effect);
    }
  }

  /** Where there is no disk nobody can write to it. */
  #fence({ disk }: ReplicaPorts, token: Token): void {
    if (disk) disk.fence(token);
    else this.post({ kind: 'fenced', token });
  }

  #setAlarm(atNs: number): void {
    this.#alarmNs = atNs;
    this.#arm();
  }

  #arm(): void {
    clearTimeout(this.#alarm);
    const delayMs = Math.max(0, Math.ceil((this.#alarmNs - this.#options.nowNs()) / 1e6));
    // Sockets are read between a timer and what it puts off.
    const ring = (): void => void setImmediate(() => this.#ring());
    this.#alarm = setTimeout(ring, Math.min(delayMs, MAX_TIMER_MS));
  }

  /** A timer of Node may fire a little early; the core is told no sooner than it has asked. */
  #ring(): void {
    const lateNs = this.#options.nowNs() - this.#alarmNs;
    this.latestNs = Math.max(this.latestNs, lateNs);
    if (lateNs < 0) this.#arm();
    else this.post({ kind: 'wake' });
  }

  /** One question about a generation at a time; the core asks again while there is no answer. */
  async #claim(arbiter: Arbiter, claim: Claim): Promise<void> {
    if (this.#claims.has(claim.generation)) return;
    this.#claims.add(claim.generation);
    const answer = await arbiter.claim(claim);
    this.#claims.delete(claim.generation);
    this.post({ kind: 'arbiter', claim, answer });
  }

  async #askOwner(arbiter: Arbiter, machine: string, generation: number): Promise<void> {
    const answer = await arbiter.ownerOf(machine, generation);
    if (answer === 'unknown') return;
    this.post({ kind: 'owner', machine, generation, owner: answer.owner });
  }

  #onProtection({ clone }: ReplicaPorts, effect: Effect & { kind: 'protection' }): void {
    const { news, peer } = effect;
    this.#options.report(`protection by ${peer}: ${describeNews(news)}`);
    if (news.what !== 'begins') clone.forget();
  }
}

/** Effects that come with another role, generation or answer. */
const CHANGES: ReadonlySet<Effect['kind']> = new Set([
  'announce',
  'clear',
  'assemble',
  'go-live',
  'close-channel',
  'test-and-set',
  'protection',
  'halt',
]);

function describeNews(news: (Effect & { kind: 'protection' })['news']): string {
  switch (news.what) {
    case 'begins':
      return `generation ${news.generation} is offered`;
    case 'given-up':
      return `given up (${news.reason})`;
    case 'protected':
      return (
        `complete after ${news.rounds} rounds and ${news.bytes} bytes; ` +
        `outputs waited ${(news.pauseNs / 1e6).toFixed(1)} ms`
      );
  }
}

function performOnGuest(
  engine: GuestEngine,
  effect: Effect & { kind: 'run' | 'offer' | 'control' | 'feed' | 'go-live' | 'stop' },
): void {
  switch (effect.kind) {
    case 'run':
      engine.run(effect.until);
      break;
    case 'offer':
      engine.offer(effect.input);
      break;
    case 'control':
      engine.control(effect.op);
      break;
    case 'feed':
      engine.feed(effect.entries);
      break;
    case 'go-live':
      engine.goLive();
      break;
    case 'stop':
      engine.stop();
  }
}

function release(ports: ReplicaPorts, effect: Effect & { kind: 'release' }): void {
  const { token, ordinal, output } = effect;
  if (output.kind === 'disk') ports.disk?.request(token, output.request);
  else ports.gateway.release(token, ordinal, output);
}

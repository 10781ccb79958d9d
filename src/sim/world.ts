/**
 * A simulated world: hosts, links, disk, arbiter, gateway, clients and faults in virtual time, all
 * decided by one seed. Everything it remembers is plain data (machines through snapshots that share
 * their pages), so that it can be forked at any event and goes on identically.
 */
import { assert } from '../base/assert.ts';
import { type Digest, type Hasher, toHex } from '../base/digest.ts';
import { Prng } from '../base/prng.ts';
import { replicaConfig } from '../ft/config.ts';
import type { Effect, HostId, Role, Start } from '../ft/ports.ts';
import { createReplica } from '../ft/replica.ts';
import { examine } from '../hypervisor/examination.ts';
import { type LogPoint, START } from '../hypervisor/log-point.ts';
import { encodeOutput } from '../hypervisor/output-codec.ts';
import { Recorder } from '../hypervisor/recorder.ts';
import { Replayer } from '../hypervisor/replayer.ts';
import type { Output } from '../machine/output.ts';
import type { Machine } from '../machine/types.ts';
import { onAsk, onOwnerAsk } from './arbiter.ts';
import { isDone, onClientFrame, onClientTimer, startClient } from './client.ts';
import { coldStart, hasOperator } from './cold-start.ts';
import { describeSent } from './describe.ts';
import { onDiskEvent } from './disk.ts';
import type { Sent, SimEvent } from './events.ts';
import { fire, heal, undo } from './fault-effects.ts';
import type { FaultKind } from './fault-kinds.ts';
import { type FaultSpec, isReached, type Moment } from './faults.ts';
import { onAnnounce, onConsoleIn, onConsoleOut, onFrameIn, onFrameOut } from './gateway.ts';
import { type Engine, newLifeAfter, type SavedHost, SimHost } from './host.ts';
import { replayWithout } from './left-out.ts';
import { arrive, type Link } from './links.ts';
import { hasEnded, isLive, isLost, noteRole, ownerOf } from './lives.ts';
import { inOrder, pop, push, type Scheduled } from './queue.ts';
import { newObserved } from './report.ts';
import type { Scenario } from './scenario.ts';
import type { Observation } from './trace.ts';
import { WatchedMachine } from './watched-machine.ts';
import { copyState, makeLinks, newWorldState, type WorldState } from './world-state.ts';

/** More events than these at one time mean that somebody wakes himself without end. */
const MAX_EVENTS_AT_ONCE = 100_000;

/** What a world needs besides its scenario. */
export interface WorldParts {
  /** A machine about to execute its first instruction; called once for each host. */
  readonly makeMachine: () => Machine;
  readonly hasher: Hasher;
  /** Digest over all that decides what the machine is. */
  readonly configuration: Digest;
  /** What the disk holds at first, by "disk:sector". */
  readonly sectors: Readonly<Record<string, Uint8Array>>;
  /** Keep a trace; without it a run is faster. */
  readonly tracing: boolean;
}

/** Whoever walks along with a world: it is told, and changes nothing. */
export interface Observer {
  /** A moment at which a fault may fire; also every moment before one. */
  moment(moment: Moment): void;
  /** An effect is about to be performed that no moment names. */
  other(): void;
  /** Something is sent over a link, or comes out of it. */
  link(name: string): void;
}

/** A world at one moment. */
export interface SavedWorld {
  readonly state: WorldState;
  readonly hosts: Readonly<Record<HostId, SavedHost>>;
}

export class World {
  readonly scenario: Scenario;
  readonly parts: WorldParts;
  readonly tracing: boolean;
  readonly nsPerInstruction: number;
  readonly hosts = new Map<HostId, SimHost>();
  prng: Prng;
  state: WorldState;
  /** What goes wrong: the scenario's faults, or those that `load` was given. */
  faults: readonly FaultSpec[];
  observer: Observer | undefined;
  /** The delay of each link as the scenario has it, in ns. */
  readonly delays: Readonly<Record<string, number>>;

  constructor(scenario: Scenario, parts: WorldParts) {
    this.scenario = scenario;
    this.parts = parts;
    this.tracing = parts.tracing;
    this.nsPerInstruction = scenario.guest.nsPerInstruction;
    this.faults = scenario.faults;
    const links = Object.entries(makeLinks(scenario));
    this.delays = Object.fromEntries(links.map(([name, { delayNs }]) => [name, delayNs]));
    this.prng = new Prng(scenario.seed);
    this.state = newWorldState(scenario, parts.sectors, this.prng.state());
    for (const { id } of scenario.hosts) this.hosts.set(id, this.#makeHost(id));
    for (const host of this.hosts.values()) this.#start(host);
    for (const { clock } of scenario.hosts) if (clock.driftPpm !== 0) this.count('clock drift');
    for (const [index, spec] of scenario.clients.entries()) {
      startClient(this, spec, this.state.clients[index]!);
    }
    for (const { atNs, bytes } of scenario.typing) {
      this.scheduleAt(atNs, { kind: 'console-in', bytes });
    }
    this.#scheduleFaults();
    this.scheduleAt(scenario.safetyNs, { kind: 'heal' });
  }

  /** Faults that wait for a time come before everything else that happens at that time. */
  #scheduleFaults(): void {
    const { queue, nowNs, firedFaults } = this.state;
    for (const [index, { at }] of this.faults.entries()) {
      if (at.on !== 'time' || at.timeNs < nowNs || firedFaults[index]) continue;
      const sequence = index - this.faults.length;
      push(queue, { atNs: at.timeNs, sequence, event: { kind: 'fault', index } });
    }
  }

  #makeHost(id: HostId): SimHost {
    const { hosts } = this.scenario;
    const index = hosts.findIndex((host) => host.id === id);
    const start = startOf(this.scenario, index);
    const replica = this.#makeReplica(id, 1, start);
    return new SimHost(hosts[index]!, this, replica, (sources) =>
      this.makeEngine(modeOf(start), this.#watch(id, this.parts.makeMachine()), sources),
    );
  }

  #makeReplica(id: HostId, life: number, start: Start): SimHost['replica'] {
    const { name, hosts, rules, uncertain, reads, disk, timing, limits } = this.scenario;
    // Whoever is to have no backup knows of no other host.
    const group = hosts.filter((host) => host.id === id || !hasOperator(this.scenario));
    const config = replicaConfig({
      machine: name,
      host: id,
      group: group.map(({ id: host, place }) => ({ host, place })),
      owner: `${id}.${life}`,
      configuration: this.parts.configuration,
      rules,
      uncertain,
      reads,
      disks: disk.kind,
      timing,
      limits,
    });
    return createReplica(config, start);
  }

  #start(host: SimHost): void {
    const { life } = host.state;
    noteRole(this, host, host.replica.role);
    this.schedule(0, { kind: 'host', host: host.id, life, event: { kind: 'wake' } });
  }

  /**
   * A host starts again: empty, under a fresh owner, a standby (rule 15). Without that rule it
   * takes up again what it was at the beginning.
   */
  restart(id: HostId): void {
    const index = this.scenario.hosts.findIndex((spec) => spec.id === id);
    const { askSource } = this.scenario.rules;
    this.begin(id, askSource ? { role: 'standby' } : startOf(this.scenario, index));
  }

  /** A process of vmft starts on a host, with a machine at its first instruction. */
  begin(id: HostId, start: Start): void {
    const host = this.host(id);
    this.state.past[ownerOf(host)] = { ...host.state, covered: coveredAt(host) };
    host.state = newLifeAfter(host.state);
    host.replica = this.#makeReplica(id, host.state.life, start);
    host.engine = this.makeEngine(
      modeOf(start),
      this.#watch(id, this.parts.makeMachine()),
      host.sources(),
    );
    this.#start(host);
  }

  /** The machine, observed if anything is to be reported of it. */
  #watch(id: HostId, machine: Machine): Machine {
    if (this.scenario.report.length === 0) return machine;
    this.state.observed[id] = newObserved();
    return new WatchedMachine(machine, {
      delivered: (delivery) => {
        this.state.observed[id]!.deliveries.push(delivery);
      },
      exited: (reason) => {
        const { exits } = this.state.observed[id]!;
        exits[reason] = (exits[reason] ?? 0) + 1;
      },
    });
  }

  /** A recorder, or a replayer from `point` on; the machine is as it is there. */
  makeEngine(
    mode: Engine['mode'],
    machine: Machine,
    sources: ReturnType<SimHost['sources']>,
    point: LogPoint = START,
  ): Engine {
    const { hasher } = this.parts;
    const { digestEvery } = this.scenario.guest;
    if (mode === 'record') {
      return { mode, log: new Recorder({ machine, sources, hasher, digestEvery, point }) };
    }
    const without = replayWithout(this.scenario.leftOut, sources, () => machine.count);
    return { mode, log: new Replayer({ machine, hasher, digestEvery, point, ...without }) };
  }

  host(id: HostId): SimHost {
    const host = this.hosts.get(id);
    assert(host, () => `no host is called ${id}`);
    return host;
  }

  link(name: string): Link {
    const link = this.state.links[name];
    assert(link, () => `no link is called ${name}`);
    return link;
  }

  schedule(delayNs: number, event: SimEvent): void {
    this.scheduleAt(this.state.nowNs + delayNs, event);
  }

  scheduleAt(atNs: number, event: SimEvent): void {
    const { state } = this;
    const valid = Number.isSafeInteger(atNs) && atNs >= state.nowNs;
    assert(valid, () => `an event at ${atNs} ns, but it is ${state.nowNs} ns`);
    push(state.queue, { atNs, sequence: state.sequence++, event });
  }

  /** Lets the next event happen. False when the world is over: see `isOver`. */
  next(): boolean {
    const { state } = this;
    if (this.isOver()) return false;
    const item = pop(state.queue)!;
    state.instant = item.atNs === state.nowNs ? state.instant + 1 : 0;
    assert(state.instant < MAX_EVENTS_AT_ONCE, () => `time stands still at ${state.nowNs} ns`);
    state.nowNs = item.atNs;
    state.events++;
    this.#dispatch(item.event);
    if (state.finishedNs === undefined && this.#isFinished()) state.finishedNs = state.nowNs;
    return true;
  }

  /**
   * Nothing more is to be learned: before the next event the time is up, or what the scenario waits
   * for has been done for `settleNs`, and still is.
   */
  isOver(): boolean {
    const { state, scenario } = this;
    const next = state.queue[0];
    if (!next || next.atNs > scenario.safetyNs + scenario.livenessNs) return true;
    if (state.finishedNs === undefined) return false;
    // A false alarm may have begun a failover since.
    return next.atNs > state.finishedNs + scenario.settleNs && this.#isFinished();
  }

  #isFinished(): boolean {
    const { state, scenario } = this;
    let left = false;
    for (const { state: host } of this.hosts.values()) {
      if (host.status === 'up' || host.status === 'paused') left = true;
    }
    if (!left) return true;
    if (scenario.untilExit && state.exitStatus === undefined) return false;
    if (!scenario.untilExit && scenario.clients.length === 0) return false;
    if (!scenario.clients.every((spec, i) => isDone(spec, state.clients[i]!))) return false;
    // What a fault holds back comes yet, and a failover that has begun is waited for.
    if (state.queue.some(({ event }) => event.kind === 'undo-fault')) return false;
    return isLive(this) || hasEnded(this) || isLost(this);
  }

  #dispatch(event: SimEvent): void {
    switch (event.kind) {
      case 'host':
      case 'alarm':
      case 'slice-end':
      case 'guest-wake':
      case 'reconnected':
        this.host(event.host).receive(event);
        break;
      case 'arrival':
        this.#arrive(event);
        break;
      case 'disk-request':
      case 'disk-apply':
      case 'disk-fence':
        onDiskEvent(this, event);
        break;
      case 'arbiter-ask':
        onAsk(this, event);
        break;
      case 'owner-ask':
        onOwnerAsk(this, event);
        break;
      case 'fault':
        fire(this, event.index);
        break;
      case 'undo-fault':
        undo(this, event.index);
        break;
      case 'heal':
        heal(this);
        break;
      case 'cold-start':
        coldStart(this);
        break;
      default:
        this.#dispatchToNetwork(event);
        break;
    }
  }

  /** What a stream delivers; faults may fire just before and after. */
  #arrive(event: SimEvent & { kind: 'arrival' }): void {
    const host = this.#countArrival(event.payload, true);
    const payload = arrive(this, event);
    if (!payload) return;
    if (host) this.#countArrival(payload, false);
    this.#dispatch(payload);
  }

  /** Announces or counts a message that comes to a host, or an output that comes from one. */
  #countArrival(payload: SimEvent, before: boolean): boolean {
    const isMessage = payload.kind === 'host' && payload.event.kind === 'message';
    if (!isMessage && !('ordinal' in payload)) return false;
    const { state } = this.host(payload.host);
    const counter = isMessage ? 'received' : 'delivered';
    const number = state[counter] + 1;
    if (!before) state[counter] = number;
    const moment = { kind: counter, host: payload.host, number } as const;
    this.fired(before ? { ...moment, before } : moment);
    return true;
  }

  #dispatchToNetwork(event: SimEvent): void {
    switch (event.kind) {
      case 'frame-out':
        onFrameOut(this, event);
        break;
      case 'console-out':
        onConsoleOut(this, event);
        break;
      case 'announce':
        onAnnounce(this, event);
        break;
      case 'frame-in':
        onFrameIn(this, event);
        break;
      case 'console-in':
        onConsoleIn(this, event);
        break;
      case 'client-frame':
      case 'client-timer': {
        const index = this.state.clients.findIndex(({ name }) => name === event.client);
        const spec = this.scenario.clients[index]!;
        const client = this.state.clients[index]!;
        if (event.kind === 'client-frame') onClientFrame(this, spec, client, event);
        else if (event.ticket === client.ticket) onClientTimer(this, spec, client);
      }
    }
  }

  trace(column: string, text: string, routine = false): void {
    if (!this.tracing) return;
    const event = { timeNs: this.state.nowNs, column, text };
    this.state.trace.push(routine ? { ...event, routine } : event);
  }

  violate(checker: string, evidence: string): void {
    const { state } = this;
    state.violations.push({ checker, timeNs: state.nowNs, evidence });
    this.trace('world', `violation of ${checker}: ${evidence.split('\n')[0]}`);
  }

  /** A replayer has left the path of its log; that is right only where the scenario expects it. */
  diverged({ id, engine, state }: SimHost, detail: string): void {
    this.state.diverged.push(id);
    if (this.scenario.expect.diverged.includes(id)) {
      this.trace(id, `diverges: ${detail.split('\n').slice(0, 2).join(';')}`);
    } else {
      this.violate('divergence', `${id}: ${detail}`);
    }
    if (!state.evidence || engine.mode !== 'replay') return;
    const { hasher } = this.parts;
    const last = { point: engine.log.point, machine: engine.log.machine.snapshot() };
    const evidence = { ...state.evidence, seen: [...state.evidence.seen, last] };
    this.state.findings[id] = examine(evidence, ({ point, machine: from }) => {
      const machine = this.parts.makeMachine();
      machine.restore(from);
      return new Replayer({ machine, hasher, point });
    });
  }

  /** A receiver outside has taken an output. */
  observe({ host, token, ordinal }: Sent, where: Observation['where'], output: Output): void {
    this.state.observations.push({
      timeNs: this.state.nowNs,
      host,
      token,
      ordinal,
      where,
      hash: this.hashOf(output),
      what: describeSent(output),
    });
  }

  hashOf(output: Output): string {
    return this.hashBytes(encodeOutput(output));
  }

  hashBytes(bytes: Uint8Array): string {
    return toHex(this.parts.hasher.hash(bytes));
  }

  describe(output: Output): string {
    return this.tracing ? describeSent(output) : '';
  }

  /** A fault of that kind has had an effect. */
  count(kind: FaultKind): void {
    const { happened } = this.state;
    happened[kind] = (happened[kind] ?? 0) + 1;
  }

  /** A moment that faults may wait for has come; in the liveness phase there are none. */
  fired(moment: Moment): void {
    this.observer?.moment(moment);
    if (this.state.nowNs >= this.scenario.safetyNs) return;
    for (const [index, { at }] of this.faults.entries()) {
      if (!this.state.firedFaults[index] && isReached(at, moment)) fire(this, index);
    }
  }

  /** The next instruction count above `count` for which a fault waits on that host. */
  faultCountAfter(host: HostId, count: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const [index, { at }] of this.faults.entries()) {
      if (this.state.firedFaults[index] || at.on !== 'count' || at.host !== host) continue;
      if (at.number > count && at.number < next) next = at.number;
    }
    return next;
  }

  /**
   * The Output Rule, judged from outside the replica: when a primary lets an output leave, the
   * entry that covers it is on another host already, or was on one that has died since.
   */
  judgeRelease(host: SimHost, { token, ordinal, output }: Effect & { kind: 'release' }): void {
    if (host.replica.role !== 'primary') return;
    const inside = this.scenario.disk.kind === 'own';
    if (output.kind === 'disk' && (inside || output.request.op === 'read')) return;
    // What was made before a generation began counts as acknowledged in it (rule 11).
    const inherited = this.state.histories[Math.floor(token / 2)]?.outputs.length ?? 0;
    if (ordinal < inherited) return;
    for (const other of this.hosts.values()) {
      if (other !== host && isCoveredAt(other, ordinal)) return;
    }
    // The backup may have acknowledged it and been restarted since.
    const { backup } = this.state.members[Math.floor(token / 2)]!;
    if (backup !== undefined && (this.state.past[backup]?.covered ?? 0) > ordinal) return;
    const what = `${describeSent(output)} (output ${ordinal})`;
    this.violate('output-rule', `${host.id} released ${what} before its entry was at the backup`);
  }

  /** Called after every step of a replica, with the role before it. */
  roleChanged(host: SimHost, before: Role): void {
    const { role } = host.replica;
    if (role === before) return;
    this.trace(host.id, `is ${role} now`);
    noteRole(this, host, role);
  }

  /** Every link has the delay of the scenario again. */
  restoreDelays(): void {
    for (const [name, link] of Object.entries(this.state.links)) link.delayNs = this.delays[name]!;
  }

  /** The world at this moment; it does not change with this world. */
  save(): SavedWorld {
    const hosts: Record<HostId, SavedHost> = {};
    for (const [id, host] of this.hosts) hosts[id] = host.save();
    return { state: { ...copyState(this.state), prng: this.prng.state() }, hosts };
  }

  /**
   * Goes on from a moment of a world with the same scenario, and with other faults: those that the
   * world had stand first in `faults`, if they have fired; one whose time is past never fires, and
   * one that waits for a count within a stretch that has begun fires at its end.
   */
  load(saved: SavedWorld, faults: readonly FaultSpec[] = this.faults): void {
    this.state = copyState(saved.state);
    const isFault = ({ event }: Scheduled<SimEvent>): boolean => event.kind === 'fault';
    if (this.state.queue.some(isFault)) {
      this.state.queue = inOrder(this.state.queue).filter((item) => !isFault(item));
    }
    this.faults = faults;
    this.state.firedFaults = faults.map((_, index) => saved.state.firedFaults[index] === true);
    this.#scheduleFaults();
    this.prng = new Prng(saved.state.prng);
    for (const [id, host] of this.hosts) {
      const { engine, host: state } = saved.hosts[id]!;
      const { machine } = host.engine.log;
      if (host.state.life !== state.life) {
        host.replica = this.#makeReplica(id, state.life, { role: 'standby' });
      }
      if (host.engine.mode !== engine.mode) {
        host.engine = this.makeEngine(engine.mode, machine, host.sources());
      }
      host.load(saved.hosts[id]!);
    }
  }

  /** A second world that goes on like this one. */
  fork(): World {
    const copy = new World(this.scenario, this.parts);
    copy.load(this.save(), this.faults);
    return copy;
  }
}

const modeOf = ({ role }: Start): Engine['mode'] =>
  role === 'primary' || role === 'alone' ? 'record' : 'replay';

/** The first host is the primary, the second its backup, the others are standbys. */
function startOf(scenario: Scenario, index: number): Start {
  const { hosts } = scenario;
  const generation = 1;
  const single = hosts.length === 1 || hasOperator(scenario);
  if (single && index === 0) return { role: 'alone', generation };
  if (single || index > 1) return { role: 'standby' };
  const peer = hosts[1 - index]!.id;
  return { role: index === 0 ? 'primary' : 'backup', generation, peer };
}

/**
 * Outputs with lower ordinals are covered by entries that are on the host: those that it has taken
 * in, that wait there for a read of the host's own, and that it would take in if it did not stand
 * still.
 */
function coveredAt({ replica, state }: SimHost): number {
  const kept = state.backlog.flatMap((item) => (item.kind === 'effects' ? item.effects : []));
  const late = kept.flatMap((effect) => (effect.kind === 'feed' ? effect.entries : []));
  const ends = [...late, ...replica.state().reads.waiting].map((entry) =>
    entry.kind === 'output' ? entry.last + 1 : 0,
  );
  return Math.max(state.covered, ...ends);
}

const isCoveredAt = (host: SimHost, ordinal: number): boolean =>
  host.state.covered > ordinal || coveredAt(host) > ordinal;

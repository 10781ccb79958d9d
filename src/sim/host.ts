/**
 * A simulated host: performs the effects of one replica on a machine with its recorder or replayer,
 * and turns what happens into events. Execution takes virtual time: a stretch of n instructions is
 * computed when it begins and its effects arrive n × nsPerInstruction later, together. It is at
 * most MAX_SLICE_NS long and ends where a timer falls due or a fault waits for an instruction
 * count.
 *
 * A halted guest sleeps: the `run` waits here until an input is offered or a deadline comes.
 */
import type { Effect, Event, HaltReason, HostEvent, HostId, Replica } from '../ft/ports.ts';
import type { ReplicaState } from '../ft/state.ts';
import { Divergence } from '../hypervisor/divergence.ts';
import type { LogEntry, Slice, Sources } from '../hypervisor/entry.ts';
import { type Evidence, newEvidence, withEntries, withState } from '../hypervisor/examination.ts';
import type { Recorder, RecorderState } from '../hypervisor/recorder.ts';
import type { Replayer, ReplayerState } from '../hypervisor/replayer.ts';
import { type ClockSpec, clockAt, worldTimeOf } from './clock.ts';
import { type CloneState, copyClone, newClone } from './cloning.ts';
import { describeSent } from './describe.ts';
import { noteAnswer, sendAgain } from './disk-connection.ts';
import { announceEffect, performEffect, releaseEarly } from './effects.ts';
import type { DiskEvent, SimEvent } from './events.ts';
import { byOwnTime, isReadReply } from './left-out.ts';
import type { History } from './lives.ts';
import type { HostSpec } from './scenario.ts';
import type { World } from './world.ts';
import { NOTHING_WRITTEN, type Written, writtenAfter } from './written.ts';

/** Longest stretch of execution in ns of guest time. */
export const MAX_SLICE_NS = 1_000_000;

/** Instructions for which a backup that does not lag runs on without an entry. */
const RUN_AHEAD = 50_000;

/** The time of day at world time 0: 2026-01-01 00:00:00 UTC, in ns since 1970. */
const EPOCH_NS = 1_767_225_600_000_000_000n;

/** Everything about a host but machine, log and replica; plain data. */
export interface HostState {
  /** Counts its starts, from 1. */
  life: number;
  status: 'up' | 'paused' | 'crashed' | 'halted';
  /** Why it has halted. */
  reason: HaltReason | undefined;
  alarmTicket: number;
  runTicket: number;
  /** How far its clock has jumped ahead, and how far its date is behind the clock, in ns. */
  jumpedNs: number;
  dateBehindNs: number;
  /** A `run` that waits for the guest to be woken: its upper bound. */
  sleepingRun: number | undefined;
  /** How the last stretch ended. */
  halted: boolean;
  deadlineNs: number | undefined;
  /** Something has been offered since the last stretch began. */
  offered: boolean;
  /** What a paused host has still to do, in order. */
  backlog: (SimEvent | { readonly kind: 'effects'; readonly effects: readonly Effect[] })[];
  /** Hash of each output that this host's machine has made, by ordinal. */
  outputs: string[];
  /** Entries of the log that are here: produced, or received. */
  entries: number;
  /** Outputs with lower ordinals are covered by entries that are here. */
  covered: number;
  /** What its replayer went through, where the scenario wants an examination. */
  evidence: Evidence | undefined;
  /** What its machine has written to disks of its own. */
  written: Written;
  /** Count of the last entry handed to the replayer. */
  fedCount: number;
  /** Instructions executed. */
  count: number;
  /** Messages of the channel that it has sent, and those that have come. */
  messages: number;
  received: number;
  /** Outputs released, and those of them that have come to gateway or disk. */
  releases: number;
  delivered: number;
  /** Ordinals of outputs that left before the replica let them: `rule-for-reads` is left out. */
  early: number[];
  /** Requests of its guest to which the disk has given no answer, in order. */
  unanswered: DiskEvent[];
  /** Questions to arbiter and disk. */
  asks: number;
  /** Entries that its last acknowledgement named, for the trace. */
  acknowledged: number;
  clone: CloneState;
}

/** The next life of a host: it keeps its clock, and tickets go on. */
export function newLifeAfter(before: HostState): HostState {
  const { life, alarmTicket, runTicket, jumpedNs, dateBehindNs } = before;
  return { ...newHostState(life + 1), alarmTicket, runTicket, jumpedNs, dateBehindNs };
}

function newHostState(life: number): HostState {
  return {
    life,
    status: 'up',
    reason: undefined,
    alarmTicket: 0,
    runTicket: 0,
    jumpedNs: 0,
    dateBehindNs: 0,
    sleepingRun: undefined,
    halted: false,
    deadlineNs: undefined,
    offered: false,
    backlog: [],
    outputs: [],
    entries: 0,
    covered: 0,
    evidence: undefined,
    written: NOTHING_WRITTEN,
    fedCount: 0,
    count: 0,
    messages: 0,
    received: 0,
    releases: 0,
    delivered: 0,
    early: [],
    unanswered: [],
    asks: 0,
    acknowledged: 0,
    clone: newClone(),
  };
}

/** A host as it is stored when a world is forked. */
export interface SavedHost {
  readonly host: HostState;
  readonly replica: ReplicaState;
  readonly engine:
    | { readonly mode: 'record'; readonly state: RecorderState }
    | { readonly mode: 'replay'; readonly state: ReplayerState };
}

/** The hypervisor of a host, in one of its two modes. */
export type Engine =
  | { readonly mode: 'record'; readonly log: Recorder }
  | { readonly mode: 'replay'; readonly log: Replayer };

/** One host of a world; its state is plain data, its engine is made again from it. */
export class SimHost {
  readonly id: HostId;
  readonly world: World;
  replica: Replica<ReplicaState>;
  readonly #spec: HostSpec;
  /** Virtual time of one instruction on this host. */
  readonly #nsPerInstruction: number;
  state = newHostState(1);
  engine: Engine;
  /** Where the present stretch began, for readings inside it: host time and count. */
  #startedNs = 0;
  #startedCount = 0;

  constructor(
    spec: HostSpec,
    world: World,
    replica: Replica<ReplicaState>,
    makeEngine: (sources: Sources) => Engine,
  ) {
    this.id = spec.id;
    this.world = world;
    this.replica = replica;
    this.#spec = spec;
    this.#nsPerInstruction = world.nsPerInstruction / (spec.speed ?? 1);
    this.engine = makeEngine(this.sources());
  }

  /** What the host's clock shows, in ns. */
  get nowNs(): number {
    return clockAt(this.#clock, this.world.state.nowNs);
  }

  get #clock(): ClockSpec {
    const { offsetNs, driftPpm } = this.#spec.clock;
    return { offsetNs: offsetNs + this.state.jumpedNs, driftPpm };
  }

  /** Lets the clock jump ahead, or the date alone go back. What has fallen due comes at once. */
  jump(byNs: number): void {
    const { state } = this;
    if (byNs < 0) {
      state.dateBehindNs -= byNs;
      return;
    }
    state.jumpedNs += byNs;
    if (state.status !== 'up' && !this.isPaused()) return;
    const { alarmNs } = this.replica.state();
    if (alarmNs !== undefined) this.setAlarm(alarmNs);
    if (state.sleepingRun !== undefined) this.#sleep(state.sleepingRun);
  }

  /** The readings of this host: its clock, its time-stamp counter, its entropy. */
  sources(): Sources {
    return {
      read: (need, count) => {
        const spent = Math.floor((count - this.#startedCount) * this.#nsPerInstruction);
        const nowNs = this.#startedNs + spent;
        switch (need.kind) {
          case 'entropy':
            return { kind: 'entropy', bytes: this.world.prng.bytes(need.size) };
          case 'timeOfDay':
            return { kind: 'timeOfDay', value: EPOCH_NS + BigInt(nowNs - this.state.dateBehindNs) };
          default:
            return { kind: need.kind, value: BigInt(nowNs) };
        }
      },
    };
  }

  /** Takes an event of the world that is meant for this host. */
  receive(event: SimEvent): void {
    const { state } = this;
    if (!this.#isUpFor(event)) return;
    if (event.kind === 'slice-end' && this.#announceEntries(event.result)) {
      if (!this.#isUpFor(event)) return;
    }
    switch (event.kind) {
      case 'host':
        if (event.life === undefined || event.life === state.life) this.step(event.event);
        break;
      case 'alarm':
        if (event.ticket === state.alarmTicket) this.step({ kind: 'wake' });
        break;
      case 'guest-wake':
        if (event.ticket === state.runTicket) this.#wakeGuest();
        break;
      case 'slice-end':
        if (event.life === this.state.life) this.#endSlice(event.result);
        break;
      case 'reconnected':
        if (event.life === state.life) sendAgain(this);
        break;
      default:
        break;
    }
  }

  /** Whether the host takes the event now; a paused one keeps it for later. */
  #isUpFor(event: SimEvent): boolean {
    const { state } = this;
    if (state.status === 'paused') state.backlog.push(event);
    return state.status === 'up';
  }

  /** Lets faults fire that wait for the moment before entries; says whether there are any. */
  #announceEntries(result: Slice | { readonly diverged: string }): boolean {
    if (this.engine.mode === 'replay' || 'diverged' in result) return false;
    if (result.entries.length === 0) return false;
    const number = this.state.entries + result.entries.length;
    this.world.fired({ kind: 'entry', host: this.id, number, before: true });
    return true;
  }

  /** Gives the replica an event and performs what it answers, until a fault stops the host. */
  step(event: HostEvent): void {
    const { role } = this.replica;
    noteAnswer(this.state, event);
    const effects = this.replica.step({ ...event, nowNs: this.nowNs } as Event);
    this.world.roleChanged(this, role);
    this.perform(effects);
  }

  /** Performs effects in their order. A pause in between keeps the rest, a restart forgets it. */
  perform(effects: readonly Effect[]): void {
    const { life } = this.state;
    for (const [index, effect] of effects.entries()) {
      if (this.state.status === 'up' && this.state.life === life) announceEffect(this, effect);
      if (this.state.life !== life) return;
      if (this.state.status === 'paused') {
        this.state.backlog.unshift({ kind: 'effects', effects: effects.slice(index) });
        return;
      }
      if (this.state.status !== 'up') return;
      performEffect(this, effect);
      if (this.state.life !== life) return;
    }
  }

  /** The effect `wake-at`. */
  setAlarm(atNs: number): void {
    const ticket = ++this.state.alarmTicket;
    const worldNs = Math.max(worldTimeOf(this.#clock, atNs), this.world.state.nowNs);
    this.world.scheduleAt(worldNs, { kind: 'alarm', host: this.id, ticket });
  }

  /** The effect `run`. */
  run(until: number): void {
    if (this.engine.mode === 'record' && this.#sleeps()) {
      this.#sleep(until);
      return;
    }
    this.#startSlice(until);
  }

  /** Waits for an input, or for the deadline of a timer. */
  #sleep(until: number): void {
    const { state, world } = this;
    state.sleepingRun = until;
    const ticket = ++state.runTicket;
    if (state.deadlineNs === undefined) return;
    const atNs = Math.max(worldTimeOf(this.#clock, state.deadlineNs), world.state.nowNs);
    world.scheduleAt(atNs, { kind: 'guest-wake', host: this.id, ticket });
  }

  #sleeps(): boolean {
    const { halted, offered, deadlineNs } = this.state;
    return halted && !offered && (deadlineNs === undefined || deadlineNs > this.nowNs);
  }

  #wakeGuest(): void {
    const until = this.state.sleepingRun;
    if (until === undefined) return;
    this.state.sleepingRun = undefined;
    this.#startSlice(until);
  }

  /** Something has been offered to the recorder. */
  wakeByInput(): void {
    this.state.offered = true;
    this.#wakeGuest();
  }

  /** The effect `stop`: a guest that sleeps is asked to report; others will soon. */
  stopSleeping(): void {
    const { log } = this.engine;
    if (this.state.sleepingRun === undefined) return;
    this.state.sleepingRun = undefined;
    this.#startSlice(log.machine.count);
  }

  #startSlice(until: number): void {
    const { state, engine, world } = this;
    const count = engine.log.machine.count;
    this.#startedNs = this.nowNs;
    this.#startedCount = count;
    state.offered = false;
    const bound = Math.min(until, this.#bound(count));
    const result = this.#execute(bound);
    const reached = engine.log.machine.count;
    const spentNs = Math.ceil((reached - count) * this.#nsPerInstruction);
    const { life } = state;
    world.schedule(spentNs, { kind: 'slice-end', host: this.id, life, result });
  }

  #execute(until: number): Slice | { diverged: string } {
    const { engine } = this;
    if (engine.mode === 'record') return engine.log.slice(until, this.#startedNs);
    try {
      return this.#replay(engine.log, until);
    } catch (error) {
      if (error instanceof Divergence) return { diverged: error.message };
      throw error;
    }
  }

  /** Without the rule of one entry's lag, the machine runs on when no entry is in hand. */
  #replay(log: Replayer, until: number): Slice {
    const slice = log.slice(until);
    if (!this.world.scenario.leftOut.includes('lag') || log.inHand > 0) return slice;
    return { ...slice, count: log.slice(slice.count + RUN_AHEAD).count };
  }

  /** The count at which a stretch must end at the latest. */
  #bound(count: number): number {
    const { deadlineNs } = this.state;
    let ns = MAX_SLICE_NS;
    if (this.engine.mode === 'record' && deadlineNs !== undefined) {
      ns = Math.min(ns, Math.max(0, deadlineNs - this.#startedNs));
    }
    const instructions = Math.max(1, Math.ceil(ns / this.#nsPerInstruction));
    return Math.min(count + instructions, this.world.faultCountAfter(this.id, count));
  }

  #endSlice(result: Slice | { readonly diverged: string }): void {
    const { state, world } = this;
    if ('diverged' in result) {
      world.diverged(this, `${result.diverged}${this.#lastMade()}`);
      this.step({ kind: 'diverged', detail: result.diverged });
      return;
    }
    state.halted = result.stop.why === 'halted';
    state.deadlineNs = result.deadlineNs;
    state.count = result.count;
    const early = this.#readReplies(result);
    for (const output of result.outputs) state.outputs.push(world.hashOf(output));
    for (const { name, checkpoint } of result.kept ?? []) {
      world.state.snapshots[this.id] = { ...world.state.snapshots[this.id], [name]: checkpoint };
    }
    if (world.scenario.disk.kind === 'own') state.written = writtenAfter(state.written, result);
    if (this.engine.mode === 'record') this.tookEntries(result.entries);
    else this.#collect(this.engine.log, result.entries);
    world.fired({ kind: 'count', host: this.id, number: result.count });
    for (const effect of early) releaseEarly(this, effect);
    const { life } = state;
    this.receive({ kind: 'host', host: this.id, life, event: { kind: 'sliced', slice: result } });
  }

  /** What leaves at once where replies to reads are not held. */
  #readReplies({ outputs }: Slice): (Effect & { kind: 'release' })[] {
    const { leftOut, readReplies } = this.world.scenario;
    if (!leftOut.includes('rule-for-reads') || this.replica.role !== 'primary') return [];
    const { token } = this.replica.state();
    const first = this.state.outputs.length;
    return outputs.flatMap((output, index) =>
      isReadReply(output, readReplies)
        ? [{ kind: 'release', token, ordinal: first + index, output } as const]
        : [],
    );
  }

  /** Keeps what an examination would need. */
  #collect(log: Replayer, consumed: readonly LogEntry[]): void {
    const { evidence } = this.state;
    if (!evidence || log.unmarked.length > 0) return;
    this.state.evidence = withState(evidence, consumed, log.checkpoint());
  }

  /** What a machine that has diverged made last, which the log does not have. */
  #lastMade(): string {
    if (this.engine.mode !== 'replay') return '';
    const made = this.engine.log.unmarked.map(describeSent);
    return made.length === 0 ? '' : `\n  it made: ${made.join(', ')}`;
  }

  /** Entries as the replayer is given them. */
  toFeed(log: Replayer, entries: readonly LogEntry[]): readonly LogEntry[] {
    if (this.world.scenario.report.includes('examination')) {
      const evidence = this.state.evidence ?? newEvidence(log.checkpoint());
      this.state.evidence = withEntries(evidence, entries);
    }
    if (!this.world.scenario.leftOut.includes('count')) return entries;
    const shifted = byOwnTime(entries, this.#spec.speed ?? 1, this.state.fedCount);
    this.state.fedCount = shifted.at(-1)?.count ?? this.state.fedCount;
    return shifted;
  }

  /** Entries are on this host now; faults may wait for one of them. */
  tookEntries(entries: readonly LogEntry[]): void {
    if (entries.length === 0) return;
    for (const entry of entries) if (entry.kind === 'output') this.state.covered = entry.last + 1;
    this.state.entries += entries.length;
    this.world.fired({ kind: 'entry', host: this.id, number: this.state.entries });
  }

  /** What this host's machine has done. */
  history(): History {
    const { outputs, entries, covered, written } = this.state;
    return { outputs: [...outputs], entries, covered, written };
  }

  /** The machine of that history is here now. */
  takeHistory({ outputs, entries, covered, written }: History): void {
    this.state.outputs = [...outputs];
    this.state.entries = entries;
    this.state.covered = covered;
    this.state.written = written;
    this.state.count = this.engine.log.machine.count;
  }

  /** Stops what the host does until `resume`; false if it does nothing anyway. */
  pause(): boolean {
    if (this.state.status !== 'up') return false;
    this.state.status = 'paused';
    return true;
  }

  /** Does what the host would have done meanwhile, in order. */
  resume(): void {
    const { state } = this;
    if (state.status !== 'paused') return;
    state.status = 'up';
    const backlog = state.backlog.splice(0);
    for (const [index, item] of backlog.entries()) {
      if (item.kind === 'effects') this.perform(item.effects);
      else this.receive(item);
      if (this.state.life !== state.life) return;
      // A pause within the backlog keeps the rest in its order.
      if (this.isPaused()) {
        state.backlog.push(...backlog.slice(index + 1));
        return;
      }
    }
  }

  isPaused(): boolean {
    return this.state.status === 'paused';
  }

  save(): SavedHost {
    const { engine, state } = this;
    const host = copyHostState(state);
    const replica = this.replica.state();
    if (engine.mode === 'record') {
      return { host, replica, engine: { mode: 'record', state: engine.log.state() } };
    }
    return { host, replica, engine: { mode: 'replay', state: engine.log.state() } };
  }

  /** Goes on as it was when `saved` was taken; the engine is of the same mode already. */
  load(saved: SavedHost): void {
    const { host } = saved;
    this.state = copyHostState(host);
    this.replica.restore(saved.replica);
    const { engine } = this;
    if (engine.mode === 'record' && saved.engine.mode === 'record') {
      engine.log.restore(saved.engine.state);
    } else if (engine.mode === 'replay' && saved.engine.mode === 'replay') {
      engine.log.restore(saved.engine.state);
    }
  }
}

function copyHostState(state: HostState): HostState {
  const { backlog, outputs, early, unanswered, clone } = state;
  return {
    ...state,
    backlog: [...backlog],
    outputs: [...outputs],
    early: [...early],
    unanswered: [...unanswered],
    clone: copyClone(clone),
  };
}

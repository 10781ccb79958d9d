/**
 * The guest of a replica on a real host: its machine with a recorder or a replayer, executed in
 * short slices between which the process reads its sockets. Performs the effects of the protocol
 * core that concern the machine and answers with events, never within the call.
 *
 * A halted guest of a recorder sleeps until an input is offered or a timer's deadline comes. A
 * replayer that has caught up lets entries gather before it goes on.
 */
import type { Hasher } from '../base/digest.ts';
import type { HostEvent } from '../ft/ports.ts';
import { Divergence } from '../hypervisor/divergence.ts';
import type { Control, LogEntry, Slice } from '../hypervisor/entry.ts';
import type { Checkpoint, LogPoint } from '../hypervisor/log-point.ts';
import { Recorder } from '../hypervisor/recorder.ts';
import { Replayer } from '../hypervisor/replayer.ts';
import type { Input } from '../machine/input.ts';
import type { X86Machine } from '../machine/machine.ts';
import type { Snapshot } from '../machine/types.ts';
import type { RealTime } from './run-time.ts';

/** Longest slice, in ns, by the speed of the one before. */
const SLICE_NS = 1_000_000;

/** Bounds of a slice in instructions, whatever the speed is thought to be. */
const SLICE_INSTRUCTIONS = [5000, 10_000_000] as const;

/**
 * How long entries gather for a replayer that has caught up, in ms. An acknowledgement says that
 * they are here, not that they were replayed: so the processors are free for who waits for it, and
 * what has gathered is replayed at one go.
 */
const GATHER_MS = 4;

/** A digest of the machine goes into the log at least every so many instructions. */
const DIGEST_EVERY = 100_000_000;

/** Pages that are copied and hashed at a time: about two milliseconds. */
const SETTLED_PAGES = 512;

/** What an engine is made of. */
export interface GuestEngineOptions {
  /** About to execute its first instruction. */
  readonly machine: X86Machine;
  readonly hasher: Hasher;
  /** Clock and readings; also the clock of the replica's events. */
  readonly time: RealTime;
  /** Begins as a recorder: the replica is live from the start. */
  readonly live: boolean;
  readonly onEvent: (event: HostEvent) => void;
}

type Engine =
  | { readonly mode: 'record'; readonly log: Recorder }
  | { readonly mode: 'replay'; readonly log: Replayer };

export class GuestEngine {
  readonly #options: GuestEngineOptions;
  #engine: Engine;
  /** A `run` waits for the guest to be woken: its upper bound. */
  #sleeping: number | undefined;
  #deadlineTimer: NodeJS.Timeout | undefined;
  /** How the last slice ended. */
  #halted = false;
  #caughtUp = true;
  #deadlineNs: number | undefined;
  /** Something has been offered since the last slice began. */
  #offered = false;
  /** Instructions per ns of the last long slice. */
  #perNs = 0.1;
  #closed = false;

  constructor(options: GuestEngineOptions) {
    this.#options = options;
    this.#engine = options.live ? this.#recorder() : this.#replayer();
  }

  /** The instruction count reached. */
  get count(): number {
    return this.#engine.log.machine.count;
  }

  /** Whether it records: the guest is live here. */
  get isLive(): boolean {
    return this.#engine.mode === 'record';
  }

  #recorder(): Engine {
    const { machine, hasher, time: sources } = this.#options;
    const options = { machine, hasher, sources, digestEvery: DIGEST_EVERY };
    return { mode: 'record', log: new Recorder(options) };
  }

  #replayer(point?: LogPoint): Engine {
    const { machine, hasher } = this.#options;
    const options = { machine, hasher, digestEvery: DIGEST_EVERY };
    return { mode: 'replay', log: new Replayer(point ? { ...options, point } : options) };
  }

  /** The effect `run`; answered by `sliced` or `diverged`. */
  run(until: number): void {
    if (this.#engine.mode === 'replay' && this.#caughtUp) {
      setTimeout(() => this.#slice(until), GATHER_MS);
      return;
    }
    if (this.#engine.mode === 'replay' || !this.#sleeps()) {
      setImmediate(() => this.#slice(until));
      return;
    }
    this.#sleeping = until;
    if (this.#deadlineNs === undefined) return;
    const leftMs = (this.#deadlineNs - this.#options.time.nowNs()) / 1e6;
    this.#deadlineTimer = setTimeout(() => this.#wake(), Math.ceil(leftMs));
  }

  /** The effect `stop`: a guest that sleeps reports at once; others do soon. */
  stop(): void {
    this.#wake(this.count);
  }

  /** The effect `offer`. What does not fit is dropped, as a full ring of a real card drops it. */
  offer(input: Input): void {
    if (this.#engine.mode === 'record' && this.#engine.log.offer(input)) this.#wakeByInput();
  }

  /** The effect `control`. */
  control(op: Control): void {
    if (this.#engine.mode !== 'record') return;
    this.#engine.log.control(op);
    this.#wakeByInput();
  }

  /** The effect `feed`. */
  feed(entries: readonly LogEntry[]): void {
    if (this.#engine.mode === 'replay') this.#engine.log.feed(entries);
  }

  /** The effect `go-live`. */
  goLive(): void {
    if (this.#engine.mode !== 'replay') return;
    this.#engine = { mode: 'record', log: this.#engine.log.goLive(this.#options.time) };
    this.#halted = false;
  }

  /**
   * A part of the work of {@link checkpoint} and {@link digest}, short enough for a process that
   * must be heard. True when all of it is done, but for what the guest has changed since.
   */
  settle(): boolean {
    return this.#options.machine.settle(SETTLED_PAGES);
  }

  /** Pages of the machine that this one is to {@link become}, as far as they are known. */
  adopt(pages: Snapshot['pages']): void {
    const { machine } = this.#options;
    machine.adopt(pages);
    while (!machine.settle(SETTLED_PAGES));
  }

  /** The machine and its place in the log; undefined while it replays. */
  checkpoint(): Checkpoint | undefined {
    return this.#engine.mode === 'record' ? this.#engine.log.checkpoint() : undefined;
  }

  /** Digest of the machine as it stands. */
  digest(): string {
    return this.#engine.log.machine.digest();
  }

  /** The machine becomes that of `checkpoint` and follows the log from there. */
  become({ machine, point }: Checkpoint): void {
    this.#options.machine.restore(machine);
    this.#engine = this.#replayer(point);
    this.#halted = false;
  }

  /** Nothing is executed any more. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#deadlineTimer);
  }

  #sleeps(): boolean {
    if (!this.#halted || this.#offered) return false;
    return this.#deadlineNs === undefined || this.#deadlineNs > this.#options.time.nowNs();
  }

  #wakeByInput(): void {
    this.#offered = true;
    this.#wake();
  }

  #wake(until = this.#sleeping): void {
    if (this.#sleeping === undefined) return;
    this.#sleeping = undefined;
    clearTimeout(this.#deadlineTimer);
    setImmediate(() => this.#slice(until!));
  }

  #slice(until: number): void {
    if (this.#closed) return;
    const { time, onEvent } = this.#options;
    const { count } = this;
    const startedNs = time.nowNs();
    this.#offered = false;
    try {
      const slice = this.#execute(Math.min(until, count + this.#length(startedNs)), startedNs);
      this.#halted = slice.stop.why === 'halted';
      this.#deadlineNs = slice.deadlineNs;
      this.#measure(slice.count - count, time.nowNs() - startedNs);
      onEvent({ kind: 'sliced', slice });
    } catch (error) {
      if (!(error instanceof Divergence)) throw error;
      onEvent({ kind: 'diverged', detail: error.message });
    }
  }

  #execute(until: number, nowNs: number): Slice {
    const { mode, log } = this.#engine;
    if (mode === 'record') return log.slice(until, nowNs);
    const slice = log.slice(until);
    this.#caughtUp = log.inHand === 0;
    return slice;
  }

  /** Instructions of a slice: for SLICE_NS, or up to the next deadline. */
  #length(nowNs: number): number {
    const leftNs = Math.max(0, (this.#deadlineNs ?? Number.POSITIVE_INFINITY) - nowNs);
    const instructions = Math.ceil(Math.min(SLICE_NS, leftNs) * this.#perNs);
    return Math.min(Math.max(instructions, SLICE_INSTRUCTIONS[0]), SLICE_INSTRUCTIONS[1]);
  }

  /** A short slice says nothing about the speed. */
  #measure(instructions: number, ns: number): void {
    if (instructions >= SLICE_INSTRUCTIONS[0] && ns > 0) this.#perNs = instructions / ns;
  }
}

/**
 * Runs a machine live and writes down everything that its state does not determine (protocol.md
 * §1).
 *
 * A slice goes like this, and its entries have this order:
 *   1. control operations, the machine being kept after those that ask for a snapshot;
 *   2. one tick for each timer whose deadline has passed, the earliest first;
 *   3. queued inputs that the machine accepts, in order of arrival within each kind;
 *   4. the machine runs. A need is answered from the sources at once and the run goes on; a digest
 *      is taken whenever `digestEvery` instructions have passed; when the guest halts while inputs
 *      wait that it would accept, 3 is done again;
 *   5. outputs, the end of the guest, or the budget end the slice: `fault` entry, `output` entry,
 *      digest, in this order, as far as there is something to say.
 * So at one count: what ends a slice stands before what begins the next, and a reading is the last
 * entry before its instruction. Nothing is applied between a reading and its instruction: a slice
 * that begins there (after go-live) runs that one instruction first, then does 2 and 3.
 *
 * A slice ends: each round of 4 answers a need and then advances the count (asserted), or applies
 * at least one of finitely many queued inputs.
 */
import { assert } from '../base/assert.ts';
import type { Hasher } from '../base/digest.ts';
import type { Need, Reading } from '../cpu/bus.ts';
import type { Input } from '../machine/input.ts';
import type { DiskRequest, Output } from '../machine/output.ts';
import type { Machine, Snapshot, Stop } from '../machine/types.ts';
import type { Control, KeptSnapshot, LogEntry, Slice, Sources } from './entry.ts';
import { type ClockShift, earliestNs, NO_SHIFT, shiftAt, shiftReading } from './guest-clock.ts';
import { InputQueue } from './input-queue.ts';
import { type Checkpoint, type LogPoint, pointAfter, START } from './log-point.ts';
import { chainOutput } from './output-codec.ts';

/** What a recorder is made of. */
export interface RecorderOptions {
  readonly machine: Machine;
  readonly sources: Sources;
  readonly hasher: Hasher;
  /** Where the log stands; a new log by default. */
  readonly point?: LogPoint;
  /** A digest entry at least every so many instructions, and at the end; none by default. */
  readonly digestEvery?: number;
  /** Where the guest has ended already. */
  readonly ended?: Stop | undefined;
  /** Outputs that the guest has made and no entry covers yet: the first slice marks them. */
  readonly unmarked?: readonly Output[];
}

/** Everything by which a recorder can be forked: plain data, belongs to one host. */
export interface RecorderState {
  readonly point: LogPoint;
  readonly shift: ClockShift;
  readonly inputs: readonly Input[];
  readonly controls: readonly Control[];
  readonly ended: Stop | undefined;
  readonly unmarked: readonly Output[];
  readonly machine: Snapshot;
}

const SECTOR_BYTES = 512;

/** A log entry without its place. */
type Body = LogEntry extends infer E ? (E extends E ? Omit<E, 'seq' | 'count'> : never) : never;

export class Recorder {
  readonly machine: Machine;
  readonly #sources: Sources;
  readonly #hasher: Hasher;
  readonly #digestEvery: number;
  #point: LogPoint;
  #shift: ClockShift = NO_SHIFT;
  #queue = new InputQueue();
  #controls: readonly Control[] = [];
  #ended: Stop | undefined;
  #unmarked: readonly Output[];
  #entries: LogEntry[] = [];

  constructor(options: RecorderOptions) {
    this.machine = options.machine;
    this.#sources = options.sources;
    this.#hasher = options.hasher;
    this.#digestEvery = options.digestEvery ?? Number.POSITIVE_INFINITY;
    this.#point = options.point ?? START;
    this.#ended = options.ended;
    this.#unmarked = options.unmarked ?? [];
    assert(
      this.#digestEvery >= 1,
      () => `digestEvery is ${this.#digestEvery}, at least 1 expected`,
    );
  }

  /** Where the log stands. */
  get point(): LogPoint {
    return this.#point;
  }

  /**
   * Queues a packet, console bytes or a disk completion for the next slice. False when it was
   * dropped: the queue is full, the guest has ended, or the disk request is not pending (a
   * completion that came twice).
   */
  offer(input: Input): boolean {
    if (this.#ended) return false;
    if (input.kind === 'disk') {
      const request = this.machine.pendingIo().find(({ id }) => id === input.id);
      if (!request || this.#queue.completes(input.id)) return false;
      assert(
        completes(input, request),
        () => `completion of ${request.op} ${input.id} has wrong data`,
      );
    }
    return this.#queue.push(input);
  }

  /** The next slice begins with an entry for this operation. */
  control(op: Control): void {
    this.#controls = [...this.#controls, op];
  }

  /**
   * Executes until the count is `until` or something else ends the slice. `nowNs` is the host's
   * time at its beginning; it decides which timers are due.
   */
  slice(until: number, nowNs: number): Slice {
    this.#entries = [];
    this.#shift = shiftAt(this.#shift, nowNs, this.#point, this.machine.timers());
    const outputs: Output[] = [];
    if (this.#unmarked.length > 0) this.#logOutputs(outputs);
    // An output that waits for its entry ends this slice: they are for the next one.
    const kept = outputs.length > 0 ? [] : this.#logControls();
    let stop = this.#ended;
    if (outputs.length > 0) stop ??= { why: 'output' };
    stop ??= this.#execute(until, Math.floor(nowNs) + this.#shift.ns!, outputs);
    const deadline = earliestNs(this.machine.timers());
    return {
      entries: this.#entries,
      outputs,
      stop,
      count: this.machine.count,
      startedNs: nowNs,
      ...(kept.length > 0 ? { kept } : {}),
      ...(deadline === undefined ? {} : { deadlineNs: deadline - this.#shift.ns! }),
    };
  }

  #logControls(): KeptSnapshot[] {
    const kept: KeptSnapshot[] = [];
    for (const op of this.#controls) {
      this.#log({ kind: 'control', op });
      if (op.op === 'snapshot') kept.push({ name: op.name, checkpoint: this.checkpoint() });
    }
    this.#controls = [];
    return kept;
  }

  /** Steps 2 to 5 of a slice. */
  #execute(until: number, guestNs: number, outputs: Output[]): Stop {
    const { machine } = this;
    let ticksDue = true;
    let inputsDue = true;
    for (;;) {
      const readingWaits = inputsDue && this.#point.readingCount === machine.count;
      if (inputsDue && !readingWaits) {
        if (ticksDue) this.#applyTicks(guestNs);
        this.#applyQueue();
        ticksDue = inputsDue = false;
      }
      const digestAt = this.#point.digestCount + this.#digestEvery;
      const stop = machine.run(Math.min(readingWaits ? machine.count + 1 : until, until, digestAt));
      if (stop.why === 'fault') this.#log({ kind: 'fault', vector: stop.vector });
      this.#logOutputs(outputs);
      if (stop.why === 'exit' || stop.why === 'fault') {
        this.#ended = stop;
        if (this.#digestEvery < Number.POSITIVE_INFINITY) this.#logDigest();
        return stop;
      }
      if (machine.count >= digestAt) this.#logDigest();
      if (outputs.length > 0) return { why: 'output' };
      if (stop.why === 'needs-input') this.#answer(stop.need);
      else if (stop.why === 'halted' && this.#wakes()) inputsDue = true;
      else if (stop.why !== 'budget' || machine.count >= until) return stop;
    }
  }

  #applyTicks(guestNs: number): void {
    const due = this.machine.timers().filter((timer) => timer.deadlineNs <= guestNs);
    due.sort((a, b) => a.deadlineNs - b.deadlineNs || a.timer - b.timer);
    for (const { timer } of due) this.#apply({ kind: 'tick', timer });
  }

  #applyQueue(): void {
    const accepts = this.machine.accepts.bind(this.machine);
    for (let input = this.#queue.take(accepts); input; input = this.#queue.take(accepts)) {
      this.#apply(input);
    }
  }

  /** Whether an input waits that the halted guest would accept. */
  #wakes(): boolean {
    return this.#queue.hasFor((kind) => this.machine.accepts(kind));
  }

  #apply(input: Input): void {
    this.#log({ kind: 'input', input });
    this.machine.apply(input);
  }

  #answer(need: Need): void {
    const { count } = this.machine;
    assert(
      this.#point.readingCount !== count,
      () => `two readings for one instruction at ${count}`,
    );
    const answer = this.#sources.read(need, count);
    assert(answers(answer, need), () => `a source answered ${need.kind} with ${answer.kind}`);
    const { reading, shift } = shiftReading(this.#shift, answer, this.#point);
    this.#shift = shift;
    this.#apply(reading);
  }

  #logOutputs(outputs: Output[]): void {
    const made = [...this.#unmarked, ...this.machine.takeOutputs()];
    this.#unmarked = [];
    if (made.length === 0) return;
    let hash = this.#point.outputHash;
    for (const output of made) hash = chainOutput(hash, output, this.#hasher);
    this.#log({ kind: 'output', last: this.#point.outputs + made.length - 1, hash });
    outputs.push(...made);
  }

  #logDigest(): void {
    const { inputs } = this.#point;
    this.#log({ kind: 'digest', digest: this.machine.digest(), inputs });
  }

  #log(body: Body): void {
    const entry: LogEntry = { seq: this.#point.seq, count: this.machine.count, ...body };
    this.#point = pointAfter(this.#point, entry, this.machine);
    this.#entries.push(entry);
  }

  /** The machine and its place in the log, from which another recorder or replayer goes on. */
  checkpoint(): Checkpoint {
    assert(this.#unmarked.length === 0, 'a checkpoint between an output and its entry');
    return { point: this.#point, machine: this.machine.snapshot() };
  }

  /** Its state but for the machine, which costs more to take. */
  waiting(): Omit<RecorderState, 'machine'> {
    return {
      point: this.#point,
      shift: this.#shift,
      inputs: this.#queue.inputs,
      controls: this.#controls,
      ended: this.#ended,
      unmarked: this.#unmarked,
    };
  }

  state(): RecorderState {
    return { ...this.waiting(), machine: this.machine.snapshot() };
  }

  /** Goes back, or over, to a state that {@link state} gave. */
  restore(state: RecorderState): void {
    this.#point = state.point;
    this.#shift = state.shift;
    this.#queue = new InputQueue(state.inputs);
    this.#controls = state.controls;
    this.#ended = state.ended;
    this.#unmarked = state.unmarked;
    this.machine.restore(state.machine);
  }
}

/** Whether a completion has the data that its request wants: those of a successful read. */
export function completes(
  { ok, data }: Extract<Input, { kind: 'disk' }>,
  { op, sectors }: DiskRequest,
): boolean {
  return (data?.length ?? 0) === (ok && op === 'read' ? sectors * SECTOR_BYTES : 0);
}

/** Whether a reading has the kind and size that the need asks for. */
export function answers(input: Input, need: Need): input is Reading {
  if (input.kind !== need.kind) return false;
  return input.kind !== 'entropy' || need.kind !== 'entropy' || input.bytes.length === need.size;
}

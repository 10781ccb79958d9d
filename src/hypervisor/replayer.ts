/**
 * Follows a log (protocol.md §1): gives the machine each input at its count, in order of sequence
 * numbers, and compares everything that the log says about the machine. It runs only up to the
 * count of the next entry in hand, so it is always at least one entry behind the recorder and never
 * past an instruction at which something happened.
 *
 * Checked on the way: the machine asks for each reading before it is given, and for no other; the
 * ordinal and the chained hash of its outputs at each `output` entry, and that there are no others;
 * its digest; that it takes every input; that it neither sleeps, exits nor faults where the log
 * goes on. The first thing that differs throws a Divergence; after that the machine is of no use.
 */
import { assert } from '../base/assert.ts';
import type { Digest, Hasher } from '../base/digest.ts';
import type { Input, InputKind } from '../machine/input.ts';
import type { Output } from '../machine/output.ts';
import type { Machine, Snapshot, Stop } from '../machine/types.ts';
import { type Evidence, likelyCause } from './cause.ts';
import { Divergence, describeEntry, describeInput, describeOutput, hex64 } from './divergence.ts';
import type { KeptSnapshot, LogEntry, Slice, Sources } from './entry.ts';
import { type Checkpoint, isReading, type LogPoint, pointAfter, START } from './log-point.ts';
import { chainOutput } from './output-codec.ts';
import { answers, completes, Recorder } from './recorder.ts';
import { firstDifference } from './snapshot-difference.ts';

/** Entries that a Divergence shows. */
const RECENT_ENTRIES = 8;

/** What a replayer is made of. */
export interface ReplayerOptions {
  readonly machine: Machine;
  readonly hasher: Hasher;
  /** Where the log stands for this machine; its beginning by default. */
  readonly point?: LogPoint;
  /** For the recorder of {@link Replayer.goLive}. */
  readonly digestEvery?: number;
  /**
   * False gives up the rule "at least one entry behind": without entries the machine runs on, and
   * an entry may come for an instruction already past. For the scenario that shows why.
   */
  readonly lag?: boolean;
  /**
   * What the machine is given instead of a logged input; undefined for nothing at all. For the
   * scenarios that show what each kind of input is logged for.
   */
  readonly instead?: (input: Input) => Input | undefined;
}

/** Everything by which a replayer can be forked: plain data. */
export interface ReplayerState {
  readonly point: LogPoint;
  readonly inHand: readonly LogEntry[];
  readonly recent: readonly LogEntry[];
  readonly since: readonly InputKind[];
  readonly ended: Stop | undefined;
  readonly unmarked: readonly Output[];
  readonly machine: Snapshot;
}

export class Replayer {
  readonly machine: Machine;
  readonly #options: ReplayerOptions;
  #point: LogPoint;
  #inHand: LogEntry[] = [];
  /** Entries of #inHand before this index are consumed. */
  #head = 0;
  #recent: readonly LogEntry[] = [];
  #since: readonly InputKind[] = [];
  #ended: Stop | undefined;
  /** Outputs that no `output` entry has covered yet. */
  #made: Output[] = [];

  constructor(options: ReplayerOptions) {
    this.machine = options.machine;
    this.#options = options;
    this.#point = options.point ?? START;
  }

  /** Where the log stands after the last entry consumed. */
  get point(): LogPoint {
    return this.#point;
  }

  /** Entries fed and not consumed yet. */
  get inHand(): number {
    return this.#inHand.length - this.#head;
  }

  /** Outputs that the machine has made and no entry has covered yet. */
  get unmarked(): readonly Output[] {
    return this.#made;
  }

  /** Hands over entries that follow those fed before without a gap; a BugError otherwise. */
  feed(entries: readonly LogEntry[]): void {
    let last = this.#inHand.at(-1);
    for (const entry of entries) {
      const seq = (last?.seq ?? this.#point.seq - 1) + 1;
      assert(entry.seq === seq, () => `entry ${seq} expected, got ${entry.seq}`);
      assert(
        !last || entry.count >= last.count,
        () => `entry ${entry.seq} has a count in the past`,
      );
      last = entry;
    }
    if (this.#head > 0) this.#inHand.splice(0, this.#head);
    this.#head = 0;
    for (const entry of entries) this.#inHand.push(entry);
  }

  /**
   * Replays until the count is `until`, an `output` entry has been consumed, or no entry is left.
   * Throws a Divergence.
   */
  slice(until: number): Slice {
    const entries: LogEntry[] = [];
    const outputs: Output[] = [];
    const kept: KeptSnapshot[] = [];
    const done = (stop: Stop): Slice => {
      const slice = { entries, outputs, stop, count: this.machine.count };
      return kept.length > 0 ? { ...slice, kept } : slice;
    };
    for (let next = this.#next(); next; next = this.#next()) {
      if (next.count > this.machine.count) {
        if (this.machine.count >= until) return done({ why: 'budget' });
        const stop = this.#run(Math.min(next.count, until), next);
        if (stop.why === 'breakpoint') return done(stop);
        continue;
      }
      const stop = this.#check(next);
      if (stop?.why === 'breakpoint') return done(stop);
      if (next.kind === 'output') outputs.push(...this.#made.splice(0));
      this.#consumed(next);
      entries.push(next);
      const name = next.kind === 'control' && next.op.op === 'snapshot' ? next.op.name : undefined;
      if (name !== undefined) kept.push({ name, checkpoint: this.checkpoint() });
      if (next.kind === 'output') return done(this.#ended ?? { why: 'output' });
    }
    if (this.#options.lag === false && !this.#ended) this.#runAhead(until);
    return done(this.#ended ?? { why: 'budget' });
  }

  /**
   * Runs to `count`, which the recording has reached without another entry: where a checkpoint or
   * the end of a file tells so. Throws a Divergence.
   */
  reach(count: number): void {
    const next = this.#next();
    assert(
      !next || next.count >= count,
      () => `entry ${next?.seq} comes before instruction ${count}`,
    );
    if (this.machine.count < count) this.#run(count, undefined);
  }

  /** Holds the machine against its digest at `count`, see {@link reach}. Throws a Divergence. */
  compareDigest(count: number, digest: Digest): void {
    this.reach(count);
    const got = this.machine.digest();
    if (got !== digest) this.#fail(undefined, 'digest', got, { expected: digest });
  }

  /**
   * Holds the machine against a checkpoint that the recorder took after the last entry consumed.
   * Throws a Divergence that names the first field that differs.
   */
  compareCheckpoint({ point, machine }: Checkpoint): void {
    assert(
      point.seq === this.#point.seq,
      () => `checkpoint at ${this.#point.seq}, got ${point.seq}`,
    );
    this.reach(machine.count);
    const found = firstDifference(machine, this.machine.snapshot());
    if (found) this.#fail(undefined, found.field, found.got, { expected: found.expected });
  }

  /** Becomes a recorder at the present point. Every entry fed has been consumed (asserted). */
  goLive(sources: Sources): Recorder {
    assert(this.inHand === 0, () => `${this.inHand} entries left to replay before going live`);
    const { hasher, digestEvery } = this.#options;
    return new Recorder({
      machine: this.machine,
      sources,
      hasher,
      point: this.#point,
      ended: this.#ended,
      unmarked: this.#made,
      ...(digestEvery === undefined ? {} : { digestEvery }),
    });
  }

  /** The machine and its place in the log, from which another replayer or recorder goes on. */
  checkpoint(): Checkpoint {
    assert(this.#made.length === 0, 'a checkpoint between an output and its entry');
    return { point: this.#point, machine: this.machine.snapshot() };
  }

  /** Its state but for the machine, which costs more to take. */
  waiting(): Omit<ReplayerState, 'machine'> {
    return {
      point: this.#point,
      inHand: this.#inHand.slice(this.#head),
      recent: this.#recent,
      since: this.#since,
      ended: this.#ended,
      unmarked: [...this.#made],
    };
  }

  state(): ReplayerState {
    return { ...this.waiting(), machine: this.machine.snapshot() };
  }

  /** Goes back, or over, to a state that {@link state} gave. */
  restore(state: ReplayerState): void {
    this.#point = state.point;
    this.#inHand = [...state.inHand];
    this.#head = 0;
    this.#recent = state.recent;
    this.#since = state.since;
    this.#ended = state.ended;
    this.#made = [...state.unmarked];
    this.machine.restore(state.machine);
  }

  #next(): LogEntry | undefined {
    return this.#inHand[this.#head];
  }

  #consumed(entry: LogEntry): void {
    this.#head++;
    this.#recent = [...this.#recent.slice(1 - RECENT_ENTRIES), entry];
  }

  /** Runs to `target`; `next` is the entry that lies ahead, if there is one. */
  #run(target: number, next: LogEntry | undefined): Stop {
    if (this.#ended) this.#fail(next, 'execution', 'the guest has ended');
    const stop = this.#step(target);
    const { count } = this.machine;
    const expected = next?.count === count ? next.kind : 'nothing';
    if (stop.why === 'fault' && expected !== 'fault') {
      this.#fail(next, 'execution', describeStop(stop));
    }
    if (this.#made.length > 0 && expected !== 'output' && stop.why !== 'fault') {
      this.#fail(next, 'output', describeOutput(this.#made[0]!));
    }
    if (stop.why === 'halted' && count < target) {
      this.#fail(next, 'execution', 'the guest has halted', { halted: true });
    }
    if (stop.why === 'needs-input') {
      const asked = stop.need.kind;
      this.#fail(next, 'reading', `the guest asks for ${asked}`, { asked });
    }
    const arrived = count === target || stop.why === 'breakpoint';
    assert(arrived, () => `count ${target} expected, got ${count} and stop ${stop.why}`);
    return stop;
  }

  #step(target: number): Stop {
    const stop = this.machine.run(target);
    this.#made.push(...this.machine.takeOutputs());
    if (stop.why === 'exit' || stop.why === 'fault') this.#ended = stop;
    return stop;
  }

  /** Without the lag of one entry: whatever happens until something cannot go on. */
  #runAhead(until: number): void {
    if (this.machine.count < until && this.#made.length === 0) this.#step(until);
  }

  /** Holds `entry`, whose count the machine has reached, against the machine. */
  #check(entry: LogEntry): Stop | undefined {
    const { count } = this.machine;
    if (entry.count < count) this.#fail(entry, 'count', `instruction ${entry.count} is past`);
    if (entry.kind === 'input') return this.#checkInput(entry);
    if (entry.kind === 'output') this.#checkOutputs(entry);
    else if (entry.kind === 'digest') this.#checkDigest(entry);
    else if (entry.kind === 'fault') {
      const stop = this.#checkFault(entry);
      if (stop.why === 'breakpoint') return stop;
    }
    this.#point = pointAfter(this.#point, entry, this.machine);
    return undefined;
  }

  #checkInput(entry: LogEntry & { kind: 'input' }): Stop | undefined {
    const { instead } = this.#options;
    const input = instead ? instead(entry.input) : entry.input;
    if (!input) {
      this.#point = { ...this.#point, seq: entry.seq + 1 };
      return undefined;
    }
    const { kind } = input;
    if (isReading(kind)) {
      const stop = this.#checkNeed(entry, input);
      if (stop.why === 'breakpoint') return stop;
    } else {
      this.#checkAccepted(entry, input);
    }
    this.#point = pointAfter(this.#point, entry, this.machine);
    this.#since = [kind, ...this.#since.filter((earlier) => earlier !== kind)];
    this.machine.apply(input);
    return undefined;
  }

  /** The machine asks for this reading before its next instruction. */
  #checkNeed(entry: LogEntry, input: Input): Stop {
    if (this.#ended) this.#fail(entry, 'reading', 'the guest has ended');
    const stop = this.#step(entry.count + 1);
    if (stop.why === 'breakpoint') return stop;
    if (stop.why !== 'needs-input') this.#fail(entry, 'reading', describeStop(stop));
    const { need } = stop;
    if (!answers(input, need)) {
      const size = need.kind === 'entropy' ? `, ${need.size} bytes` : '';
      const asked = need.kind;
      this.#fail(entry, 'reading', `the guest asks for ${asked}${size}`, { asked });
    }
    return stop;
  }

  #checkAccepted(entry: LogEntry, input: Input): void {
    const { machine } = this;
    if (this.#ended) this.#fail(entry, 'input', 'the guest has ended');
    if (!machine.accepts(input.kind)) {
      this.#fail(entry, 'input', `no room for a ${input.kind} input`);
    }
    if (input.kind === 'disk') {
      const request = machine.pendingIo().find(({ id }) => id === input.id);
      if (!request) this.#fail(entry, 'disk request', `request ${input.id} is not pending`);
      if (!completes(input, request)) {
        const data = `${input.data?.length ?? 0} bytes of data`;
        this.#fail(entry, 'disk request', `${describeOutput({ kind: 'disk', request })}, ${data}`);
      }
    }
    if (input.kind === 'tick' && !machine.timers().some(({ timer }) => timer === input.timer)) {
      this.#fail(entry, 'timer', `timer ${input.timer} does not run`);
    }
  }

  #checkOutputs(entry: Extract<LogEntry, { kind: 'output' }>): void {
    const made = this.#made;
    const last = this.#point.outputs + made.length - 1;
    if (last !== entry.last || made.length === 0) {
      const got = made.length === 0 ? 'no output' : `output up to ${last}`;
      this.#fail(entry, 'output ordinal', got);
    }
    let hash = this.#point.outputHash;
    for (const output of made) hash = chainOutput(hash, output, this.#options.hasher);
    if (hash !== entry.hash) {
      this.#fail(entry, 'output hash', `${hex64(hash)} (${made.map(describeOutput).join(', ')})`);
    }
  }

  #checkDigest(entry: Extract<LogEntry, { kind: 'digest' }>): void {
    const digest = this.machine.digest();
    if (digest !== entry.digest) this.#fail(entry, 'digest', digest);
    const { inputs } = this.#point;
    if (inputs.some((number, index) => number !== entry.inputs[index])) {
      this.#fail(entry, 'inputs by kind', inputs.join(' '));
    }
    this.#since = [];
  }

  #checkFault(entry: Extract<LogEntry, { kind: 'fault' }>): Stop {
    const stop = this.#ended ?? this.#step(entry.count + 1);
    if (stop.why === 'breakpoint') return stop;
    if (stop.why !== 'fault' || stop.vector !== entry.vector) {
      this.#fail(entry, 'fault', describeStop(stop));
    }
    return stop;
  }

  #fail(
    entry: LogEntry | undefined,
    field: string,
    got: string,
    symptom: Partial<Evidence & { expected: string }> = {},
  ): never {
    const own = entry?.kind === 'input' ? [entry.input.kind] : [];
    const cause = likelyCause({
      machine: this.machine,
      point: this.#point,
      ahead: this.#inHand.slice(this.#head),
      since: [...new Set([...own, ...this.#since])],
      ...symptom,
    });
    throw new Divergence({
      count: this.machine.count,
      seq: entry?.seq ?? this.#point.seq,
      field,
      expected: symptom.expected ?? expectation(entry),
      got,
      cause,
      recent: entry ? [...this.#recent, entry] : this.#recent,
    });
  }
}

/** What an entry expects of the machine, for people. */
function expectation(entry: LogEntry | undefined): string {
  if (!entry) return 'no entry';
  switch (entry.kind) {
    case 'input':
      return `${describeInput(entry.input)} at instruction ${entry.count}`;
    case 'digest':
      return `${entry.digest} (inputs ${entry.inputs.join(' ')})`;
    case 'output':
      return `output up to ${entry.last}, hash ${hex64(entry.hash)}, at instruction ${entry.count}`;
    default:
      return describeEntry(entry);
  }
}

function describeStop(stop: Stop): string {
  switch (stop.why) {
    case 'fault':
      return `guest fault ${stop.vector} (${stop.detail})`;
    case 'needs-input':
      return `the guest asks for ${stop.need.kind}`;
    case 'halted':
      return 'the guest has halted';
    case 'exit':
      return `exit with status ${stop.status}`;
    default:
      return 'the guest went on without it';
  }
}

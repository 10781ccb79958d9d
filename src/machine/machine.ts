/**
 * The machine: a processor, memory and the board of machine.md, behind the doors of types.ts.
 *
 * It is a pure function of its configuration, its image and the inputs applied to it, each at its
 * instruction count. Nothing in here depends on how `run` is cut into pieces: what stops a run, and
 * which outputs there are at which count, follows from the state alone. In particular console bytes
 * that are still gathered when the processor halts are let go at the HLT that nothing pending ends,
 * whether or not the run was meant to go beyond it; and a fault comes after the outputs before it.
 */
import { assert, unreachable } from '../base/assert.ts';
import { ByteWriter } from '../base/bytes.ts';
import { type Digest, type Hasher, toHex } from '../base/digest.ts';
import type { Bus } from '../cpu/bus.ts';
import { Cpu } from '../cpu/cpu.ts';
import { STATE_BYTES, STATE_OFFSET, Word } from '../cpu/layout.ts';
import type { CpuStop, Processor } from '../cpu/types.ts';
import { Board } from './board.ts';
import { checkConfig } from './config.ts';
import type { Input, InputKind } from './input.ts';
import { load, readProgram, START_INFO_ADDRESS } from './loader.ts';
import { GuestMemory } from './memory.ts';
import type { DiskRequest, Output } from './output.ts';
import { type Plain, writePlain } from './plain.ts';
import type { ProgramSymbol } from './program.ts';
import type { Machine, MachineConfig, Snapshot, Stop, Timer } from './types.ts';

const INTERRUPT_FLAG = 0x200;

/** Makes the processor of a machine; chooses the engine. */
export type ProcessorFactory = (
  memory: WebAssembly.Memory,
  ramBytes: number,
  bus: Bus,
) => Processor;

const interpreter: ProcessorFactory = (memory, ramBytes, bus) => new Cpu(memory, ramBytes, bus);

/** The machine of machine.md: see {@link Machine} for its doors. */
export class X86Machine implements Machine {
  /** Symbols of the image, in ascending order of their addresses. */
  readonly symbols: readonly ProgramSymbol[];
  readonly #memory: GuestMemory;
  readonly #board: Board;
  readonly #processor: Processor;
  readonly #hasher: Hasher;
  readonly #words: Int32Array;

  /**
   * A machine about to execute the first instruction of `image`. Throws VmftError 'usage' for a
   * configuration that makes no sense and 'image' for an image that cannot run.
   */
  constructor(
    config: MachineConfig,
    image: Uint8Array,
    hasher: Hasher,
    makeProcessor: ProcessorFactory = interpreter,
  ) {
    checkConfig(config);
    const program = readProgram(image, config);
    this.symbols = program.symbols;
    this.#hasher = hasher;
    const { ramBytes } = config;
    const memory = new GuestMemory(ramBytes, hasher, (address, length) =>
      this.#processor.invalidate(address, length),
    );
    this.#memory = memory;
    this.#words = new Int32Array(memory.memory.buffer, STATE_OFFSET, STATE_BYTES / 4);
    this.#board = new Board(config, memory, () => ({
      eip: this.#words[Word.Eip]! >>> 0,
      count: this.count,
    }));
    this.#processor = makeProcessor(memory.memory, ramBytes, this.#board.bus);
    load(program, config, memory);
    this.#processor.reset(program.entry, START_INFO_ADDRESS);
  }

  get count(): number {
    return this.#processor.count;
  }

  run(until: number): Stop {
    return this.#waiting() ?? this.#after(this.#processor.run(until));
  }

  /** Why nothing can run now: the guest has ended, or outputs must be taken first. */
  #waiting(): Stop | undefined {
    const { exitStatus, fault, outputs } = this.#board;
    if (exitStatus !== null) return { why: 'exit', status: exitStatus };
    if (outputs.length > 0) return { why: 'output' };
    return fault ? { why: 'fault', ...fault } : undefined;
  }

  #after(stop: CpuStop): Stop {
    const board = this.#board;
    if (stop.why === 'fault') board.raise({ vector: stop.vector, detail: stop.detail });
    if (this.#idle()) board.uart.flush();
    const waiting = this.#waiting();
    if (waiting) return waiting;
    if (stop.why === 'needs-input') return stop;
    assert(
      stop.why === 'budget' || stop.why === 'halted',
      () => `a stop with a reason expected, got ${stop.why} without an output`,
    );
    return { why: stop.why };
  }

  /** Whether the processor is halted and no pending interrupt will wake it. */
  #idle(): boolean {
    if (!this.#words[Word.Halted]) return false;
    const enabled = (this.#words[Word.SystemFlags]! & INTERRUPT_FLAG) !== 0;
    return !(enabled && this.#board.bus.interruptRequested());
  }

  apply(input: Input): void {
    const board = this.#board;
    switch (input.kind) {
      case 'tick':
        assert(
          input.timer === 0,
          () => `a tick of timer 0 expected, got one of timer ${input.timer}`,
        );
        board.pit.tick();
        break;
      case 'packet':
        board.receivePacket(input.bytes);
        break;
      case 'console':
        board.uart.receive(input.bytes);
        break;
      case 'disk':
        board.completeDiskRequest(input);
        break;
      case 'tsc':
      case 'timeNs':
      case 'timeOfDay':
      case 'entropy':
        this.#processor.give(input);
        break;
      default:
        unreachable(input);
    }
  }

  accepts(kind: InputKind): boolean {
    const board = this.#board;
    switch (kind) {
      case 'tick':
        return board.pit.deadlineNs !== undefined;
      case 'packet':
        return board.acceptsPacket;
      case 'console':
        return board.uart.accepts;
      case 'disk':
        return board.pendingIo().length > 0;
      default:
        return true;
    }
  }

  takeOutputs(): Output[] {
    return this.#board.outputs.take();
  }

  /**
   * The line that the guest has begun on its console, which is no output before it is complete;
   * `offset` counts the console bytes before it. For those who show a console as it is written.
   */
  unsentConsole(): { readonly offset: number; readonly bytes: Uint8Array } {
    return this.#board.uart.unsent;
  }

  timers(): readonly Timer[] {
    const { deadlineNs } = this.#board.pit;
    return deadlineNs === undefined ? [] : [{ timer: 0, deadlineNs }];
  }

  pendingIo(): readonly DiskRequest[] {
    return this.#board.pendingIo();
  }

  /** A copy of `length` bytes of RAM at `address`, for debuggers and tests. */
  readMemory(address: number, length: number): Uint8Array {
    return this.#memory.read(address, length);
  }

  /** Outputs must have been taken: they are not part of a snapshot. */
  snapshot(): Snapshot {
    const { length } = this.#board.outputs;
    assert(
      length === 0,
      () => `a snapshot after all outputs are taken expected, ${length} are waiting`,
    );
    return {
      count: this.count,
      cpu: this.#processor.state(),
      devices: this.#board.state(),
      pages: this.#memory.capture(),
    };
  }

  /** Takes a snapshot of a machine with the same configuration; drops outputs not taken. */
  restore(snapshot: Snapshot): void {
    this.#board.outputs.take();
    this.#memory.restore(snapshot.pages);
    this.#board.restore(snapshot.devices as Readonly<Record<string, Plain>>);
    this.#processor.restore(snapshot.cpu);
    assert(
      this.count === snapshot.count,
      () => `a processor at count ${snapshot.count} expected after restore, got ${this.count}`,
    );
  }

  /**
   * Does some of the work of the next `snapshot` and `digest` beforehand, for up to `pages` pages
   * that have changed: what is done of a page counts until it is written to. True when all pages
   * have been gone through since it was true last.
   */
  settle(pages: number): boolean {
    return this.#memory.settle(pages);
  }

  /**
   * RAM becomes `pages`, for a `restore` that will find less to do; until that the machine is of no
   * use. Pages of a RAM of another size are left alone.
   */
  adopt(pages: Snapshot['pages']): void {
    if (pages.length === this.#memory.pages) this.#memory.restore(pages);
  }

  digest(): Digest {
    const writer = new ByteWriter(2048).f64(this.count).blob(this.#processor.state());
    writePlain(writer, this.#board.state());
    writer.raw(this.#memory.hash());
    return toHex(this.#hasher.hash(writer.take()));
  }
}

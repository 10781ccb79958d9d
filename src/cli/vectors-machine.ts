/**
 * A bare processor that runs one test after the other, each from the same state: flat segments,
 * ring 0, interrupts off, no IDT, RAM as the background says. What `vmft vectors` drives; pure.
 *
 * Two copies of RAM stand beside it: `background`, to which RAM returns after every test, and
 * `before`, what RAM was when the test began. Only pages that were written are compared and put
 * back; a page counts as clean (PageFlag.Clean) until the first store to it.
 *
 * There is no board: outside RAM, and at every port, reading gives ones and writing does nothing;
 * time-stamp counter and random numbers read zero.
 */
import { PAGE_BYTES } from '../base/limits.ts';
import type { Bus, Need, Reading } from '../cpu/bus.ts';
import { Vector } from '../cpu/core.ts';
import { Cpu } from '../cpu/cpu.ts';
import { Eflags } from '../cpu/flags.ts';
import { memoryBytes, PAGE_FLAGS_OFFSET, PageFlag, RAM_OFFSET, Word } from '../cpu/layout.ts';
import type { CpuStop } from '../cpu/types.ts';
import { decode } from '../isa/decoder.ts';
import type { MemoryRun, VectorAnswer, VectorTest } from './vectors-line.ts';

/** The flags that a test sets and an answer shows. */
const SHOWN = Eflags.CF | Eflags.PF | Eflags.AF | Eflags.ZF | Eflags.SF | Eflags.DF | Eflags.OF;

/** Exceptions by vector, as the manual abbreviates them (SDM volume 3, table 6-1). */
const NAMES: Readonly<Record<number, string>> = {
  [Vector.DE]: 'DE',
  [Vector.DB]: 'DB',
  [Vector.BP]: 'BP',
  [Vector.OF]: 'OF',
  [Vector.BR]: 'BR',
  [Vector.UD]: 'UD',
  [Vector.NM]: 'NM',
  [Vector.DF]: 'DF',
  [Vector.TS]: 'TS',
  [Vector.NP]: 'NP',
  [Vector.SS]: 'SS',
  [Vector.GP]: 'GP',
  [Vector.PF]: 'PF',
  [Vector.AC]: 'AC',
};

/** Instructions that raise an exception on purpose. */
const TRAPS: ReadonlySet<string> = new Set(['int1', 'int3', 'int', 'into']);

/** Error code bits of a refused gate: it lies in the IDT, and its vector stands from bit 3 on. */
const IN_IDT = 2;

/** Nothing but RAM. */
class EmptyBus implements Bus {
  readonly stopRequested = false;
  /** Pages of RAM written since they were last clean, in the order of their first store. */
  readonly written: number[] = [];
  /** Something outside RAM was read or written. */
  touchedOutside = false;
  readonly #pageFlags: Uint8Array;

  constructor(pageFlags: Uint8Array) {
    this.#pageFlags = pageFlags;
  }

  need(): undefined {
    return undefined;
  }
  give(): void {}
  readMemory(_address: number, size: number): number {
    this.touchedOutside = true;
    return 2 ** (8 * size) - 1;
  }
  writeMemory(): void {
    this.touchedOutside = true;
  }
  readPort(_port: number, size: number): number {
    return 2 ** (8 * size) - 1;
  }
  writePort(): void {}
  fetchOutside(): void {}
  interruptRequested(): boolean {
    return false;
  }
  acknowledgeInterrupt(): number {
    return 0;
  }
  firstWrite(page: number): void {
    this.#pageFlags[page]! &= ~PageFlag.Clean;
    this.written.push(page);
  }
}

/** How a test came to its end. */
interface Ending {
  readonly fault: string;
  readonly error: number | undefined;
  /** 1 where the instruction at eip has retired by raising its exception (a trap). */
  readonly trapped: 0 | 1;
}

const NO_FAULT: Ending = { fault: '-', error: undefined, trapped: 0 };

/** The reading of a machine without clock and entropy. */
function zero(need: Need): Reading {
  if (need.kind === 'entropy') return { kind: need.kind, bytes: new Uint8Array(need.size) };
  return { kind: need.kind, value: 0n };
}

/** The processor, RAM and background of the tests. */
export class VectorMachine {
  readonly ramBytes: number;
  readonly #cpu: Cpu;
  readonly #bus: EmptyBus;
  readonly #pageFlags: Uint8Array;
  readonly #ram: Uint8Array;
  readonly #background: Uint8Array;
  readonly #before: Uint8Array;
  /** The same two as words. */
  readonly #ramWords: Int32Array;
  readonly #beforeWords: Int32Array;
  /** The processor's state from which every test starts. */
  readonly #entry: Uint8Array;

  /** `ramBytes` is a number of whole pages. */
  constructor(ramBytes: number) {
    this.ramBytes = ramBytes;
    const memory = new WebAssembly.Memory({ initial: memoryBytes(ramBytes) / 0x10000 });
    this.#pageFlags = new Uint8Array(memory.buffer, PAGE_FLAGS_OFFSET, 1 << 20);
    this.#pageFlags.fill(PageFlag.Device);
    this.#pageFlags.fill(PageFlag.Clean, 0, ramBytes / PAGE_BYTES);
    this.#ram = new Uint8Array(memory.buffer, RAM_OFFSET, ramBytes);
    this.#background = new Uint8Array(ramBytes);
    this.#before = new Uint8Array(ramBytes);
    this.#ramWords = new Int32Array(memory.buffer, RAM_OFFSET, ramBytes / 4);
    this.#beforeWords = new Int32Array(this.#before.buffer);
    this.#bus = new EmptyBus(this.#pageFlags);
    this.#cpu = new Cpu(memory, ramBytes, this.#bus);
    this.#cpu.core.r[Word.IdtLimit] = 0;
    this.#entry = this.#cpu.state();
  }

  /** Whether the latest test read or wrote something outside RAM. */
  get touchedOutside(): boolean {
    return this.#bus.touchedOutside;
  }

  /** Changes the memory in which all later tests start. The runs lie inside RAM. */
  setBackground(runs: readonly MemoryRun[]): void {
    for (const { address, bytes } of runs) {
      this.#background.set(bytes, address);
      this.#write(address, bytes);
    }
  }

  /** Runs one test, whose memory lies inside RAM, and puts everything back. */
  run(test: VectorTest): VectorAnswer {
    for (const { address, bytes } of test.memory) this.#write(address, bytes);
    this.#bus.touchedOutside = false;
    const cpu = this.#cpu;
    cpu.restore(this.#entry);
    const { core } = cpu;
    for (let i = 0; i < 8; i++) core.r[i] = test.registers[i]!;
    core.r[Word.Eip] = test.eip;
    core.eflags = test.eflags & SHOWN;
    let steps: number;
    let stop: CpuStop;
    if (test.repeatsCountOnce) {
      [steps, stop] = this.#runInstructions(test.steps);
    } else {
      stop = this.#runTo(test.steps);
      steps = cpu.count;
    }
    const ending = stop.why === 'fault' ? this.#faulted(stop.vector, stop.error) : NO_FAULT;
    const registers: number[] = [];
    for (let i = 0; i < 8; i++) registers.push(core.r[i]! >>> 0);
    return {
      retired: steps + ending.trapped,
      fault: ending.fault,
      error: ending.error,
      registers,
      eip: core.r[Word.Eip]! >>> 0,
      eflags: (core.eflags & SHOWN) | Eflags.One,
      memory: this.#putBack(test.memory),
    };
  }

  /** Runs until the count is `until`, a fault or a halt; gives every reading. */
  #runTo(until: number): CpuStop {
    for (;;) {
      const stop = this.#cpu.run(until);
      if (stop.why !== 'needs-input') return stop;
      this.#cpu.give(zero(stop.need));
    }
  }

  /** Runs `steps` instructions, each to its end. Returns how many there were, and the stop. */
  #runInstructions(steps: number): [number, CpuStop] {
    const cpu = this.#cpu;
    const { r } = cpu.core;
    for (let done = 0; ; done++) {
      const at = r[Word.Eip]! >>> 0;
      let stop: CpuStop;
      let repeats: boolean;
      do {
        // Asked each time, because an iteration may overwrite its own instruction.
        repeats = this.#isRepeated(at);
        stop = this.#runTo(cpu.count + 1);
      } while (repeats && stop.why === 'budget' && r[Word.Eip]! >>> 0 === at);
      if (stop.why !== 'budget') return [stop.why === 'halted' ? done + 1 : done, stop];
      if (done + 1 === steps) return [steps, stop];
    }
  }

  #isRepeated(at: number): boolean {
    const found = decode(this.#ram, at, this.ramBytes, at);
    return found.row !== undefined && found.repeat !== 0;
  }

  /**
   * What an exception without a handler is called. An instruction that traps on purpose meets the
   * empty IDT as well; it is reported as the trap that it is, with eip behind it.
   */
  #faulted(vector: number, error: number | undefined): Ending {
    const plain = { fault: NAMES[vector] ?? vector.toString(16), error, trapped: 0 } as const;
    if (vector !== Vector.GP || error === undefined || !(error & IN_IDT)) return plain;
    const { r } = this.#cpu.core;
    const at = r[Word.Eip]! >>> 0;
    const found = decode(this.#ram, at, this.ramBytes, at);
    const trap = error >>> 3;
    if (found.row === undefined || !TRAPS.has(found.row.mnemonic)) return plain;
    if (trap !== Vector.BP && trap !== Vector.OF && found.row.mnemonic !== 'int1') return plain;
    r[Word.Eip] = at + found.length;
    return { fault: NAMES[trap]!, error: undefined, trapped: 1 };
  }

  /** Lays bytes into RAM and into what it is compared with. */
  #write(address: number, bytes: Uint8Array): void {
    this.#cpu.invalidate(address, bytes.length);
    this.#ram.set(bytes, address);
    this.#before.set(bytes, address);
  }

  /** Returns the bytes that the test changed, and undoes them and the test's own memory. */
  #putBack(own: readonly MemoryRun[]): MemoryRun[] {
    const changes: MemoryRun[] = [];
    const { written } = this.#bus;
    if (written.length > 1) written.sort((a, b) => a - b);
    for (const page of written) {
      this.#compare(page * PAGE_BYTES, changes);
      this.#pageFlags[page]! |= PageFlag.Clean;
    }
    written.length = 0;
    for (const { address, bytes } of changes) {
      const end = address + bytes.length;
      this.#cpu.invalidate(address, bytes.length);
      this.#ram.set(this.#before.subarray(address, end), address);
    }
    for (const { address, bytes } of own)
      this.#write(address, this.#background.subarray(address, address + bytes.length));
    return changes;
  }

  /** Appends the runs in which the page at `base` differs, joined to one that ends there. */
  #compare(base: number, changes: MemoryRun[]): void {
    const ram = this.#ram;
    const before = this.#before;
    const end = base + PAGE_BYTES;
    for (let at = base; at < end; at++) {
      // Whole words first: most of a page has not changed.
      while (at % 4 === 0 && at < end && this.#ramWords[at >>> 2] === this.#beforeWords[at >>> 2])
        at += 4;
      if (at === end) return;
      if (ram[at] === before[at]) continue;
      let to = at + 1;
      while (to < end && ram[to] !== before[to]) to++;
      const last = changes.at(-1);
      let from = at;
      if (last && last.address + last.bytes.length === at) {
        from = last.address;
        changes.pop();
      }
      changes.push({ address: from, bytes: ram.slice(from, to) });
      at = to;
    }
  }
}

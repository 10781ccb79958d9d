/**
 * The processor: the outer loop round the interpreter, which looks at interrupts, halts, single
 * steps and readings, and keeps the instruction count (contracts.md 1, 2, 3).
 *
 * The count grows by one for an instruction retired, for an iteration of a repeated string
 * instruction, and for an interrupt or exception delivered; a software interrupt (int, int3, into)
 * counts once, as the instruction that it is.
 */
import { ByteReader, ByteWriter } from '../base/bytes.ts';
import { BlockBuilder } from './blocks.ts';
import type { Bus, Reading } from './bus.ts';
import { CodeMap } from './code-map.ts';
import { Core, FAULT, NEEDS_INPUT, Vector } from './core.ts';
import { deliver, type Origin } from './exceptions.ts';
import { Eflags } from './flags.ts';
import { Exit, type Interpreter, makeInterpreter } from './interpreter.ts';
import { PAGE_FLAGS_OFFSET, ShadowBit, Word } from './layout.ts';
import { isNull } from './ops/segment.ts';
import type { CpuStop, Processor } from './types.ts';

/**
 * Longest stretch handed to the interpreter at once. Each call may begin in newly compiled code,
 * and code entered at its beginning is better than what a running loop is switched to.
 */
const MAX_STRETCH = 0x1_0000;

/** Selectors at entry (machine.md "Loading"). */
const ENTRY_CS = 0x08;
const ENTRY_DS = 0x10;
/** PE and ET. */
const ENTRY_CR0 = 0x11;

/** Words that are architectural state, in the order of {@link Cpu.state}. */
const STATE_WORDS = [
  Word.Eax,
  Word.Ecx,
  Word.Edx,
  Word.Ebx,
  Word.Esp,
  Word.Ebp,
  Word.Esi,
  Word.Edi,
  Word.Eip,
  Word.Es,
  Word.Cs,
  Word.Ss,
  Word.Ds,
  Word.Fs,
  Word.Gs,
  Word.GdtBase,
  Word.GdtLimit,
  Word.IdtBase,
  Word.IdtLimit,
  Word.Cr0,
  Word.Cr2,
  Word.Cr3,
  Word.Cr4,
  Word.Halted,
  Word.Shadow,
  Word.Tr,
  Word.Ldtr,
] as const;

/** Names of the 32-bit words of {@link Cpu.state} in their order, for reports; eflags is last. */
export const STATE_NAMES: readonly string[] =
  `eax ecx edx ebx esp ebp esi edi eip es cs ss ds fs gs gdtBase gdtLimit idtBase idtLimit
   cr0 cr2 cr3 cr4 halted shadow tr ldtr eflags`.split(/\s+/);

/** A bit for each segment register that is null. */
function nullSegments(r: Int32Array): number {
  const registers = [Word.Es, Word.Cs, Word.Ss, Word.Ds, Word.Fs, Word.Gs];
  return registers.reduce((bits, word, n) => bits | (isNull(r[word]!) ? 1 << n : 0), 0);
}

export class Cpu implements Processor {
  readonly core: Core;
  readonly #map: CodeMap;
  readonly #interpreter: Interpreter;
  #count = 0;

  /** `memory` is laid out as layout.ts says, with `ramBytes` of RAM. */
  constructor(memory: WebAssembly.Memory, ramBytes: number, bus: Bus) {
    const flags = new Uint8Array(memory.buffer, PAGE_FLAGS_OFFSET, 1 << 20);
    this.#map = new CodeMap(flags, ramBytes);
    this.core = new Core(memory, ramBytes, bus, this.#map);
    const builder = new BlockBuilder(this.core, this.#map);
    this.#interpreter = makeInterpreter(this.core, this.#map, builder);
    this.reset(0, 0);
  }

  get count(): number {
    return this.#count;
  }

  reset(eip: number, ebx: number): void {
    const { r } = this.core;
    r.fill(0);
    r[Word.Eip] = eip;
    r[Word.Ebx] = ebx;
    for (const seg of [Word.Es, Word.Ss, Word.Ds, Word.Fs, Word.Gs]) r[seg] = ENTRY_DS;
    r[Word.Cs] = ENTRY_CS;
    r[Word.GdtLimit] = 0xffff;
    r[Word.IdtLimit] = 0xffff;
    r[Word.Cr0] = ENTRY_CR0;
    this.core.eflags = 0;
    this.core.reading = undefined;
    this.#count = 0;
    this.#map.clear();
  }

  give(reading: Reading): void {
    this.core.reading = reading;
  }

  invalidate(address: number, length: number): void {
    this.#map.invalidate(address, length);
  }

  run(until: number): CpuStop {
    const { r, bus } = this.core;
    for (;;) {
      if (bus.stopRequested) return { why: 'stop-requested' };
      if (this.#count >= until) return { why: 'budget' };
      const shadow = r[Word.Shadow]!;
      if (shadow & ShadowBit.TrapPending) {
        r[Word.Shadow] = 0;
        if (!this.#deliver(Vector.DB, undefined, 'trap')) return this.#shutdown(Vector.DB);
        continue;
      }
      const enabled = (r[Word.SystemFlags]! & Eflags.IF) !== 0 && shadow === 0;
      if (enabled && bus.interruptRequested()) {
        const vector = bus.acknowledgeInterrupt();
        if (!this.#deliver(vector, undefined, 'external'))
          return this.#shutdown(vector, undefined, 'interrupt');
        continue;
      }
      if (r[Word.Halted]! !== 0) return { why: 'halted' };
      const before = this.#count;
      const resume = r[Word.SystemFlags]! & Eflags.RF;
      r[Word.SystemFlags]! &= ~Eflags.RF;
      const stepping = shadow !== 0 || (r[Word.SystemFlags]! & Eflags.TF) !== 0;
      const stop = stepping
        ? this.#step()
        : this.#stretch(Math.min(until - this.#count, MAX_STRETCH));
      // RF lasts for one instruction.
      if (this.#count === before) r[Word.SystemFlags]! |= resume;
      if (stop) return stop;
    }
  }

  /** Executes up to `budget` boundaries. Returns a stop, or undefined to go on. */
  #stretch(budget: number): CpuStop | undefined {
    const exit = this.#interpreter.execute(budget, false);
    this.#count += this.#interpreter.executed;
    if (exit === Exit.Careful) return this.#carefully();
    return this.#after(exit);
  }

  /** One instruction that may touch devices and decoded code. */
  #carefully(): CpuStop | undefined {
    const { core } = this;
    const result = core.r[Word.FlagResult]!;
    const carry = core.r[Word.FlagCarry]!;
    core.careful = true;
    const exit = this.#interpreter.execute(1, true);
    core.careful = false;
    if (exit === Exit.Thrown) {
      // Where the store of a read-modify-write waits for a reading, its operation is done already.
      core.r[Word.FlagResult] = result;
      core.r[Word.FlagCarry] = carry;
    }
    this.#count += this.#interpreter.executed;
    return this.#after(exit);
  }

  /**
   * One instruction under the trap flag or in the shadow of another. The single-step trap is a
   * boundary of its own, so it is left pending: the run may end before it.
   */
  #step(): CpuStop | undefined {
    const { core } = this;
    const { r } = core;
    const stepping = (r[Word.SystemFlags]! & Eflags.TF) !== 0;
    const shadow = r[Word.Shadow]!;
    r[Word.Shadow] = 0;
    core.trapped = false;
    const stop = this.#carefully();
    if (stop) {
      r[Word.Shadow] = shadow;
      return stop;
    }
    const left = r[Word.Shadow]!;
    r[Word.Shadow] = left & ~ShadowBit.Traps;
    // Of several in a row only the first holds interrupts back, so that no guest can for ever.
    if (shadow & ShadowBit.Interrupts) r[Word.Shadow]! &= ~ShadowBit.Interrupts;
    if (stepping && !this.#faulted && !core.trapped && !(left & ShadowBit.Traps)) {
      r[Word.Shadow]! |= ShadowBit.TrapPending;
      r[Word.Halted] = 0;
    }
    return undefined;
  }

  /** The last instruction raised an exception instead of retiring. */
  #faulted = false;

  #after(exit: Exit): CpuStop | undefined {
    this.#faulted = false;
    if (this.core.segmentsChanged) {
      this.core.segmentsChanged = false;
      this.#map.clear();
    }
    if (exit === Exit.Halted) {
      this.core.r[Word.Halted] = 1;
      return undefined;
    }
    if (exit !== Exit.Thrown) return undefined;
    const { thrown } = this.#interpreter;
    if (thrown === NEEDS_INPUT) return { why: 'needs-input', need: this.core.need! };
    if (thrown !== FAULT) {
      const { r } = this.core;
      this.#map.careful.add(r[Word.Eip]! >>> 0);
      this.#map.invalidate(r[Word.Eip]! >>> 0, 1);
      return undefined;
    }
    this.#faulted = true;
    // What the board will not have goes before the exception.
    if (this.core.bus.stopRequested) return undefined;
    const { faultVector, faultError } = this.core;
    return this.#deliver(faultVector, faultError, 'fault')
      ? undefined
      : this.#shutdown(faultVector, faultError);
  }

  /** Enters a handler, which counts as one. False on a triple fault. */
  #deliver(vector: number, error: number | undefined, origin: Origin): boolean {
    this.core.careful = true;
    const entered = deliver(this.core, vector, error, origin);
    this.core.careful = false;
    if (entered) {
      this.core.r[Word.Halted] = 0;
      this.#count++;
    }
    return entered;
  }

  #shutdown(vector: number, error?: number, what = 'exception'): CpuStop {
    const eip = (this.core.r[Word.Eip]! >>> 0).toString(16);
    const detail = `${what} ${vector} at eip 0x${eip} has no handler that works (triple fault)`;
    return { why: 'fault', vector, error, detail };
  }

  /**
   * The count, the words named by {@link STATE_NAMES}, then the reading if one has been given: what
   * a digest covers. Equal states give equal bytes, whatever way led there.
   */
  state(): Uint8Array {
    const { core } = this;
    const out = new ByteWriter(256).f64(this.#count);
    for (const word of STATE_WORDS) out.u32(core.r[word]!);
    out.u32(core.eflags);
    const { reading } = core;
    if (reading === undefined) out.text('');
    else if (reading.kind === 'entropy') out.text(reading.kind).blob(reading.bytes);
    else out.text(reading.kind).u64(reading.value);
    return out.take();
  }

  /**
   * Takes back what {@link state} gave. RAM must be restored before or after by whoever owns it.
   */
  restore(state: Uint8Array): void {
    const { core } = this;
    const from = new ByteReader(state);
    const before = nullSegments(core.r);
    core.r.fill(0);
    this.#count = from.f64();
    for (const word of STATE_WORDS) core.r[word] = from.u32();
    if (nullSegments(core.r) !== before) this.#map.clear();
    const eflags = from.u32();
    core.eflags = eflags;
    core.r[Word.SystemFlags]! |= eflags & Eflags.RF;
    const kind = from.text() as Reading['kind'] | '';
    if (kind === '') core.reading = undefined;
    else if (kind === 'entropy') core.reading = { kind, bytes: from.blob() };
    else core.reading = { kind, value: from.u64() };
  }
}

/**
 * The processor's state and its way to memory, ports and exceptions: what the interpreter's switch
 * and the helpers in ops/ work on. Guest state itself lies in the machine's memory (layout.ts).
 *
 * Two things are rare in an instruction and would cost the common one too much if every store had
 * to think of them: an access outside RAM, and a store to bytes that have been decoded. Both are
 * met by one means. Such an access first throws RESTART, while the instruction has changed nothing;
 * the address of the instruction is remembered, and from then on it is decoded as a "careful" block
 * of its own, in which the access is allowed and after which the outer loop looks at events. The
 * guest cannot tell, because counts and order are the same.
 */
import { assert } from '../base/assert.ts';
import { PAGE_BYTES, PAGE_SHIFT } from '../base/limits.ts';
import type { AccessSize, Bus, Need, Reading } from './bus.ts';
import type { CodeMap } from './code-map.ts';
import { ARITHMETIC, carryOf, Eflags, materialise, resultOf, SYSTEM } from './flags.ts';
import { PAGE_FLAGS_OFFSET, PageFlag, RAM_OFFSET, STATE_BYTES, Word } from './layout.ts';

/** Exception vectors (SDM volume 3, 6.3.1). */
export const enum Vector {
  DE = 0,
  DB = 1,
  BP = 3,
  OF = 4,
  BR = 5,
  UD = 6,
  NM = 7,
  DF = 8,
  TS = 10,
  NP = 11,
  SS = 12,
  GP = 13,
  PF = 14,
  AC = 17,
}

/** Thrown to leave an instruction that has changed nothing; why is in {@link Core}. */
export const FAULT = { thrown: 'fault' } as const;
export const RESTART = { thrown: 'restart' } as const;
export const NEEDS_INPUT = { thrown: 'needs input' } as const;

export class Core {
  /** State block as words, halfwords and bytes: word n is halfword 2n and byte 4n. */
  readonly r: Int32Array;
  readonly r16: Uint16Array;
  readonly r8: Uint8Array;
  /** RAM, address 0 first. */
  readonly ram: DataView;
  readonly ramArray: Uint8Array;
  readonly ramBytes: number;
  readonly pageFlags: Uint8Array;
  readonly bus: Bus;
  readonly codeMap: CodeMap;

  /** The present instruction may touch devices and code. */
  careful = false;
  /** A reading given and not yet taken. */
  reading: Reading | undefined;
  /** What the instruction that threw NEEDS_INPUT asks for. */
  need: Need | undefined;
  /** Some segment register has become null, or is not any more: decoded code is out of date. */
  segmentsChanged = false;
  /** The present instruction was a software interrupt: the single-step trap does not follow it. */
  trapped = false;
  /** What the instruction that threw FAULT raised. */
  faultVector = 0;
  faultError: number | undefined;

  constructor(memory: WebAssembly.Memory, ramBytes: number, bus: Bus, codeMap: CodeMap) {
    assert(ramBytes % PAGE_BYTES === 0, () => `RAM of ${ramBytes} bytes is not a number of pages`);
    assert(
      new Uint8Array(new Uint16Array([1]).buffer)[0] === 1,
      'the host stores integers big endian',
    );
    const buffer = memory.buffer;
    this.r = new Int32Array(buffer, 0, STATE_BYTES / 4);
    this.r16 = new Uint16Array(buffer, 0, STATE_BYTES / 2);
    this.r8 = new Uint8Array(buffer, 0, STATE_BYTES);
    this.ram = new DataView(buffer, RAM_OFFSET, ramBytes);
    this.ramArray = new Uint8Array(buffer, RAM_OFFSET, ramBytes);
    this.ramBytes = ramBytes;
    this.pageFlags = new Uint8Array(buffer, PAGE_FLAGS_OFFSET, 1 << 20);
    this.bus = bus;
    this.codeMap = codeMap;
  }

  /** eflags as the guest sees them. */
  get eflags(): number {
    const r = this.r;
    const arithmetic = materialise(r[Word.FlagResult]!, r[Word.FlagCarry]!);
    return arithmetic | r[Word.SystemFlags]! | Eflags.One;
  }

  /** Sets all of eflags, as popf and iret in ring 0 do. */
  set eflags(value: number) {
    this.setArithmetic(value);
    this.r[Word.SystemFlags] = value & SYSTEM;
  }

  /** Sets CF PF AF ZF SF OF from their places in `eflags`. */
  setArithmetic(eflags: number): void {
    this.r[Word.FlagResult] = resultOf(eflags);
    this.r[Word.FlagCarry] = carryOf(eflags & ARITHMETIC);
  }

  /** CF, 0 or 1. */
  get carry(): number {
    return this.r[Word.FlagCarry]! >>> 31;
  }

  /** Raises an exception: throws, so nothing of the instruction may have been changed. */
  fault(vector: Vector, error?: number): never {
    this.faultVector = vector;
    this.faultError = error;
    throw FAULT;
  }

  /** Takes the reading that `need` asks for, or stops before the instruction. */
  take(need: Need): Reading {
    const reading = this.reading;
    if (reading === undefined) {
      this.need = need;
      throw NEEDS_INPUT;
    }
    const fits =
      reading.kind === need.kind &&
      (reading.kind !== 'entropy' ||
        reading.bytes.length === (need as { readonly size: number }).size);
    assert(fits, () => `a reading of ${need.kind} was needed, ${reading.kind} was given`);
    this.reading = undefined;
    return reading;
  }

  load8(address: number): number {
    const a = address >>> 0;
    return a < this.ramBytes ? this.ram.getUint8(a) : this.#loadDevice(a, 1);
  }

  /** Unsigned. */
  load16(address: number): number {
    const a = address >>> 0;
    return a < this.ramBytes - 1 ? this.ram.getUint16(a, true) : this.#loadDevice(a, 2);
  }

  /** Signed. */
  load32(address: number): number {
    const a = address >>> 0;
    return a < this.ramBytes - 3 ? this.ram.getInt32(a, true) : this.#loadDevice(a, 4) | 0;
  }

  store8(address: number, value: number): void {
    const a = address >>> 0;
    if (this.prepareStore(a, 1)) this.ram.setUint8(a, value);
    else this.#storeDevice(a, 1, value & 0xff);
  }

  store16(address: number, value: number): void {
    const a = address >>> 0;
    if (this.prepareStore(a, 2)) this.ram.setUint16(a, value, true);
    else this.#storeDevice(a, 2, value & 0xffff);
  }

  store32(address: number, value: number): void {
    const a = address >>> 0;
    if (this.prepareStore(a, 4)) this.ram.setInt32(a, value, true);
    else this.#storeDevice(a, 4, value >>> 0);
  }

  /**
   * Gets RAM ready for stores to the `size` bytes (at most a page) at `a`: true when they may be
   * done at once, false when some of the bytes lie outside RAM. Throws RESTART where only a careful
   * instruction may store.
   */
  prepareStore(a: number, size: number): boolean {
    const first = a >>> PAGE_SHIFT;
    const last = ((a + size - 1) >>> 0) >>> PAGE_SHIFT;
    const flags = this.pageFlags[first]! | this.pageFlags[last]!;
    if (flags === 0) return true;
    if (flags & PageFlag.Device) {
      if (!this.careful) throw RESTART;
      return false;
    }
    if (flags & PageFlag.Code && this.codeMap.covers(a, size)) {
      if (!this.careful) throw RESTART;
      this.codeMap.invalidate(a, size);
    }
    if (this.pageFlags[first]! & PageFlag.Clean) this.bus.firstWrite(first);
    if (this.pageFlags[last]! & PageFlag.Clean) this.bus.firstWrite(last);
    return true;
  }

  /**
   * Gets ready for loads from the `size` bytes at `a` (unsigned) that come after a store of the
   * same instruction. Throws RESTART where only a careful instruction may load.
   */
  prepareLoad(a: number, size: number): void {
    if (a + size > this.ramBytes && !this.careful) throw RESTART;
  }

  /** An access that is not all in RAM: whole to the bus, or byte by byte where it straddles. */
  #loadDevice(a: number, size: AccessSize): number {
    if (!this.careful) throw RESTART;
    if (this.#outside(a, size)) {
      this.#ask('memory', a, size);
      return this.bus.readMemory(a, size);
    }
    let value = 0;
    for (let i = 0; i < size; i++) value |= this.load8(a + i) << (8 * i);
    return value >>> 0;
  }

  #storeDevice(a: number, size: AccessSize, value: number): void {
    if (this.#outside(a, size)) {
      this.#ask('memory', a, size, value);
      this.bus.writeMemory(a, size, value);
      return;
    }
    for (let i = 0; i < size; i++) this.store8(a + i, value >>> (8 * i));
  }

  #outside(a: number, size: number): boolean {
    return a >= this.ramBytes && a + size <= 0x1_0000_0000;
  }

  /** Pushes 32 bits; esp moves after the store. */
  push32(value: number): void {
    const top = (this.r[Word.Esp]! - 4) | 0;
    this.store32(top, value);
    this.r[Word.Esp] = top;
  }

  push16(value: number): void {
    const top = (this.r[Word.Esp]! - 2) | 0;
    this.store16(top, value);
    this.r[Word.Esp] = top;
  }

  /** Reads a port, 1, 2 or 4 bytes; the result is unsigned. */
  readPort(port: number, size: AccessSize): number {
    this.#ask('port', port, size);
    return this.bus.readPort(port, size);
  }

  writePort(port: number, size: AccessSize, value: number): void {
    this.#ask('port', port, size, value);
    this.bus.writePort(port, size, value);
  }

  #ask(space: 'memory' | 'port', address: number, size: AccessSize, write?: number): void {
    const need = this.bus.need(space, address, size, write);
    if (need) this.bus.give(this.take(need));
  }
}

/**
 * The board's address and port decoder (machine.md, "Memory map", "Ports"): finds the device window
 * of an access and hands it on as an offset.
 *
 * Rules for accesses that no window holds whole:
 * - Memory: an access belongs to a window only if all its bytes do. Any other reads all ones and
 *   writes nothing, also where it straddles the edge of a window.
 * - Ports: every device here is eight bits wide, so an access of 2 or 4 bytes is split into bytes
 *   at ascending ports, as on the ISA bus; each byte finds its own window or a hole. The bytes of
 *   one access share one reading.
 * - A hole reads all ones and drops writes. On a strict board a touched hole is a guest fault: a
 *   machine check (#MC, vector 18), after the instruction. An instruction that does not lie in RAM
 *   is one before it, instead of the #UD that it is elsewhere.
 */
import { assert } from '../base/assert.ts';
import type { AccessSize, Bus, Need, Reading } from '../cpu/bus.ts';
import type { Device, Readings } from './devices/device.ts';
import type { PicPair } from './devices/pic.ts';
import type { GuestMemory } from './memory.ts';
import type { OutputQueue } from './outputs.ts';

const MACHINE_CHECK = 18;

/** Where a device sits: `size` bytes or ports from `base` on. */
export interface Window {
  readonly base: number;
  readonly size: number;
  readonly device: Device;
}

/** A guest fault that the board found. */
export type BoardFault = { vector: number; detail: string };

/** The instruction under way: its address, and the count before it. */
export type Place = { readonly eip: number; readonly count: number };

/** The reading for the access under way. */
export class ReadingSlot implements Readings {
  reading: Reading | undefined;

  value(kind: 'timeNs' | 'timeOfDay'): bigint {
    const { reading } = this;
    assert(reading?.kind === kind, () => `a reading ${kind} expected, got ${reading?.kind}`);
    return reading.value;
  }

  entropy(): Uint8Array {
    const { reading } = this;
    assert(
      reading?.kind === 'entropy',
      () => `a reading of entropy expected, got ${reading?.kind}`,
    );
    return reading.bytes;
  }
}

/** All ones in `size` bytes, unsigned. */
function allOnes(size: AccessSize): number {
  return size === 4 ? 0xffff_ffff : size === 2 ? 0xffff : 0xff;
}

/** What lies outside RAM, as the processor sees it: windows, ports, interrupts. */
export class SystemBus implements Bus {
  /** The first touch of a hole on a strict board. */
  fault: BoardFault | null = null;
  readonly #memory: GuestMemory;
  readonly #memoryWindows: readonly Window[];
  readonly #ports: ReadonlyMap<number, { readonly device: Device; readonly offset: number }>;
  readonly #pic: PicPair;
  readonly #outputs: OutputQueue;
  readonly #readings: ReadingSlot;
  readonly #strict: boolean;
  readonly #place: () => Place;

  constructor(parts: {
    memory: GuestMemory;
    memoryWindows: readonly Window[];
    portWindows: readonly Window[];
    pic: PicPair;
    outputs: OutputQueue;
    readings: ReadingSlot;
    strict: boolean;
    /** Where the processor is, for the report of a fault. */
    place: () => Place;
  }) {
    this.#memory = parts.memory;
    this.#memoryWindows = parts.memoryWindows;
    this.#pic = parts.pic;
    this.#outputs = parts.outputs;
    this.#readings = parts.readings;
    this.#strict = parts.strict;
    this.#place = parts.place;
    const ports = new Map<number, { device: Device; offset: number }>();
    for (const { base, size, device } of parts.portWindows)
      for (let offset = 0; offset < size; offset++) ports.set(base + offset, { device, offset });
    this.#ports = ports;
  }

  #window(address: number, size: AccessSize): Window | undefined {
    for (const window of this.#memoryWindows) {
      const offset = address - window.base;
      if (offset >= 0 && offset + size <= window.size) return window;
    }
    return undefined;
  }

  /** `access` is a verb and what it is done to. */
  #hole(access: string, at: number, size: AccessSize): void {
    if (!this.#strict || this.fault) return;
    const bytes = size === 1 ? '1 byte' : `${size} bytes`;
    this.#raise(`${access} 0x${at.toString(16)} (${bytes}), where there is nothing`);
  }

  #raise(what: string): void {
    const { eip, count } = this.#place();
    const detail = `${what}, by the instruction at eip 0x${eip.toString(16)}, count ${count}`;
    this.fault = { vector: MACHINE_CHECK, detail };
  }

  fetchOutside(address: number): void {
    if (!this.#strict || this.fault) return;
    this.#raise(`fetch from address 0x${address.toString(16)}, where there is no RAM`);
  }

  need(
    space: 'memory' | 'port',
    address: number,
    size: AccessSize,
    write?: number,
  ): Need | undefined {
    if (space === 'memory') {
      const window = this.#window(address, size);
      return window?.device.need?.(address - window.base, size, write);
    }
    for (let i = 0; i < size; i++) {
      const port = this.#ports.get((address + i) & 0xffff);
      const byte = write === undefined ? undefined : (write >>> (8 * i)) & 0xff;
      const need = port?.device.need?.(port.offset, 1, byte);
      if (need) return need;
    }
    return undefined;
  }

  give(reading: Reading): void {
    this.#readings.reading = reading;
  }

  readMemory(address: number, size: AccessSize): number {
    const window = this.#window(address, size);
    if (!window) {
      this.#hole('read of address', address, size);
      return allOnes(size);
    }
    const value = window.device.read(address - window.base, size);
    this.#readings.reading = undefined;
    return value;
  }

  writeMemory(address: number, size: AccessSize, value: number): void {
    const window = this.#window(address, size);
    if (!window) {
      this.#hole('write to address', address, size);
      return;
    }
    window.device.write(address - window.base, size, value);
    this.#readings.reading = undefined;
  }

  readPort(port: number, size: AccessSize): number {
    let value = 0;
    for (let i = 0; i < size; i++) {
      const at = (port + i) & 0xffff;
      const target = this.#ports.get(at);
      if (!target) this.#hole('read of port', at, 1);
      value |= (target ? target.device.read(target.offset, 1) : 0xff) << (8 * i);
    }
    this.#readings.reading = undefined;
    return value >>> 0;
  }

  writePort(port: number, size: AccessSize, value: number): void {
    for (let i = 0; i < size; i++) {
      const at = (port + i) & 0xffff;
      const target = this.#ports.get(at);
      if (!target) this.#hole('write to port', at, 1);
      else target.device.write(target.offset, 1, (value >>> (8 * i)) & 0xff);
    }
    this.#readings.reading = undefined;
  }

  interruptRequested(): boolean {
    return this.#pic.requested;
  }

  acknowledgeInterrupt(): number {
    return this.#pic.acknowledge();
  }

  get stopRequested(): boolean {
    return this.#outputs.length > 0 || this.fault !== null;
  }

  firstWrite(page: number): void {
    this.#memory.forget(page);
  }
}

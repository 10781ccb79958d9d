/** A processor with RAM and no board: every port and window reads ones, nothing interrupts. */
import type { Bus, Need, Reading } from '../../src/cpu/bus.ts';
import { Cpu } from '../../src/cpu/cpu.ts';
import { memoryBytes, PAGE_FLAGS_OFFSET, PageFlag, RAM_OFFSET } from '../../src/cpu/layout.ts';

export class BareBus implements Bus {
  stopRequested = false;
  /** Set to be asked for before every access to a port. */
  portNeed: Need | undefined;
  given: Reading[] = [];
  writes: string[] = [];
  /** The vector of an interrupt that is requested, or -1. */
  vector = -1;
  readonly #flags: Uint8Array;

  constructor(flags: Uint8Array) {
    this.#flags = flags;
  }

  need(space: 'memory' | 'port'): Need | undefined {
    return space === 'port' ? this.portNeed : undefined;
  }
  give(reading: Reading): void {
    this.given.push(reading);
  }
  readMemory(_address: number, size: number): number {
    return 2 ** (8 * size) - 1;
  }
  writeMemory(address: number, size: number, value: number): void {
    this.writes.push(`${address.toString(16)}:${size}=${value.toString(16)}`);
  }
  readPort(_port: number, size: number): number {
    return 2 ** (8 * size) - 1;
  }
  writePort(port: number, size: number, value: number): void {
    this.writes.push(`port ${port.toString(16)}:${size}=${value.toString(16)}`);
  }
  fetchOutside(address: number): void {
    this.writes.push(`fetch ${address.toString(16)}`);
  }
  interruptRequested(): boolean {
    return this.vector >= 0;
  }
  acknowledgeInterrupt(): number {
    const { vector } = this;
    this.vector = -1;
    return vector;
  }
  firstWrite(page: number): void {
    this.#flags[page]! &= ~PageFlag.Clean;
  }
}

export interface Bare<B extends BareBus = BareBus> {
  readonly cpu: Cpu;
  readonly bus: B;
  readonly ram: Uint8Array;
}

/** A fresh processor with `ramBytes` of RAM, all pages clean, on a bare bus. */
export function bareCpu(ramBytes: number): Bare {
  return cpuOn(ramBytes, (flags) => new BareBus(flags));
}

/** The same on a bus of the caller's; `makeBus` is given the page flags. */
export function cpuOn<B extends BareBus>(
  ramBytes: number,
  makeBus: (flags: Uint8Array) => B,
): Bare<B> {
  const memory = new WebAssembly.Memory({ initial: memoryBytes(ramBytes) / 65536 });
  const flags = new Uint8Array(memory.buffer, PAGE_FLAGS_OFFSET, 1 << 20);
  flags.fill(PageFlag.Device);
  flags.fill(PageFlag.Clean, 0, ramBytes >>> 12);
  const bus = makeBus(flags);
  return {
    cpu: new Cpu(memory, ramBytes, bus),
    bus,
    ram: new Uint8Array(memory.buffer, RAM_OFFSET, ramBytes),
  };
}

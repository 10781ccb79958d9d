/**
 * A processor about to execute a few lines of assembly, with everything round it that an exception
 * needs: flat and deliberately bad descriptors, an IDT, a stack, and a bus that writes down every
 * access and answers as a test tells it to.
 *
 * Vector v enters HANDLERS + v, which holds a HLT: whatever happens, the processor comes to rest,
 * and the place where it rests says how it got there.
 */
import type { AccessSize, Need } from '../../src/cpu/bus.ts';
import type { Cpu } from '../../src/cpu/cpu.ts';
import { STATE_NAMES } from '../../src/cpu/cpu.ts';
import { Word } from '../../src/cpu/layout.ts';
import type { CpuStop } from '../../src/cpu/types.ts';
import { assembleSource } from '../support/assemble.ts';
import { type Bare, BareBus, cpuOn } from '../support/bare-cpu.ts';

export const RAM_BYTES = 0x200000;
export const GDT = 0x1000;
export const IDT = 0x2000;
/** One HLT for each vector. */
export const HANDLERS = 0x3000;
/** Zeroed memory for operands. */
export const DATA = 0x5000;
export const STACK = 0x80000;
/** Where the code lies. */
export const CODE = 0x100000;
/** Start of a window that every test may treat as a device. */
export const DEVICE = 0xfeb00000;

/** Selectors of the rig's GDT. */
export const Sel = {
  code: 0x08,
  data: 0x10,
  absentData: 0x18,
  absentCode: 0x20,
  smallData: 0x28,
  readOnly: 0x30,
  system: 0x38,
  conforming: 0x40,
  executeOnly: 0x48,
  ring3: 0x50,
  code16: 0x58,
  beyond: 0x60,
} as const;

/** Second doublewords; the first of a flat one is 0x0000ffff. */
const DESCRIPTORS: readonly (readonly [number, number])[] = [
  [0, 0],
  [0xffff, 0xcf9a00],
  [0xffff, 0xcf9200],
  [0xffff, 0xcf1200],
  [0xffff, 0xcf1a00],
  [0x7fff, 0x409200],
  [0xffff, 0xcf9000],
  [0x67, 0x008900],
  [0xffff, 0xcf9e00],
  [0xffff, 0xcf9800],
  [0xffff, 0xcff200],
  [0xffff, 0x8f9a00],
];

/** A bus whose memory window and ports are scripted; all accesses go to `log` in their order. */
export class ScriptedBus extends BareBus {
  readonly log: string[] = [];
  /** What a read gives; all ones by default. */
  answer: ((address: number, size: number) => number) | undefined;
  /** The reading that an access takes. */
  wants:
    | ((space: 'memory' | 'port', address: number, write?: number) => Need | undefined)
    | undefined;
  /** Called after every access. */
  after: ((access: string) => void) | undefined;

  override need(
    space: 'memory' | 'port',
    address = 0,
    _size?: AccessSize,
    write?: number,
  ): Need | undefined {
    return this.wants?.(space, address, write) ?? super.need(space);
  }

  #note(access: string): void {
    this.log.push(access);
    this.after?.(access);
  }

  override readMemory(address: number, size: number): number {
    const value = this.answer?.(address, size) ?? super.readMemory(address, size);
    this.#note(`r${size} ${place(address)}`);
    return value;
  }
  override writeMemory(address: number, size: number, value: number): void {
    this.#note(`w${size} ${place(address)} ${value.toString(16)}`);
  }
  override readPort(port: number, size: number): number {
    const value = this.answer?.(port, size) ?? super.readPort(port, size);
    this.#note(`in${size} ${port.toString(16)}`);
    return value;
  }
  override writePort(port: number, size: number, value: number): void {
    this.#note(`out${size} ${port.toString(16)} ${value.toString(16)}`);
  }
}

function place(address: number): string {
  return address >= DEVICE && address < DEVICE + 0x1000
    ? `dev+${(address - DEVICE).toString(16)}`
    : address.toString(16);
}

export type RegisterName =
  | 'eax'
  | 'ecx'
  | 'edx'
  | 'ebx'
  | 'esp'
  | 'ebp'
  | 'esi'
  | 'edi'
  | 'eip'
  | 'eflags';
/** Any of the names of {@link STATE_NAMES}, as unsigned numbers. */
export type Registers = Readonly<Record<string, number>>;

const GENERAL = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'];

/** `source` as it lies at CODE. */
export function assemble(source: string): Uint8Array {
  return assembleSource(
    `bits 32\norg ${CODE}\n%define DATA ${DATA}\n%define DEVICE ${DEVICE}\n${source}`,
  );
}

export class Rig {
  readonly cpu: Cpu;
  readonly bus: ScriptedBus;
  readonly ram: Uint8Array;
  readonly view: DataView;
  readonly code: Uint8Array;

  constructor(source: string, before: Partial<Record<RegisterName, number>> = {}) {
    const bare: Bare<ScriptedBus> = cpuOn(RAM_BYTES, (flags) => new ScriptedBus(flags));
    this.cpu = bare.cpu;
    this.bus = bare.bus;
    this.ram = bare.ram;
    this.view = new DataView(bare.ram.buffer, bare.ram.byteOffset, bare.ram.length);
    this.code = assemble(source);
    this.ram.set(this.code, CODE);
    this.ram.fill(0xf4, HANDLERS, HANDLERS + 256);
    DESCRIPTORS.forEach(([low, high], n) => {
      this.view.setUint32(GDT + 8 * n, low, true);
      this.view.setUint32(GDT + 8 * n + 4, high, true);
    });
    for (let v = 0; v < 256; v++) this.gate(v, 0x8e00, HANDLERS + v);
    this.begin(before);
  }

  /** Puts the processor at the beginning again, with `before` in its registers; RAM stays. */
  begin(before: Partial<Record<RegisterName, number>>): void {
    const { r } = this.cpu.core;
    this.cpu.reset(CODE, 0);
    r[Word.Esp] = STACK;
    r[Word.GdtBase] = GDT;
    r[Word.GdtLimit] = 8 * DESCRIPTORS.length - 1;
    r[Word.IdtBase] = IDT;
    r[Word.IdtLimit] = 0x7ff;
    this.set(before);
  }

  /** Sets registers. */
  set(registers: Partial<Record<RegisterName, number>>): void {
    const { core } = this.cpu;
    for (const [name, value] of Object.entries(registers)) {
      if (name === 'eflags') core.eflags = value;
      else if (name === 'eip') core.r[Word.Eip] = value;
      else core.r[GENERAL.indexOf(name)] = value;
    }
  }

  /** Writes the gate of `vector`; `type` are bits 15 … 0 of its second doubleword. */
  gate(vector: number, type: number, offset: number, selector: number = Sel.code): void {
    this.view.setUint32(IDT + 8 * vector, (selector << 16) | (offset & 0xffff), true);
    this.view.setUint32(IDT + 8 * vector + 4, (offset & 0xffff0000) | type, true);
  }

  /** Runs until `count`; by default to where it comes to rest. */
  run(until = 1_000_000): CpuStop {
    return this.cpu.run(until);
  }

  /** The vector of the handler in which the processor rests, or -1. */
  get vector(): number {
    const at = this.registers.eip! - HANDLERS - 1;
    return this.registers.halted && at >= 0 && at < 256 ? at : -1;
  }

  /** All of the architectural state by name. */
  get registers(): Registers {
    const state = this.cpu.state();
    const view = new DataView(state.buffer, state.byteOffset, state.length);
    return Object.fromEntries(
      STATE_NAMES.map((name, n) => [name, view.getUint32(8 + 4 * n, true)]),
    );
  }

  get count(): number {
    return this.cpu.count;
  }

  /** The `n`-th doubleword from the top of the stack. */
  stacked(n: number): number {
    return this.view.getUint32(this.registers.esp! + 4 * n, true);
  }

  u32(address: number): number {
    return this.view.getUint32(address, true);
  }
}

/** Executes `source` until the processor rests. */
export function execute(source: string, before: Partial<Record<RegisterName, number>> = {}): Rig {
  const rig = new Rig(source, before);
  rig.run();
  return rig;
}

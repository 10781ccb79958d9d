/**
 * A test double of the machine for tests of recording, replay and replication: a random walk over a
 * few pages of memory whose seed is its program. It keeps the contract of `Machine` to the letter
 * (counting, needs before the instruction, delivery at the start of a run, inputs that touch device
 * state and memory only), and what it does next depends on everything it has been given, so that a
 * lost, late or altered input shows.
 *
 * Each instruction hashes the walk's state `x` and picks an operation by the program's rates. Every
 * input raises an interrupt, whose delivery costs one count and stirs `x`.
 */
import { assert } from '../../src/base/assert.ts';
import { ByteWriter } from '../../src/base/bytes.ts';
import { type Digest, type Hasher, toHex } from '../../src/base/digest.ts';
import type { Need, Reading } from '../../src/cpu/bus.ts';
import type { Input, InputKind } from '../../src/machine/input.ts';
import type { DiskRequest, Output } from '../../src/machine/output.ts';
import { type Plain, writePlain } from '../../src/machine/plain.ts';
import type { Machine, Page, Snapshot, Stop, Timer } from '../../src/machine/types.ts';

const PAGE_BYTES = 4096;
const PAGES = 4;
/** Packets that the receive ring holds, each in a quarter of page 1. */
export const TOY_RING = 4;
/** Bytes that the console's FIFO holds. */
export const TOY_FIFO = 16;
/** Disk requests in flight at once. */
const DISK_DEPTH = 4;

/** What an instruction may be besides walking; a rate is a number of instructions in 1024. */
export type ToyOp =
  | 'store'
  | 'load'
  | 'tsc'
  | 'timeNs'
  | 'timeOfDay'
  | 'entropy'
  | 'frame'
  | 'console'
  | 'disk'
  | 'receive'
  | 'getc'
  | 'timer'
  | 'toggle'
  | 'halt'
  | 'exit';

export interface ToyProgram {
  readonly seed: number;
  /** Overrides of {@link TOY_RATES}. */
  readonly rates?: Partial<Record<ToyOp, number>>;
  /** The instruction with this count exits with status 7, whatever it would have been. */
  readonly exitAt?: number;
  /** The instruction with this count is a guest fault, which lets a last console byte go. */
  readonly faultAt?: number;
}

/** The default program: every kind of operation but exit. */
export const TOY_RATES: Readonly<Record<ToyOp, number>> = {
  store: 150,
  load: 150,
  tsc: 8,
  timeNs: 4,
  timeOfDay: 2,
  entropy: 4,
  frame: 4,
  console: 6,
  disk: 4,
  receive: 16,
  getc: 8,
  timer: 8,
  toggle: 4,
  halt: 6,
  exit: 0,
};

const OPS = Object.keys(TOY_RATES) as ToyOp[];
const IRQ = { tick: 1, packet: 2, console: 4, disk: 8 } as const;

const FAULT: Stop = { why: 'fault', vector: 6, detail: 'the toy program says so' };

/** Everything of the machine but its pages; plain data, copied as a whole by a snapshot. */
interface ToyState {
  count: number;
  x: number;
  enabled: boolean;
  halted: boolean;
  irq: number;
  reading: Reading | null;
  exited: number | null;
  faulted: boolean;
  timer: { deadlineNs: number; periodNs: number } | null;
  ring: number[];
  fifo: number[];
  consoleSent: number;
  lastDisk: number;
  pending: DiskRequest[];
}

function mix(x: number, value: number): number {
  let z = Math.imul(x ^ value, 0x9e3779b1) + 0x7f4a7c15;
  z = Math.imul(z ^ (z >>> 15), 0x85ebca77);
  return (z ^ (z >>> 13)) >>> 0;
}

const mix64 = (x: number, value: bigint): number =>
  mix(mix(x, Number(value & 0xffff_ffffn)), Number(value >> 32n));

export class ToyMachine implements Machine {
  readonly #program: ToyProgram;
  readonly #hasher: Hasher;
  readonly #limits: readonly (readonly [ToyOp, number])[];
  #state: ToyState;
  #pages: Uint8Array[] = [];
  #captured: (Page | undefined)[] = [];
  #dirty: boolean[] = [];
  #outputs: Output[] = [];

  constructor(program: ToyProgram, hasher: Hasher) {
    this.#program = program;
    this.#hasher = hasher;
    const limits: [ToyOp, number][] = [];
    let limit = 0;
    for (const op of OPS) {
      limit += program.rates?.[op] ?? TOY_RATES[op];
      limits.push([op, limit]);
    }
    this.#limits = limits;
    this.#state = {
      count: 0,
      x: mix(0, program.seed),
      enabled: true,
      halted: false,
      irq: 0,
      reading: null,
      exited: null,
      faulted: false,
      timer: null,
      ring: [],
      fifo: [],
      consoleSent: 0,
      lastDisk: 0,
      pending: [],
    };
    for (let page = 0; page < PAGES; page++) {
      this.#pages.push(new Uint8Array(PAGE_BYTES));
      this.#captured.push(undefined);
      this.#dirty.push(false);
    }
  }

  get count(): number {
    return this.#state.count;
  }

  run(until: number): Stop {
    const s = this.#state;
    if (s.exited !== null) return { why: 'exit', status: s.exited };
    if (s.faulted) return FAULT;
    while (s.count < until) {
      if (s.irq && s.enabled) {
        this.#deliver();
        continue;
      }
      if (s.halted) return { why: 'halted' };
      if (s.count + 1 === this.#program.faultAt) {
        s.faulted = true;
        this.#emit('console', s.x);
        return FAULT;
      }
      const op = this.#next();
      const need = this.#need(op);
      if (need && s.reading?.kind !== need.kind) return { why: 'needs-input', need };
      this.#execute(op);
      s.count++;
      if (s.exited !== null) return { why: 'exit', status: s.exited };
      if (this.#outputs.length > 0) return { why: 'output' };
    }
    return { why: 'budget' };
  }

  /** Delivery of the lowest pending interrupt: one count. */
  #deliver(): void {
    const s = this.#state;
    const line = s.irq & -s.irq;
    s.irq &= ~line;
    s.halted = false;
    s.x = mix(s.x, 0x1000 + line);
    s.count++;
  }

  #next(): ToyOp | 'walk' {
    const s = this.#state;
    if (s.count + 1 === this.#program.exitAt) return 'exit';
    const draw = mix(s.x, 0x5eed) & 1023;
    for (const [op, limit] of this.#limits) if (draw < limit) return op;
    return 'walk';
  }

  #need(op: ToyOp | 'walk'): Need | undefined {
    if (op === 'tsc' || op === 'timeNs' || op === 'timeOfDay') return { kind: op };
    if (op === 'timer' && !this.#state.timer) return { kind: 'timeNs' };
    if (op === 'entropy') return { kind: 'entropy', size: 1 + (this.#state.x & 15) };
    return undefined;
  }

  #execute(op: ToyOp | 'walk'): void {
    const s = this.#state;
    const x = s.x;
    s.x = mix(x, s.count & 0xff);
    switch (op) {
      case 'store':
        this.#store(x % (PAGES * PAGE_BYTES), x >>> 24);
        break;
      case 'load':
        s.x = mix(s.x, this.#load(x % (PAGES * PAGE_BYTES)));
        break;
      case 'tsc':
      case 'timeNs':
      case 'timeOfDay':
      case 'entropy':
        this.#takeReading();
        break;
      case 'timer':
        this.#switchTimer(x);
        break;
      case 'frame':
      case 'console':
      case 'disk':
        this.#emit(op, x);
        break;
      case 'receive':
        s.x = mix(s.x, s.ring.shift() ?? 0x100);
        break;
      case 'getc':
        s.x = mix(s.x, s.fifo.shift() ?? 0x200);
        break;
      case 'toggle':
        s.enabled = !s.enabled;
        break;
      case 'halt':
        s.enabled = true;
        s.halted = true;
        break;
      case 'exit':
        s.exited = 7;
        this.#outputs.push({ kind: 'exit', status: 7 });
        break;
      case 'walk':
        break;
    }
  }

  #takeReading(): Reading {
    const s = this.#state;
    const reading = s.reading;
    assert(reading, 'a reading was expected, none was given');
    s.reading = null;
    if (reading.kind === 'entropy') for (const byte of reading.bytes) s.x = mix(s.x, byte);
    else s.x = mix64(s.x, reading.value);
    return reading;
  }

  #switchTimer(x: number): void {
    const s = this.#state;
    if (s.timer) {
      s.timer = null;
      return;
    }
    const reading = this.#takeReading();
    assert(reading.kind === 'timeNs', `timeNs expected, got ${reading.kind}`);
    const periodNs = 1000 + (x & 0xffff);
    s.timer = { periodNs, deadlineNs: Number(reading.value) + periodNs };
  }

  #emit(op: 'frame' | 'console' | 'disk', x: number): void {
    const s = this.#state;
    if (op === 'frame') {
      this.#outputs.push({ kind: 'frame', bytes: this.#copy(x, 14 + (x >>> 26)) });
    } else if (op === 'console') {
      const bytes = this.#copy(x, 1 + (x >>> 29));
      this.#outputs.push({ kind: 'console', offset: s.consoleSent, bytes });
      s.consoleSent += bytes.length;
    } else if (s.pending.length < DISK_DEPTH) {
      const id = ++s.lastDisk;
      const sector = x & 7;
      const request: DiskRequest =
        x & 0x100
          ? { id, disk: 0, op: 'read', sector, sectors: 1 }
          : x & 0x600
            ? { id, disk: 0, op: 'write', sector, sectors: 1, data: this.#copy(x, 512) }
            : { id, disk: 0, op: 'flush', sector: 0, sectors: 0 };
      s.pending.push(request);
      this.#outputs.push({ kind: 'disk', request });
    }
  }

  #store(address: number, value: number): void {
    this.#pages[address >> 12]![address & 0xfff] = value;
    this.#dirty[address >> 12] = true;
  }

  #load(address: number): number {
    return this.#pages[address >> 12]![address & 0xfff]!;
  }

  #copy(x: number, size: number): Uint8Array {
    const bytes = new Uint8Array(size);
    for (let i = 0; i < size; i++) bytes[i] = this.#load((x + i) % (PAGES * PAGE_BYTES));
    bytes[0] = x & 0xff;
    return bytes;
  }

  #write(address: number, bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) this.#store(address + i, bytes[i]!);
  }

  apply(input: Input): void {
    const s = this.#state;
    assert(this.accepts(input.kind), `the toy cannot take ${input.kind} at count ${s.count}`);
    switch (input.kind) {
      case 'tick':
        s.irq |= IRQ.tick;
        if (s.timer) s.timer = { ...s.timer, deadlineNs: s.timer.deadlineNs + s.timer.periodNs };
        break;
      case 'packet': {
        const bytes = input.bytes.subarray(0, 1024);
        this.#write(PAGE_BYTES + 1024 * s.ring.length, bytes);
        s.ring.push(bytes.reduce(mix, input.bytes.length));
        s.irq |= IRQ.packet;
        break;
      }
      case 'console':
        s.fifo.push(...input.bytes);
        s.irq |= IRQ.console;
        break;
      case 'disk': {
        const at = s.pending.findIndex((request) => request.id === input.id);
        assert(at >= 0, `disk request ${input.id} is not pending at count ${s.count}`);
        s.pending.splice(at, 1);
        if (input.data) this.#write(2 * PAGE_BYTES + 512 * (input.id & 7), input.data);
        s.x = mix(s.x, input.ok ? 1 : 2);
        s.irq |= IRQ.disk;
        break;
      }
      default:
        s.reading = input;
    }
  }

  accepts(kind: InputKind): boolean {
    const s = this.#state;
    if (kind === 'packet') return s.ring.length < TOY_RING;
    if (kind === 'console') return s.fifo.length === 0;
    return true;
  }

  takeOutputs(): Output[] {
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }

  timers(): readonly Timer[] {
    const timer = this.#state.timer;
    return timer ? [{ timer: 0, deadlineNs: timer.deadlineNs }] : [];
  }

  pendingIo(): readonly DiskRequest[] {
    return [...this.#state.pending];
  }

  snapshot(): Snapshot {
    for (let page = 0; page < PAGES; page++) {
      if (!this.#dirty[page]) continue;
      this.#dirty[page] = false;
      const bytes = this.#pages[page]!.slice();
      this.#captured[page] = bytes.some((byte) => byte !== 0) ? { bytes } : undefined;
    }
    const { count, x, ...devices } = structuredClone(this.#state);
    const cpu = new Uint8Array(4);
    new DataView(cpu.buffer).setUint32(0, x, true);
    return { count, cpu, devices, pages: [...this.#captured] };
  }

  restore(snapshot: Snapshot): void {
    const { count, cpu, devices } = snapshot;
    const x = new DataView(cpu.buffer, cpu.byteOffset).getUint32(0, true);
    this.#state = { count, x, ...(structuredClone(devices) as Omit<ToyState, 'count' | 'x'>) };
    this.#captured = [...snapshot.pages];
    for (let page = 0; page < PAGES; page++) {
      this.#pages[page] = snapshot.pages[page]?.bytes.slice() ?? new Uint8Array(PAGE_BYTES);
      this.#dirty[page] = false;
    }
    this.#outputs = [];
  }

  digest(): Digest {
    const writer = new ByteWriter((PAGES + 1) * PAGE_BYTES);
    for (const page of this.#pages) writer.raw(page);
    writePlain(writer, this.#state as unknown as Plain);
    return toHex(this.#hasher.hash(writer.take()));
  }
}

/**
 * Random guests made from the instruction table: a body of instructions of random rows, and of
 * pieces that such instructions would rarely make up by chance (a device is told something, code is
 * overwritten, a repeated instruction gets a sensible count), inside the frame of random-frame.ts.
 * Most memory operands lie in RAM near to each other; some in devices, in the code, at the end of
 * RAM. Everything follows from a list of small numbers, which fast-check can shorten.
 */
import fc from 'fast-check';
import { Prng } from '../../src/base/prng.ts';
import { decode } from '../../src/isa/decoder.ts';
import type { Row } from '../../src/isa/instruction.ts';
import { TABLE } from '../../src/isa/table.ts';
import type { MachineConfig } from '../../src/machine/types.ts';
import {
  AVAILABLE,
  ENTRIES,
  frameImage,
  Place,
  QUEUE_BYTES,
  QUEUE_OF,
  QUEUE_SIZE,
  QUEUES,
  SLOT,
} from './random-frame.ts';

/** One piece: a number that says of which kind it is, and the seed of everything else about it. */
export interface PieceSeed {
  readonly kind: number;
  readonly seed: number;
}

export interface RandomProgram {
  readonly pieces: readonly PieceSeed[];
  /** Of buffers and of the places to go on after a fault. */
  readonly seed: number;
}

/** The machine on which random guests run. */
export const RANDOM_CONFIG: MachineConfig = {
  ramBytes: Place.ram,
  commandLine: '',
  slots: [
    { kind: 'net', mac: '52:54:00:12:34:56' },
    { kind: 'block', sectors: 64 },
    { kind: 'entropy' },
  ],
  strict: false,
  loadAddress: Place.frame,
  entry: Place.frame,
};

/** Would leave nothing to handle faults with; `hlt` has a piece of its own. */
const LEFT_OUT = new Set(['lidt', 'lgdt', 'hlt', 'lmsw']);
const ROWS = TABLE.filter((row) => !LEFT_OUT.has(row.mnemonic));

const EDGES = [0, 1, -1, 2, 7, 8, 31, 32, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff];
const WIDE_EDGES = [0x7fffffff, -0x80000000, 0x10000, 0x202, 0x10, 0x08];

function value(prng: Prng): number {
  if (prng.chance(0.4)) return EDGES[prng.below(EDGES.length)]!;
  if (prng.chance(0.2)) return WIDE_EDGES[prng.below(WIDE_EDGES.length)]!;
  return prng.chance(0.5) ? prng.below(256) : prng.next() | 0;
}

const DEVICE_REGISTERS = [0x00, 0x04, 0x10, 0x30, 0x44, 0x50, 0x60, 0x64, 0x70, 0xfc, 0x100];

/** Somewhere in the body, often where it crosses from one page to the next. */
function codeAddress(prng: Prng): number {
  if (prng.chance(0.3)) return Math.ceil(Place.body / 0x1000) * 0x1000 - 4 + prng.below(8);
  return Place.body + prng.below(0x300);
}

/** Somewhere that an operand may lie. */
function address(prng: Prng): number {
  const choice = prng.below(100);
  if (choice < 50) return Place.data + prng.below(96);
  if (choice < 62) return Place.data + 0xff0 + prng.below(32);
  if (choice < 70) return Place.stack - prng.below(64);
  if (choice < 78) return codeAddress(prng);
  if (choice < 84) {
    const register = DEVICE_REGISTERS[prng.below(DEVICE_REGISTERS.length)]!;
    return SLOT + 0x200 * prng.below(4) + register;
  }
  if (choice < 89) return Place.ram - 1 - prng.below(8);
  if (choice < 92) return Place.rings + prng.below(QUEUES * QUEUE_BYTES);
  if (choice < 94) return -1 - prng.below(8);
  return Place.data + prng.below(Place.ram - Place.data);
}

const u32 = (n: number): number[] => [n & 0xff, (n >>> 8) & 0xff, (n >>> 16) & 0xff, n >>> 24];
const u16 = (n: number): number[] => u32(n).slice(0, 2);

function movImmediate(reg: number, n: number): number[] {
  return [0xb8 + reg, ...u32(n)];
}

/** ModRM, SIB and displacement of a memory operand; `setup` makes its registers point somewhere. */
function memory(prng: Prng, reg: number, narrow: boolean): { setup: number[]; operand: number[] } {
  const field = reg << 3;
  const at = address(prng);
  const points = prng.chance(0.7);
  if (narrow) {
    const rm = prng.below(8);
    return prng.chance(0.5)
      ? { setup: [], operand: [field | 6, ...u16(Place.stack - prng.below(64))] }
      : { setup: [], operand: [0x40 | field | rm, prng.below(256)] };
  }
  const kind = prng.below(10);
  if (kind < 4) return { setup: [], operand: [field | 5, ...u32(at)] };
  const base = prng.below(8);
  if (kind < 8 && base !== 4) {
    const disp = (prng.below(64) << 24) >> 24;
    const setup = points ? movImmediate(base, at - disp) : [];
    return { setup, operand: [0x40 | field | base, disp & 0xff] };
  }
  const index = prng.below(8);
  const scale = prng.below(4);
  const setup = points && base !== 4 ? movImmediate(base, at) : [];
  if (points && index !== 4 && index !== base) setup.push(...movImmediate(index, prng.below(16)));
  const operand = [0x80 | field | 4, (scale << 6) | (index << 3) | base, ...u32(prng.below(32))];
  return { setup, operand };
}

/** What makes a row's implicit operands sensible: counts, string pointers, divisors, the stack. */
function preparation(prng: Prng, row: Row): number[] {
  const out: number[] = [];
  const count = prng.chance(0.8) ? prng.below(12) : prng.below(400);
  if (row.repeatable !== 'none') out.push(...movImmediate(1, count));
  if (row.repeatable !== 'none' && prng.chance(0.9)) {
    out.push(...movImmediate(6, address(prng)), ...movImmediate(7, address(prng)));
  }
  if (row.mnemonic.startsWith('loop') && prng.chance(0.8)) out.push(...movImmediate(1, count & 7));
  if (row.mnemonic.endsWith('div') && prng.chance(0.7)) out.push(0x31, 0xd2);
  if (/^(in|out|ins|outs)$/.test(row.mnemonic)) out.push(...movImmediate(2, port(prng)));
  return out;
}

const PORTS = [0x20, 0x21, 0xa0, 0xa1, 0x40, 0x43, 0x70, 0x71, 0x3f8, 0x3f9, 0x3fa, 0x3fd, 0x80];

function port(prng: Prng): number {
  return PORTS[prng.below(PORTS.length)]!;
}

function immediates(prng: Prng, row: Row, wide: boolean): number[] {
  const out: number[] = [];
  for (const code of row.operands) {
    if (code === 'Jb') out.push(prng.chance(0.85) ? prng.below(40) : 256 - prng.below(30));
    else if (code === 'Jz' && wide)
      out.push(...u32(prng.below(200) - (prng.chance(0.2) ? 150 : 0)));
    else if (code === 'Ap')
      out.push(...u32(Place.body + prng.below(0x300)).slice(0, wide ? 4 : 2), 8, 0);
    else if (code[0] === 'O') out.push(...u32(address(prng)));
    else if (code === 'Iw') out.push(...u16(4 * prng.below(8)));
    else if (code === 'Ib' && /^(in|out)$/.test(row.mnemonic)) out.push(port(prng) & 0x7f);
    else if (code[0] === 'I' || code[0] === 'J') out.push(...u32(value(prng)));
  }
  return out;
}

/** Bytes of one instruction of `row`, and what goes before it; checked with the decoder. */
function instruction(prng: Prng, row: Row): number[] {
  const bytes: number[] = [];
  const narrow = prng.chance(0.04);
  const short = prng.chance(0.15);
  if (row.mandatory) bytes.push(row.mandatory);
  if (short) bytes.push(0x66);
  if (narrow) bytes.push(0x67);
  if (prng.chance(0.03)) bytes.push([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65][prng.below(6)]!);
  if (row.repeatable !== 'none' && prng.chance(0.7)) bytes.push(0xf2 + prng.below(2));
  const inMemory = row.mod === 'mem' || (row.mod === 'any' && prng.chance(0.5));
  if (row.lockable && inMemory && prng.chance(0.1)) bytes.push(0xf0);
  if (row.opcode > 0xff) bytes.push(0x0f);
  const plus = row.operands.some((code) => code[0] === 'Z') ? prng.below(8) : 0;
  bytes.push((row.opcode & 0xff) + plus);
  const setup: number[] = [];
  if (
    row.digit >= 0 ||
    row.operands.some(
      (code) => 'EGRMSC'.includes(code[0]!) && code.length > 1 && !/^[CDEFGS]S$|^CL$/.test(code),
    )
  ) {
    const reg = row.digit >= 0 ? row.digit : prng.below(8);
    if (inMemory) {
      const made = memory(prng, reg, narrow);
      setup.push(...made.setup);
      bytes.push(...made.operand);
    } else {
      bytes.push(0xc0 | (reg << 3) | (row.rm >= 0 ? row.rm : prng.below(8)));
    }
  }
  bytes.push(...immediates(prng, row, !short), ...u32(value(prng)), ...u32(value(prng)));
  const decoded = decode(Uint8Array.from(bytes), 0, bytes.length, Place.body);
  if (decoded.row !== row) return [];
  return [...preparation(prng, row), ...setup, ...bytes.slice(0, decoded.length)];
}

/** Tells the device of queue `n` about one more buffer. */
function kick(n: number): number[] {
  const [slot, queue] = QUEUE_OF[n]!;
  const index = Place.rings + n * QUEUE_BYTES + AVAILABLE + 2;
  const notify = SLOT + 0x200 * slot + 0x50;
  return [0x66, 0xff, 0x05, ...u32(index), 0xc7, 0x05, ...u32(notify), ...u32(queue)];
}

/** Goes back some way every other time that it comes here: `xor byte [flag], 1`, `jnz`. */
function back(prng: Prng): number[] {
  const flag = Place.data + 0x800 + prng.below(16);
  return [0x80, 0x35, ...u32(flag), 1, 0x0f, 0x85, ...u32(-prng.below(400))];
}

/** Pieces of other kinds, by the number of times in a hundred that they come. */
const SPECIAL: readonly (readonly [number, (prng: Prng) => number[]])[] = [
  [4, (prng) => [0xba, ...u32(port(prng)), 0xb0, value(prng) & 0xff, 0xec + 2 * prng.below(2)]],
  [4, (prng) => kick(prng.below(QUEUES))],
  [2, (prng) => [0xba, ...u32(0x3f8), 0xb0, prng.chance(0.3) ? 10 : prng.below(256), 0xee]],
  [3, (prng) => movImmediate(4, Place.stack - 4 * prng.below(40))],
  [2, (prng) => [0x68, ...u32(prng.below(0x1000) & ~0x4000), 0x9d]],
  [1, () => [0xfb, 0xf4]],
  [2, (prng) => [0xcd, prng.chance(0.5) ? 0x30 + prng.below(16) : prng.below(48)]],
  [3, (prng) => [0xc6, 0x05, ...u32(codeAddress(prng)), prng.below(256)]],
  [2, (prng) => [0xeb, prng.below(12)]],
  [3, back],
  [3, (prng) => movImmediate(prng.below(8), value(prng))],
  [1, () => [0x0f, 0x31]],
  [1, (prng) => [0x0f, 0xc7, 0xf0 + prng.below(8)]],
  [1, (prng) => [0xe8, ...u32(prng.below(60)), 0xc3]],
  [1, () => [0x66, 0xb8, 0x10, 0x00, 0x8e, 0xd0]],
];

function piece({ kind, seed }: PieceSeed): number[] {
  const prng = new Prng(seed);
  let left = kind % 100;
  for (const [weight, make] of SPECIAL) {
    if (left < weight) return make(prng);
    left -= weight;
  }
  return instruction(prng, ROWS[prng.below(ROWS.length)]!);
}

function writeQueue(prng: Prng, view: DataView, n: number): void {
  const rings = Place.rings - Place.frame + n * QUEUE_BYTES;
  const descriptor = (i: number, at: number, length: number, flags: number, next = 0): void => {
    view.setUint32(rings + 16 * i, at, true);
    view.setUint32(rings + 16 * i + 8, length, true);
    view.setUint16(rings + 16 * i + 12, flags, true);
    view.setUint16(rings + 16 * i + 14, next, true);
  };
  const buffer = (): number =>
    prng.chance(0.4) ? codeAddress(prng) : Place.data + prng.below(0x2000);
  for (let i = 0; i < QUEUE_SIZE; i++) {
    view.setUint16(rings + AVAILABLE + 4 + 2 * i, n === 2 ? (3 * i) % 9 : i, true);
    if (n === 0) descriptor(i, buffer(), 40 + prng.below(100), 2);
    if (n === 1) descriptor(i, Place.data + prng.below(0x1000), 26 + prng.below(80), 0);
    if (n === 3) descriptor(i, buffer(), 1 + prng.below(40), 2);
  }
  if (n === 0) view.setUint16(rings + AVAILABLE + 2, QUEUE_SIZE, true);
  if (n !== 2) return;
  // A read, a write and a flush, with their headers behind the rings.
  const header = Place.rings + QUEUES * QUEUE_BYTES;
  [0, 1, 4].forEach((type, i) => {
    view.setUint32(header - Place.frame + 16 * i, type, true);
    view.setUint32(header - Place.frame + 16 * i + 8, prng.below(60), true);
    descriptor(3 * i, header + 16 * i, 16, 1, 3 * i + 1);
    const last = i === 2;
    if (!last) descriptor(3 * i + 1, buffer(), 512, i === 0 ? 3 : 1, 3 * i + 2);
    const status = header + 0x80 + i;
    if (3 * i + 2 < QUEUE_SIZE && !last) descriptor(3 * i + 2, status, 1, 2);
    if (last) descriptor(3 * i + 1, status, 1, 2);
  });
}

/** The flat binary of a program. */
export function imageOf({ pieces, seed }: RandomProgram): Uint8Array {
  const image = frameImage();
  const view = new DataView(image.buffer);
  const prng = new Prng(seed);
  for (let n = 0; n < QUEUES; n++) writeQueue(prng, view, n);
  const starts: number[] = [];
  let at = Place.body;
  const room = Place.bodyEnd - 8;
  for (const one of pieces) {
    const bytes = piece(one);
    if (at + bytes.length > room) break;
    starts.push(at);
    image.set(bytes, at - Place.frame);
    at += bytes.length;
  }
  image.set([0xe9, ...u32(Place.body - (at + 5))], at - Place.frame);
  for (let n = 0; n < ENTRIES; n++) {
    const to = starts.length > 0 ? starts[prng.below(starts.length)]! : Place.body;
    view.setUint32(Place.entries - Place.frame + 4 * n, to, true);
  }
  return image;
}

/** Programs of a few dozen to a few hundred instructions. */
export const randomProgram: fc.Arbitrary<RandomProgram> = fc.record({
  pieces: fc.array(fc.record({ kind: fc.nat(99), seed: fc.integer() }), {
    minLength: 1,
    maxLength: 150,
    size: 'max',
  }),
  seed: fc.integer(),
});

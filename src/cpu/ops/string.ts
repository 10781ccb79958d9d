/**
 * String instructions: movs cmps stos lods scas, with rep, repe and repne; ins and outs are in
 * port.ts.
 *
 * One iteration is one crossing of an instruction boundary (contracts.md 1): a repeated instruction
 * may stop between two of them, with esi, edi and ecx saying how far it has come. A helper does as
 * many iterations as the budget allows; long moves and fills of plain RAM are done in bulk.
 */
import { PAGE_BYTES } from '../../base/limits.ts';
import type { Instruction } from '../../isa/instruction.ts';
import type { Core } from '../core.ts';
import type { Emitter, Lowering, Rules } from '../emitter.ts';
import { Eflags } from '../flags.ts';
import { Word } from '../layout.ts';
import { alu } from './alu.ts';

const ESI = Word.Esi;
const EDI = Word.Edi;
const ECX = Word.Ecx;

/** What a helper needs to know of its instruction, packed into one number. */
export const enum Which {
  /** Operand size as a shift: 0, 1, 2. */
  SizeMask = 3,
  /** 16-bit addresses: si, di and cx. */
  Narrow = 4,
  /** repne. */
  NotEqual = 8,
}

/** The form of a string instruction, as bits of {@link Which}. */
export function whichOf(i: Instruction): number {
  const size = i.row.opcode & 1 ? (i.operandSize === 4 ? 2 : 1) : 0;
  return size | (i.addressSize === 2 ? Which.Narrow : 0) | (i.repeat === 0xf2 ? Which.NotEqual : 0);
}

/** One iteration; for cmps and scas it sets the flags. */
type Iteration = (core: Core, which: number) => void;

function delta(core: Core, which: number): number {
  const size = 1 << (which & Which.SizeMask);
  return core.r[Word.SystemFlags]! & Eflags.DF ? -size : size;
}

/** The register as an address. */
export function pointer(core: Core, reg: number, which: number): number {
  return which & Which.Narrow ? core.r16[2 * reg]! : core.r[reg]!;
}

/** Moves a pointer register on by one element. */
export function advance(core: Core, reg: number, which: number): void {
  const by = delta(core, which);
  if (which & Which.Narrow) core.r16[2 * reg] = core.r16[2 * reg]! + by;
  else core.r[reg] = core.r[reg]! + by;
}

/** ecx or cx, unsigned. */
export function repeatCount(core: Core, which: number): number {
  return which & Which.Narrow ? core.r16[2 * ECX]! : core.r[ECX]! >>> 0;
}

/** Sets ecx or cx. */
export function setRepeatCount(core: Core, which: number, value: number): void {
  if (which & Which.Narrow) core.r16[2 * ECX] = value;
  else core.r[ECX] = value;
}

function loadElement(core: Core, which: number, address: number): number {
  const size = which & Which.SizeMask;
  return size === 0
    ? core.load8(address)
    : size === 1
      ? core.load16(address)
      : core.load32(address);
}

function storeElement(core: Core, which: number, address: number, value: number): void {
  const size = which & Which.SizeMask;
  if (size === 0) core.store8(address, value);
  else if (size === 1) core.store16(address, value);
  else core.store32(address, value);
}

function accumulator(core: Core, which: number): number {
  const size = which & Which.SizeMask;
  return size === 0 ? core.r8[0]! : size === 1 ? core.r16[0]! : core.r[0]!;
}

const movs: Iteration = (core, which) => {
  const value = loadElement(core, which, pointer(core, ESI, which));
  storeElement(core, which, pointer(core, EDI, which), value);
  advance(core, ESI, which);
  advance(core, EDI, which);
};

const stos: Iteration = (core, which) => {
  storeElement(core, which, pointer(core, EDI, which), accumulator(core, which));
  advance(core, EDI, which);
};

const lods: Iteration = (core, which) => {
  const value = loadElement(core, which, pointer(core, ESI, which));
  const size = which & Which.SizeMask;
  if (size === 0) core.r8[0] = value;
  else if (size === 1) core.r16[0] = value;
  else core.r[0] = value;
  advance(core, ESI, which);
};

const scas: Iteration = (core, which) => {
  const value = loadElement(core, which, pointer(core, EDI, which));
  compare(core, which, accumulator(core, which), value);
  advance(core, EDI, which);
};

const cmps: Iteration = (core, which) => {
  const left = loadElement(core, which, pointer(core, ESI, which));
  const right = loadElement(core, which, pointer(core, EDI, which));
  compare(core, which, left, right);
  advance(core, ESI, which);
  advance(core, EDI, which);
};

function compare(core: Core, which: number, a: number, b: number): void {
  const size = which & Which.SizeMask;
  if (size < 2) {
    alu(core, 7, size === 0 ? 1 : 2, a, b);
    return;
  }
  const d = (a - b) | 0;
  core.r[Word.FlagResult] = d;
  core.r[Word.FlagCarry] = ((~a & b) | ((~a ^ b) & d)) & 0xc0000008;
}

/**
 * Iterations that may be done at once on plain RAM: forward, both ranges inside one page of RAM
 * whose flag is 0 where it is written, and not overlapping so that a copy would repeat itself.
 */
function bulk(core: Core, which: number, max: number, moves: boolean): number {
  if (which & Which.Narrow || core.r[Word.SystemFlags]! & Eflags.DF) return 0;
  const shift = which & Which.SizeMask;
  const to = core.r[EDI]! >>> 0;
  const room = PAGE_BYTES - (to & (PAGE_BYTES - 1));
  let bytes = Math.min(room, max << shift, repeatCount(core, which) * (1 << shift));
  if (core.pageFlags[to >>> 12] !== 0) return 0;
  if (moves) {
    const from = core.r[ESI]! >>> 0;
    if (from + bytes > core.ramBytes) return 0;
    if (to > from && to < from + bytes) bytes = to - from;
  }
  return bytes >>> shift;
}

/** Below this many iterations the bulk path does not pay. */
const BULK_MIN = 8;

function bulkMove(core: Core, n: number, bytes: number): void {
  const from = core.r[ESI]! >>> 0;
  core.ramArray.copyWithin(core.r[EDI]! >>> 0, from, from + bytes);
  core.r[ESI] = core.r[ESI]! + bytes;
  core.r[EDI] = core.r[EDI]! + bytes;
  core.r[ECX] = core.r[ECX]! - n;
}

function bulkFill(core: Core, n: number, bytes: number, which: number): void {
  const to = core.r[EDI]! >>> 0;
  const size = which & Which.SizeMask;
  const value = core.r[0]!;
  if (size === 0) core.ramArray.fill(value, to, to + bytes);
  else if (size === 1) for (let a = to; a < to + bytes; a += 2) core.ram.setUint16(a, value, true);
  else for (let a = to; a < to + bytes; a += 4) core.ram.setInt32(a, value, true);
  core.r[EDI] = to + bytes;
  core.r[ECX] = core.r[ECX]! - n;
}

/** rep movs, stos, lods. */
function repeat(iteration: Iteration, kind: 'move' | 'fill' | 'load') {
  return (core: Core, which: number, max: number): number => {
    if (repeatCount(core, which) === 0) return -1;
    let done = 0;
    while (done < max) {
      const n =
        kind === 'load' ? 0 : bulk(core, which, Math.min(max - done, 4096), kind === 'move');
      if (n >= BULK_MIN) {
        const bytes = n << (which & Which.SizeMask);
        if (kind === 'move') bulkMove(core, n, bytes);
        else bulkFill(core, n, bytes, which);
        done += n;
      } else {
        if (!attempt(core, iteration, which, done)) return done;
        setRepeatCount(core, which, repeatCount(core, which) - 1);
        done++;
      }
      if (repeatCount(core, which) === 0) return -done;
      if (core.careful) return done;
    }
    return done;
  };
}

/** repe and repne cmps, scas: also ends when ZF is as the prefix does not want it. */
function repeatWhile(iteration: Iteration) {
  return (core: Core, which: number, max: number): number => {
    if (repeatCount(core, which) === 0) return -1;
    const wanted = (which & Which.NotEqual) === 0;
    let done = 0;
    while (done < max) {
      if (!attempt(core, iteration, which, done)) return done;
      const left = repeatCount(core, which) - 1;
      setRepeatCount(core, which, left);
      done++;
      if (left === 0 || (core.r[Word.FlagResult] === 0) !== wanted) return -done;
      if (core.careful) return done;
    }
    return done;
  };
}

/**
 * Does one iteration. What it throws leaves the state before this iteration; when others were done
 * already the instruction ends its turn here, so that they are counted, and meets it next time.
 */
function attempt(core: Core, iteration: Iteration, which: number, done: number): boolean {
  if (done === 0) {
    iteration(core, which);
    return true;
  }
  try {
    iteration(core, which);
    return true;
  } catch (thrown) {
    if (thrown instanceof Error) throw thrown;
    return false;
  }
}

function rule(iteration: Iteration, kind: 'move' | 'fill' | 'load' | 'compare'): Lowering {
  const repeated = kind === 'compare' ? repeatWhile(iteration) : repeat(iteration, kind);
  return (e: Emitter, i: Instruction) => {
    if (i.repeat) e.repeat(repeated, whichOf(i));
    else e.call(iteration, whichOf(i));
  };
}

/** How string instructions are lowered. */
export const STRING_RULES: Rules = {
  movs: rule(movs, 'move'),
  stos: rule(stos, 'fill'),
  lods: rule(lods, 'load'),
  scas: rule(scas, 'compare'),
  cmps: rule(cmps, 'compare'),
};

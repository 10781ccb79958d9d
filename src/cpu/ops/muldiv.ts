/**
 * mul, imul, div, idiv.
 *
 * Flags the manual leaves undefined: mul and imul leave SF ZF AF PF as they were; div and idiv
 * clear SF ZF PF, set AF, and leave CF and OF as they were.
 */
import type { Core } from '../core.ts';
import { Vector } from '../core.ts';
import { type Lowering, type Rules, wordSize } from '../emitter.ts';
import { carryWord } from '../flags.ts';
import { Word } from '../layout.ts';
import { Uop } from '../uop.ts';

/** High 32 bits of the unsigned product of two 32-bit integers, as a signed integer. */
export function multiplyHigh(a: number, b: number): number {
  const a0 = a & 0xffff;
  const a1 = a >>> 16;
  const b0 = b & 0xffff;
  const b1 = b >>> 16;
  const low = a0 * b0;
  const mid = a1 * b0 + (low >>> 16);
  const cross = a0 * b1 + (mid & 0xffff);
  return (a1 * b1 + Math.floor(mid / 0x10000) + Math.floor(cross / 0x10000)) | 0;
}

/** High 32 bits of the signed product. */
export function multiplyHighSigned(a: number, b: number): number {
  return (multiplyHigh(a, b) - (a < 0 ? b : 0) - (b < 0 ? a : 0)) | 0;
}

/** eax, edx = edx:eax divided by the unsigned 32-bit `divisor`; #DE where it does not fit. */
export function divide32(core: Core, divisor: number): void {
  const r = core.r;
  const by = divisor >>> 0;
  const high = r[2]! >>> 0;
  const low = r[0]! >>> 0;
  if (high >= by) core.fault(Vector.DE);
  if (high === 0) {
    r[0] = Math.floor(low / by);
    r[2] = low % by;
    return;
  }
  // Two steps of 16 bits: each partial dividend is below 2^48, where doubles are exact.
  const upper = high * 0x10000 + (low >>> 16);
  const q1 = Math.floor(upper / by);
  const lower = (upper - q1 * by) * 0x10000 + (low & 0xffff);
  const q0 = Math.floor(lower / by);
  r[0] = q1 * 0x10000 + q0;
  r[2] = lower - q0 * by;
}

/** The signed division of edx:eax; truncates towards zero. */
export function divideSigned32(core: Core, divisor: number): void {
  const r = core.r;
  const low = r[0]!;
  const high = r[2]!;
  if (divisor === 0) core.fault(Vector.DE);
  if (high === low >> 31) {
    if (low === -0x80000000 && divisor === -1) core.fault(Vector.DE);
    r[0] = (low / divisor) | 0;
    r[2] = (low % divisor) | 0;
    return;
  }
  const dividend = (BigInt(high) << 32n) | BigInt(low >>> 0);
  const quotient = dividend / BigInt(divisor);
  if (quotient !== BigInt.asIntN(32, quotient)) core.fault(Vector.DE);
  r[0] = Number(quotient);
  r[2] = Number(dividend % BigInt(divisor));
}

/** Sets CF and OF. */
function productFlags(core: Core, overflow: boolean): void {
  const others = core.r[Word.FlagCarry]! & 0x3fffffff;
  core.r[Word.FlagCarry] = others | (overflow ? carryWord(1, 1, 0) : 0);
}

function mul8(core: Core, from: number): void {
  const product = core.r8[0]! * core.r8[from]!;
  core.r16[0] = product;
  productFlags(core, product > 0xff);
}

function imul8(core: Core, from: number): void {
  const product = signed8(core.r8[0]!) * signed8(core.r8[from]!);
  core.r16[0] = product;
  productFlags(core, signed8(product) !== product);
}

function mul16(core: Core, from: number): void {
  const product = core.r16[0]! * core.r16[from]!;
  core.r16[0] = product;
  core.r16[4] = product >>> 16;
  productFlags(core, product > 0xffff);
}

function imul16(core: Core, from: number): void {
  const product = signed16(core.r16[0]!) * signed16(core.r16[from]!);
  core.r16[0] = product;
  core.r16[4] = product >> 16;
  productFlags(core, signed16(product) !== product);
}

/** What the narrow divisions leave in the flags; those of 32 bits are the interpreter's. */
function quotientFlags(core: Core): void {
  core.r[Word.FlagResult] = 1;
  core.r[Word.FlagCarry] = (core.r[Word.FlagCarry]! & 0xc0000000) | 8;
}

function div8(core: Core, from: number): void {
  const dividend = core.r16[0]!;
  const by = core.r8[from]!;
  if (dividend >>> 8 >= by) core.fault(Vector.DE);
  core.r16[0] = Math.floor(dividend / by) | ((dividend % by) << 8);
  quotientFlags(core);
}

function idiv8(core: Core, from: number): void {
  const dividend = signed16(core.r16[0]!);
  const by = signed8(core.r8[from]!);
  const quotient = by === 0 ? Number.NaN : Math.trunc(dividend / by);
  if (signed8(quotient) !== quotient) core.fault(Vector.DE);
  core.r16[0] = (quotient & 0xff) | ((dividend % by) << 8);
  quotientFlags(core);
}

function div16(core: Core, from: number): void {
  const dividend = core.r16[4]! * 0x10000 + core.r16[0]!;
  const by = core.r16[from]!;
  if (core.r16[4]! >= by) core.fault(Vector.DE);
  core.r16[0] = Math.floor(dividend / by);
  core.r16[4] = dividend % by;
  quotientFlags(core);
}

function idiv16(core: Core, from: number): void {
  const dividend = (core.r16[4]! << 16) | core.r16[0]!;
  const by = signed16(core.r16[from]!);
  const quotient = by === 0 ? Number.NaN : Math.trunc(dividend / by);
  if (signed16(quotient) !== quotient) core.fault(Vector.DE);
  core.r16[0] = quotient;
  core.r16[4] = dividend % by;
  quotientFlags(core);
}

function signed8(value: number): number {
  return (value << 24) >> 24;
}

function signed16(value: number): number {
  return (value << 16) >> 16;
}

type NarrowHelper = (core: Core, from: number) => void;

function group3(op32: Uop, on16: NarrowHelper, on8: NarrowHelper): Lowering {
  return (e, i) => {
    const from = i.operands[0]!;
    const size = wordSize(from);
    const a = e.load(from);
    if (size === 4) e.op(op32, a);
    else e.call(size === 2 ? on16 : on8, a);
  };
}

/** imul with one, two or three operands. */
const imul: Lowering = (e, i) => {
  const [to, left, right] = i.operands;
  if (left === undefined) return group3(Uop.Imul32, imul16, imul8)(e, i);
  const size = wordSize(to!);
  const source = e.load(left);
  const number = e.load(to!);
  if (right?.kind === 'imm') {
    if (size === 4) e.op(Uop.Imul32RRI, number, source, right.value);
    else e.call(imulTruncated16, number, source, signed16(right.value));
  } else if (size === 4) {
    e.op(Uop.Imul32RR, number, source);
  } else {
    e.call(imulTwo16, number, source);
  }
};

function imulTwo16(core: Core, to: number, from: number): void {
  imulTruncated16(core, to, from, signed16(core.r16[to]!));
}

function imulTruncated16(core: Core, to: number, from: number, by: number): void {
  const product = signed16(core.r16[from]!) * by;
  core.r16[to] = product;
  productFlags(core, signed16(product) !== product);
}

/** How multiplication and division are lowered. */
export const MULDIV_RULES: Rules = {
  mul: group3(Uop.Mul32, mul16, mul8),
  imul,
  div: group3(Uop.Div32, div16, div8),
  idiv: group3(Uop.Idiv32, idiv16, idiv8),
};

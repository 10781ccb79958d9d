/**
 * Shifts and rotates: rol ror rcl rcr shl shr sar shld shrd.
 *
 * Flags the manual leaves undefined, and what they get: OF after a shift or rotate by more than one
 * is what the last of so many steps by one would leave; CF after a shift by more than the operand's
 * bits is the last bit shifted out, a zero or the sign; AF is set by shifts and kept by
 * rotates. A count of zero (after masking to five bits) changes nothing.
 */
import type { Core } from '../core.ts';
import { type Lowering, type Rules, wordSize } from '../emitter.ts';
import { carryWord, Eflags } from '../flags.ts';
import { Word } from '../layout.ts';
import { Uop } from '../uop.ts';

/** Group 2 in hardware order; 6 is another name of shl. */
const enum Shift {
  Rol,
  Ror,
  Rcl,
  Rcr,
  Shl,
  Shr,
  Shl6,
  Sar,
}

/**
 * Group 2 operation `op` on the `size`-byte `value` (unsigned) by `count`. Sets the flags and
 * returns the result; bits above the size are noise.
 */
export function shift(
  core: Core,
  op: number,
  size: 1 | 2 | 4,
  value: number,
  count: number,
): number {
  const bits = 8 * size;
  const n = count & 31;
  if (n === 0) return value;
  if (op < Shift.Shl) return rotate(core, op, bits, value, n);
  const top = 2 ** (bits - 1);
  let result: number;
  let cf: number;
  let of: number;
  if (op === Shift.Shr) {
    result = value >>> n;
    cf = (value >>> (n - 1)) & 1;
    of = n === 1 ? bit(value, bits - 1) : 0;
  } else if (op === Shift.Sar) {
    const signed = (value << (32 - bits)) >> (32 - bits);
    result = signed >> n;
    cf = (signed >> (n - 1)) & 1;
    of = 0;
  } else {
    result = value << n;
    cf = n > bits ? 0 : bit(value, bits - n);
    of = (result & top) !== 0 ? 1 ^ cf : cf;
  }
  core.r[Word.FlagResult] = (result << (32 - bits)) >> (32 - bits);
  core.r[Word.FlagCarry] = carryWord(cf, of, 1);
  return result;
}

function bit(value: number, n: number): number {
  return (value >>> n) & 1;
}

/** Rotates change CF and OF only. */
function rotate(core: Core, op: number, bits: number, value: number, n: number): number {
  let v = value;
  let cf = core.carry;
  const high = bits - 1;
  if (op === Shift.Rcl || op === Shift.Rcr) {
    const turns = n % (bits + 1);
    for (let k = 0; k < turns; k++) {
      if (op === Shift.Rcl) {
        const out = bit(v, high);
        v = (v << 1) | cf;
        cf = out;
      } else {
        const out = v & 1;
        v = ((v & mask(bits)) >>> 1) | (cf << high);
        cf = out;
      }
    }
  } else {
    const k = n % bits;
    v &= mask(bits);
    if (op === Shift.Rol) {
      if (k !== 0) v = (v << k) | (v >>> (bits - k));
      cf = v & 1;
    } else {
      if (k !== 0) v = (v >>> k) | (v << (bits - k));
      cf = bit(v, high);
    }
  }
  const left = op === Shift.Rol || op === Shift.Rcl;
  const of = left ? bit(v, high) ^ cf : bit(v, high) ^ bit(v, high - 1);
  const kept = core.eflags & ~(Eflags.CF | Eflags.OF);
  core.setArithmetic(kept | cf | (of << 11));
  return v;
}

function mask(bits: number): number {
  return bits === 32 ? -1 : 2 ** bits - 1;
}

/** Helper numbers: a register of the operand's size, the operation, the count or -1 for cl. */
function shift8(core: Core, a: number, op: number, count: number): void {
  core.r8[a] = shift(core, op, 1, core.r8[a]!, count < 0 ? core.r8[4]! : count);
}

function shift16(core: Core, a: number, op: number, count: number): void {
  core.r16[a] = shift(core, op, 2, core.r16[a]!, count < 0 ? core.r8[4]! : count);
}

function shift32(core: Core, a: number, op: number, count: number): void {
  core.r[a] = shift(core, op, 4, core.r[a]!, count < 0 ? core.r8[4]! : count);
}

const BY_SIZE = [shift8, shift16, shift16, shift32] as const;

/** Interpreter operations for the common cases; -1 where there is none. */
const IMMEDIATE = [Uop.Rol32I, Uop.Ror32I, -1, -1, Uop.Shl32I, Uop.Shr32I, Uop.Shl32I, Uop.Sar32I];
const BY_CL = [-1, -1, -1, -1, Uop.Shl32C, Uop.Shr32C, Uop.Shl32C, Uop.Sar32C];

function group2(op: Shift): Lowering {
  return (e, i) => {
    const [to, by] = i.operands;
    const size = wordSize(to!);
    const count = by?.kind === 'imm' ? by.value & 31 : by === undefined ? 1 : -1;
    const a = e.loadForStore(to!);
    const fast = size !== 4 ? -1 : count > 0 ? IMMEDIATE[op]! : count < 0 ? BY_CL[op]! : -1;
    if (fast >= 0) e.op(fast, a, 0, count);
    else e.call(BY_SIZE[size - 1]!, a, op, count);
    if (to!.kind === 'mem') e.store(to!, a);
  };
}

/**
 * shld and shrd. For 16-bit operands and counts above 16, where the manual leaves everything
 * undefined, the register is shifted in twice and CF is 0, as AMD's processors do; by 16 and more
 * to the left, OF is CF.
 */
export function doubleShift(
  core: Core,
  left: boolean,
  size: 2 | 4,
  to: number,
  from: number,
  count: number,
): number {
  const n = count & 31;
  if (n === 0) return to;
  let result: number;
  let cf: number;
  if (size === 4) {
    result = left ? (to << n) | (from >>> (32 - n)) : (to >>> n) | (from << (32 - n));
    cf = left ? bit(to, 32 - n) : bit(to, n - 1);
  } else {
    // Three words in a row: the destination, the register, the register again.
    const pair = left ? (to << 16) | from : (from << 16) | to;
    const again = n <= 16 ? 0 : left ? from >>> (32 - n) : from << (32 - n);
    result = (left ? (pair << n) >>> 16 : pair >>> n) | again;
    cf = n > 16 ? 0 : left ? bit(pair, 32 - n) : bit(pair, n - 1);
  }
  const high = 8 * size - 1;
  const top = left && n > high ? 0 : bit(result, high);
  const of = top ^ (left ? cf : bit(result, high - 1));
  core.r[Word.FlagResult] = size === 4 ? result : (result << 16) >> 16;
  core.r[Word.FlagCarry] = carryWord(cf, of, 1);
  return result;
}

function doubleHelper(left: boolean, size: 2 | 4) {
  return (core: Core, to: number, from: number, count: number): void => {
    const n = count < 0 ? core.r8[4]! : count;
    if (size === 4) core.r[to] = doubleShift(core, left, 4, core.r[to]!, core.r[from]!, n);
    else core.r16[to] = doubleShift(core, left, 2, core.r16[to]!, core.r16[from]!, n);
  };
}

function double(op: Uop, left: boolean): Lowering {
  const on16 = doubleHelper(left, 2);
  const on32 = doubleHelper(left, 4);
  return (e, i) => {
    const [to, from, by] = i.operands;
    const size = wordSize(to!);
    const count = by?.kind === 'imm' ? by.value & 31 : -1;
    const a = e.loadForStore(to!);
    const b = e.load(from!, Word.T1);
    if (size === 4 && count > 0) e.op(op, a, b, count);
    else e.call(size === 4 ? on32 : on16, a, b, count);
    if (to!.kind === 'mem') e.store(to!, a);
  };
}

/** How shifts and rotates are lowered. */
export const SHIFT_RULES: Rules = {
  rol: group2(Shift.Rol),
  ror: group2(Shift.Ror),
  rcl: group2(Shift.Rcl),
  rcr: group2(Shift.Rcr),
  shl: group2(Shift.Shl),
  sal: group2(Shift.Shl),
  shr: group2(Shift.Shr),
  sar: group2(Shift.Sar),
  shld: double(Uop.Shld32I, true),
  shrd: double(Uop.Shrd32I, false),
};

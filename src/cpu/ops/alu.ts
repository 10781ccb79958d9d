/**
 * Opcode group 1 (add or adc sbb and sub xor cmp), test, inc, dec, neg, not, in all sizes. Those of
 * 32 bits, and group 1 and test of 8 bits, are operations of the interpreter; the others are here.
 *
 * The vectors of carries: for a + b = s the carries out of each bit are (a & b) | ((a | b) & ~s),
 * for a − b = d the borrows are (~a & b) | ((~a ^ b) & d); this holds with a carry or borrow coming
 * in.
 */
import type { Instruction } from '../../isa/instruction.ts';
import type { Core } from '../core.ts';
import { type Emitter, type Lowering, type Rules, wordSize } from '../emitter.ts';
import { Word } from '../layout.ts';
import { Uop } from '../uop.ts';

/** Group 1 in hardware order. */
const enum Alu {
  Add,
  Or,
  Adc,
  Sbb,
  And,
  Sub,
  Xor,
  Cmp,
}

/**
 * Group 1 operation `op` on operands of `size` bytes (1 or 2) given unsigned: sets the flags and
 * returns the result, sign-extended (for cmp, that of the subtraction).
 */
export function alu(core: Core, op: number, size: 1 | 2, a: number, b: number): number {
  const r = core.r;
  const left = 32 - 8 * size;
  let result: number;
  let carries = 0;
  switch (op) {
    case Alu.Add:
    case Alu.Adc:
      result = a + b + (op === Alu.Adc ? core.carry : 0);
      carries = (a & b) | ((a | b) & ~result);
      break;
    case Alu.Or:
      result = a | b;
      break;
    case Alu.And:
      result = a & b;
      break;
    case Alu.Xor:
      result = a ^ b;
      break;
    default:
      result = a - b - (op === Alu.Sbb ? core.carry : 0);
      carries = (~a & b) | ((~a ^ b) & result);
  }
  const signed = (result << left) >> left;
  r[Word.FlagResult] = signed;
  r[Word.FlagCarry] = ((carries << left) & 0xc0000000) | (carries & 8);
  return signed;
}

const ALU_RR = [Uop.Add8RR, Uop.Alu16RR, Uop.Add32RR] as const;
const ALU_RI = [Uop.Add8RI, Uop.Alu16RI, Uop.Add32RI] as const;

function group1(op: Alu): Lowering {
  return (e, i) => {
    const [to, from] = i.operands;
    const size = wordSize(to!);
    const compare = op === Alu.Cmp;
    if (size === 4 && to!.kind === 'reg' && from!.kind === 'mem') {
      e.mem(Uop.Add32RM + op, to!.reg, from!);
      return;
    }
    if (size === 4 && compare && to!.kind === 'mem' && from!.kind === 'imm') {
      e.mem(Uop.Cmp32MI, 0, to!, from!.value);
      return;
    }
    const a = compare ? e.load(to!) : e.loadForStore(to!);
    if (from!.kind === 'imm') put(e, ALU_RI, op, size, a, 0, from!.value);
    else put(e, ALU_RR, op, size, a, e.load(from!, Word.T1), 0);
    if (!compare && to!.kind === 'mem') e.store(to!, a);
  };
}

function put(
  e: Emitter,
  ops: readonly [Uop, Uop, Uop],
  op: Alu,
  size: 1 | 2 | 4,
  a: number,
  b: number,
  imm: number,
): void {
  if (size === 4) e.op(ops[2] + op, a, b, imm);
  else if (size === 1) e.op(ops[0] + op, a, b, imm & 0xff);
  else e.alu16(ops[1], op, a, b, imm & 0xffff);
}

const test: Lowering = (e, i) => {
  const [left, right] = i.operands;
  const size = wordSize(left!);
  const a = e.load(left!);
  if (right!.kind === 'imm') {
    const op = size === 4 ? Uop.Test32RI : size === 2 ? Uop.Test16RI : Uop.Test8RI;
    e.op(op, a, 0, right!.value);
    return;
  }
  const op = size === 4 ? Uop.Test32RR : size === 2 ? Uop.Test16RR : Uop.Test8RR;
  e.op(op, a, e.load(right!, Word.T1));
};

/** An operation with one operand that is read and written. */
function unary(op32: Uop, narrow: (core: Core, value: number, size: 1 | 2) => number): Lowering {
  const on16 = (core: Core, a: number): void => {
    core.r16[a] = narrow(core, core.r16[a]!, 2);
  };
  const on8 = (core: Core, a: number): void => {
    core.r8[a] = narrow(core, core.r8[a]!, 1);
  };
  return (e: Emitter, i: Instruction) => {
    const operand = i.operands[0]!;
    const size = wordSize(operand);
    const a = e.loadForStore(operand);
    if (size === 4) e.op(op32, a);
    else e.call(size === 2 ? on16 : on8, a);
    if (operand.kind === 'mem') e.store(operand, a);
  };
}

/** inc and dec leave CF alone. */
function step(op: Alu.Add | Alu.Sub) {
  return (core: Core, value: number, size: 1 | 2): number => {
    const carry = core.carry;
    const result = alu(core, op, size, value, 1);
    const word = core.r[Word.FlagCarry]!;
    if (word >>> 31 !== carry) core.r[Word.FlagCarry] = word ^ 0xc0000000;
    return result;
  };
}

/** How arithmetic and logic are lowered. */
export const ALU_RULES: Rules = {
  add: group1(Alu.Add),
  or: group1(Alu.Or),
  adc: group1(Alu.Adc),
  sbb: group1(Alu.Sbb),
  and: group1(Alu.And),
  sub: group1(Alu.Sub),
  xor: group1(Alu.Xor),
  cmp: group1(Alu.Cmp),
  test,
  inc: unary(Uop.Inc32, step(Alu.Add)),
  dec: unary(Uop.Dec32, step(Alu.Sub)),
  neg: unary(Uop.Neg32, (core, value, size) => alu(core, Alu.Sub, size, 0, value)),
  not: unary(Uop.Not32, (_core, value) => ~value),
};

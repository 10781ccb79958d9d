/**
 * Data movement without the stack: mov, movzx, movsx, lea, xchg, bswap, xlat, setcc, cmovcc,
 * widening.
 */
import { CONDITIONS } from '../../isa/conditions.ts';
import type { MemoryOperand } from '../../isa/instruction.ts';
import type { Core } from '../core.ts';
import { type Lowering, type Rules, registerNumber, temporary, wordSize } from '../emitter.ts';
import { condition } from '../flags.ts';
import { Word } from '../layout.ts';
import { Uop } from '../uop.ts';
import { movSegment } from './segment.ts';
import { movControl } from './system.ts';

const mov: Lowering = (e, i) => {
  const [to, from] = i.operands;
  if (to!.kind === 'seg' || from!.kind === 'seg') return movSegment(e, i);
  if (to!.kind === 'control' || from!.kind === 'control') return movControl(e, i);
  const size = wordSize(to!);
  if (from!.kind === 'imm') {
    if (to!.kind === 'mem') {
      e.mem(
        size === 4 ? Uop.Store32I : size === 2 ? Uop.Store16I : Uop.Store8I,
        0,
        to!,
        from!.value,
      );
    } else {
      const op = size === 4 ? Uop.Mov32RI : size === 2 ? Uop.Mov16RI : Uop.Mov8RI;
      e.op(op, e.load(to!), 0, from!.value);
    }
    return;
  }
  if (to!.kind === 'reg' && from!.kind === 'mem') {
    const op = size === 4 ? Uop.Load32 : size === 2 ? Uop.Load16 : Uop.Load8;
    e.mem(op, registerNumber(to!.reg, size), from!);
    return;
  }
  e.store(to!, e.load(from!));
};

/** movzx and movsx: from 8 or 16 bits to 16 or 32. */
function extend(r8: Uop, r16: Uop, m8: Uop, m16: Uop): Lowering {
  return (e, i) => {
    const [to, from] = i.operands;
    const narrow = wordSize(from!) === 1;
    const into = i.operandSize === 4 && to!.kind === 'reg' ? to!.reg : Word.T0;
    if (from!.kind === 'mem') e.mem(narrow ? m8 : m16, into, from!);
    else e.op(narrow ? r8 : r16, into, e.load(from!));
    if (i.operandSize === 2) e.store(to!, temporary(Word.T0, 2));
  };
}

const lea: Lowering = (e, i) => {
  const [to, from] = i.operands as [{ kind: 'reg'; reg: number; size: 2 | 4 }, MemoryOperand];
  const into = to.size === 4 ? to.reg : Word.T0;
  e.mem(Uop.Lea, into, from);
  if (to.size === 2) e.store(to, temporary(Word.T0, 2));
};

const xchg: Lowering = (e, i) => {
  const [left, right] = i.operands;
  const size = wordSize(left!);
  const memory = left!.kind === 'mem' ? left! : right!;
  const register = left!.kind === 'mem' ? right! : left!;
  if (memory.kind === 'reg' && size === 4 && register.kind === 'reg') {
    e.op(Uop.Xchg32RR, memory.reg, register.reg);
    return;
  }
  const old = e.loadForStore(memory);
  if (memory.kind === 'mem') {
    e.store(memory, e.load(register));
    e.store(register, old);
    return;
  }
  const saved = temporary(Word.T0, size);
  e.op(size === 2 ? Uop.Mov16RR : Uop.Mov8RR, saved, old);
  e.store(memory, e.load(register));
  e.store(register, saved);
};

const bswap: Lowering = (e, i) => {
  const [register] = i.operands;
  if (i.operandSize === 4) e.call(swapBytes, e.load(register!));
  else e.op(Uop.Mov16RI, e.load(register!), 0, 0);
};

function swapBytes(core: Core, a: number): void {
  const v = core.r[a]!;
  core.r[a] = (v >>> 24) | ((v >>> 8) & 0xff00) | ((v << 8) & 0xff0000) | (v << 24);
}

/** al = [ebx + al], or [bx + al] with 16-bit addresses. */
const xlat: Lowering = (e, i) => e.call(i.addressSize === 4 ? xlat32 : xlat16);

function xlat32(core: Core): void {
  core.r8[0] = core.load8(core.r[3]! + core.r8[0]!);
}

function xlat16(core: Core): void {
  core.r8[0] = core.load8((core.r16[6]! + core.r8[0]!) & 0xffff);
}

const setcc: Lowering = (e, i) => {
  const operand = i.operands[0]!;
  const cc = i.row.opcode & 15;
  if (operand.kind === 'reg') {
    e.op(Uop.Setcc, e.load(operand), cc);
  } else {
    e.op(Uop.Setcc, temporary(Word.T0, 1), cc);
    e.store(operand, temporary(Word.T0, 1));
  }
};

/** The source is read whether the condition holds or not. */
const cmovcc: Lowering = (e, i) => {
  const [to, from] = i.operands;
  const cc = i.row.opcode & 15;
  const source = e.load(from!);
  if (i.operandSize === 4) e.op(Uop.Cmov32, e.load(to!), source, cc);
  else e.call(cmov16, e.load(to!), source, cc);
};

function cmov16(core: Core, to: number, from: number, cc: number): void {
  if (condition(cc, core.r[Word.FlagResult]!, core.r[Word.FlagCarry]!)) {
    core.r16[to] = core.r16[from]!;
  }
}

/** cbw/cwde and cwd/cdq share opcodes; the operand size tells them apart. */
const cbw: Lowering = (e, i) => {
  if (i.operandSize === 4) e.op(Uop.Cwde);
  else e.call(signToAx);
};
const cwd: Lowering = (e, i) => {
  if (i.operandSize === 4) e.op(Uop.Cdq);
  else e.call(signToDx);
};

function signToAx(core: Core): void {
  core.r16[0] = (core.r8[0]! << 24) >> 24;
}

function signToDx(core: Core): void {
  core.r16[4] = core.r16[0]! & 0x8000 ? 0xffff : 0;
}

/** One rule for each condition, under `prefix` + its name. */
export function byCondition(prefix: string, rule: Lowering): Rules {
  return Object.fromEntries(CONDITIONS.map(({ name }) => [prefix + name, rule]));
}

/** How data movement is lowered. */
export const MOVE_RULES: Rules = {
  mov,
  movzx: extend(Uop.Movzx8R, Uop.Movzx16R, Uop.Movzx8M, Uop.Movzx16M),
  movsx: extend(Uop.Movsx8R, Uop.Movsx16R, Uop.Movsx8M, Uop.Movsx16M),
  lea,
  xchg,
  bswap,
  xlatb: xlat,
  cbw,
  cwde: cbw,
  cwd,
  cdq: cwd,
  ...byCondition('set', setcc),
  ...byCondition('cmov', cmovcc),
};

/**
 * push pop pusha popa pushf popf enter leave. Addresses on the stack are those of a 32-bit stack
 * segment. A push reads its operand, stores, and only then moves esp, so that a store that must be
 * tried again finds everything as it was; where there are several stores, all are prepared before
 * the first, and so are loads that come after one.
 */
import type { Core } from '../core.ts';
import type { Lowering, Rules } from '../emitter.ts';
import { Eflags } from '../flags.ts';
import { Word } from '../layout.ts';
import { Uop } from '../uop.ts';
import { popSegment, pushSegment } from './segment.ts';

const ESP = Word.Esp;

const push: Lowering = (e, i) => {
  const operand = i.operands[0]!;
  if (operand.kind === 'seg') return pushSegment(e, i, operand.reg);
  if (operand.kind === 'imm') {
    if (i.operandSize === 4) e.op(Uop.Push32I, 0, 0, operand.value);
    else e.call(pushImmediate16, operand.value);
  } else if (i.operandSize === 4) {
    e.op(Uop.Push32, e.load(operand));
  } else {
    e.call(pushRegister16, e.load(operand));
  }
};

function pushImmediate16(core: Core, value: number): void {
  core.push16(value);
}

function pushRegister16(core: Core, a: number): void {
  core.push16(core.r16[a]!);
}

/** A memory destination is addressed with esp as it is after the pop (SDM volume 2, POP). */
const pop: Lowering = (e, i) => {
  const operand = i.operands[0]!;
  const size = i.operandSize;
  if (operand.kind === 'seg') return popSegment(e, i, operand.reg);
  if (operand.kind === 'reg') {
    if (size === 4) e.op(Uop.Pop32, operand.reg);
    else e.call(popRegister16, e.load(operand));
    return;
  }
  const top = { kind: 'mem', base: ESP, index: -1, shift: 0, disp: 0, addressSize: 4 } as const;
  const stack = { ...top, size, segment: i.segment };
  const value = e.load(stack);
  const target = operand as typeof stack;
  e.store(target.base === ESP ? { ...target, disp: target.disp + size } : target, value);
  e.mem(Uop.Lea, ESP, { ...stack, disp: size });
};

function popRegister16(core: Core, a: number): void {
  const value = core.load16(core.r[ESP]!);
  core.r[ESP] = core.r[ESP]! + 2;
  core.r16[a] = value;
}

/** Pushes eax ecx edx ebx, esp as it was, ebp esi edi. */
function pushAll(core: Core, size: number): void {
  const top = core.r[ESP]!;
  core.prepareStore((top - 8 * size) >>> 0, 8 * size);
  for (let n = 0; n < 8; n++) {
    const at = (top - size * (n + 1)) | 0;
    if (size === 4) core.store32(at, core.r[n]!);
    else core.store16(at, core.r16[2 * n]!);
  }
  core.r[ESP] = top - 8 * size;
}

/** Pops edi esi ebp, skips esp, pops ebx edx ecx eax. */
function popAll(core: Core, size: number): void {
  const top = core.r[ESP]!;
  const values = new Int32Array(8);
  for (let n = 0; n < 8; n++) {
    const at = (top + size * n) | 0;
    values[7 - n] = size === 4 ? core.load32(at) : core.load16(at);
  }
  for (let n = 0; n < 8; n++) {
    if (n === ESP) continue;
    if (size === 4) core.r[n] = values[n]!;
    else core.r16[2 * n] = values[n]!;
  }
  core.r[ESP] = top + 8 * size;
}

function pushFlags(core: Core, size: number): void {
  const flags = core.eflags & ~Eflags.RF;
  if (size === 4) core.push32(flags);
  else core.push16(flags);
}

function popFlags(core: Core, size: number): void {
  const top = core.r[ESP]!;
  core.eflags = size === 4 ? core.load32(top) : (core.eflags & ~0xffff) | core.load16(top);
  core.r[ESP] = top + size;
}

/** Nesting `level` 0 … 31; `bytes` of locals. */
function enter(core: Core, bytes: number, level: number, size: number): void {
  const r = core.r;
  const frame = (r[ESP]! - size) | 0;
  let top = frame;
  const copy = (value: number): void => {
    if (size === 4) core.store32(top, value);
    else core.store16(top, value);
  };
  const depth = level & 31;
  // What is copied may lie where it is stored to, so that loads and stores have to take turns.
  if (depth > 1) core.prepareLoad((r[Word.Ebp]! - (depth - 1) * size) >>> 0, (depth - 1) * size);
  core.prepareStore((frame - depth * size) >>> 0, (depth + 1) * size);
  copy(r[Word.Ebp]!);
  for (let n = 1; n < depth; n++) {
    const from = (r[Word.Ebp]! - n * size) | 0;
    top = (top - size) | 0;
    copy(size === 4 ? core.load32(from) : core.load16(from));
  }
  if (depth > 0) {
    top = (top - size) | 0;
    copy(frame);
  }
  if (size === 4) r[Word.Ebp] = frame;
  else core.r16[2 * Word.Ebp] = frame;
  r[ESP] = top - (bytes & 0xffff);
}

function leave16(core: Core): void {
  const frame = core.r[Word.Ebp]!;
  const value = core.load16(frame);
  core.r[ESP] = frame + 2;
  core.r16[2 * Word.Ebp] = value;
}

const immediate = (operand: { kind: string } | undefined): number =>
  operand?.kind === 'imm' ? (operand as unknown as { value: number }).value : 0;

/** How stack instructions are lowered. */
export const STACK_RULES: Rules = {
  push,
  pop,
  pusha: (e, i) => e.call(pushAll, i.operandSize),
  popa: (e, i) => e.call(popAll, i.operandSize),
  pushf: (e, i) => e.call(pushFlags, i.operandSize),
  popf: (e, i) => {
    e.call(popFlags, i.operandSize);
    e.end(Uop.End);
  },
  enter: (e, i) => e.call(enter, immediate(i.operands[0]), immediate(i.operands[1]), i.operandSize),
  leave: (e, i) => (i.operandSize === 4 ? e.op(Uop.Leave) : e.call(leave16)),
};

/** cmpxchg, cmpxchg8b, xadd. One processor, so a lock prefix changes nothing. */
import type { Core } from '../core.ts';
import { type Lowering, type Rules, temporary, wordSize } from '../emitter.ts';
import { Eflags } from '../flags.ts';
import { Word } from '../layout.ts';
import { Uop } from '../uop.ts';
import { alu } from './alu.ts';

const CMP = 7;
const ADD_RR = [Uop.Add8RR, Uop.Alu16RR, Uop.Add32RR] as const;
const MOVE = [Uop.Mov8RR, Uop.Mov16RR, Uop.Mov32RR] as const;

/**
 * With the destination's value in T0: compares it with the accumulator; equal → T0 becomes the
 * source.
 */
function compareExchange(size: 1 | 2 | 4) {
  return (core: Core, from: number): void => {
    const words = size === 4 ? core.r : size === 2 ? core.r16 : core.r8;
    const at = temporary(Word.T0, size);
    const value = words[at]!;
    const accumulator = words[0]!;
    if (size === 4) {
      const d = (accumulator - value) | 0;
      core.r[Word.FlagResult] = d;
      const borrows = (~accumulator & value) | ((~accumulator ^ value) & d);
      core.r[Word.FlagCarry] = borrows & 0xc0000008;
    } else {
      alu(core, CMP, size, accumulator, value);
    }
    if (core.r[Word.FlagResult] === 0) words[at] = words[from]!;
  };
}

const COMPARE_EXCHANGE = {
  1: compareExchange(1),
  2: compareExchange(2),
  4: compareExchange(4),
} as const;

/** Afterwards, where they differed: the accumulator becomes the value in T0. */
function updateAccumulator(size: 1 | 2 | 4) {
  return (core: Core): void => {
    const words = size === 4 ? core.r : size === 2 ? core.r16 : core.r8;
    if (core.r[Word.FlagResult] !== 0) words[0] = words[temporary(Word.T0, size)]!;
  };
}

const UPDATE_ACCUMULATOR = {
  1: updateAccumulator(1),
  2: updateAccumulator(2),
  4: updateAccumulator(4),
} as const;

/**
 * The destination is written either way (a register then with its own value), and before the
 * accumulator, which may be part of its address.
 */
const cmpxchg: Lowering = (e, i) => {
  const [to, from] = i.operands;
  const size = wordSize(to!);
  const t0 = temporary(Word.T0, size);
  const a = e.loadForStore(to!);
  if (a !== t0) e.op(MOVE[size >> 1]!, t0, a);
  e.call(COMPARE_EXCHANGE[size], e.load(from!));
  e.store(to!, t0);
  e.call(UPDATE_ACCUMULATOR[size]);
};

const xadd: Lowering = (e, i) => {
  const [to, from] = i.operands;
  const size = wordSize(to!);
  const old = e.loadForStore(to!);
  const source = e.load(from!);
  const t0 = temporary(Word.T0, size);
  const t1 = temporary(Word.T1, size);
  if (old !== t0) e.op(MOVE[size >> 1]!, t0, old);
  e.op(MOVE[size >> 1]!, t1, t0);
  if (size === 2) e.alu16(Uop.Alu16RR, 0, t1, source, 0);
  else e.op(ADD_RR[size >> 1]!, t1, source);
  if (to!.kind === 'mem') {
    e.store(to!, t1);
    e.store(from!, t0);
  } else {
    e.store(from!, t0);
    e.store(to!, t1);
  }
};

/** Compares edx:eax with the quadword at T2; equal → it becomes ecx:ebx, else edx:eax = it. */
function compareExchange8(core: Core): void {
  const r = core.r;
  const address = r[Word.T2]!;
  const low = core.load32(address);
  const high = core.load32(address + 4);
  core.prepareStore(address >>> 0, 4);
  core.prepareStore((address + 4) >>> 0, 4);
  const equal = low === r[Word.Eax] && high === r[Word.Edx];
  core.store32(address, equal ? r[Word.Ebx]! : low);
  core.store32(address + 4, equal ? r[Word.Ecx]! : high);
  if (!equal) {
    r[Word.Eax] = low;
    r[Word.Edx] = high;
  }
  const others = core.eflags & ~Eflags.ZF;
  core.setArithmetic(equal ? others | Eflags.ZF : others);
}

const cmpxchg8b: Lowering = (e, i) => {
  const operand = i.operands[0]!;
  if (operand.kind === 'mem') e.mem(Uop.Lea, Word.T2, operand);
  e.call(compareExchange8);
};

/** How the exchanges that compare or add are lowered. */
export const EXCHANGE_RULES: Rules = { cmpxchg, xadd, cmpxchg8b };

/**
 * Segment registers, as far as flat selectors go: mov, push and pop of them, lds and friends, far
 * jumps, calls and returns.
 *
 * Known deviations: a descriptor must be present, of ring 0 and flat (base 0, limit 4 GiB, 32-bit);
 * anything else raises the exception that a bad descriptor would (#GP, #NP, #SS), because segments
 * that are not flat are outside of what this machine is for. There is no hidden part: what was
 * loaded is flat, so the selector says all; so a segment that may only be read can be written, but
 * through cs. The accessed bit of a descriptor is not set. A return to an outer ring raises #GP.
 */
import type { Instruction, Operand } from '../../isa/instruction.ts';
import { Seg } from '../../isa/instruction.ts';
import { type Core, Vector } from '../core.ts';
import { type Emitter, type Lowering, type Rules, registerNumber, temporary } from '../emitter.ts';
import { ShadowBit, Word } from '../layout.ts';
import { Uop } from '../uop.ts';

/** Descriptor bits of its second doubleword. */
const PRESENT = 0x8000;
const NOT_SYSTEM = 0x1000;
const CODE = 0x0800;
const CONFORMING = 0x0400;
/** Writable for data, readable for code. */
const READ_WRITE = 0x0200;
const PRIVILEGE = 0x6000;
const BIG = 0x400000;

/**
 * Reads the descriptor of `selector` from the GDT and checks that it is flat; `external` is the EXT
 * bit of an error code. Returns its second doubleword.
 */
function descriptor(core: Core, selector: number, external: number): number {
  const r = core.r;
  const error = (selector & 0xfffc) | external;
  const inGdt = (selector & 4) === 0 && (selector | 7) <= r[Word.GdtLimit]!;
  if (!inGdt) core.fault(Vector.GP, error);
  const at = r[Word.GdtBase]! + (selector & 0xfff8);
  const low = core.load32(at);
  const high = core.load32(at + 4);
  if (!(high & NOT_SYSTEM) || high & PRIVILEGE) core.fault(Vector.GP, error);
  const base = (low >>> 16) | (high & 0xff) | (high & 0xff000000);
  const limit = (low & 0xffff) | (high & 0xf0000);
  const flat = base === 0 && limit === 0xfffff && (high & 0xc00000) === 0xc00000;
  if (!flat || !(high & BIG)) core.fault(Vector.GP, error);
  return high;
}

/**
 * What the requested privilege level of a code selector means: nothing in a gate; in a jump or call
 * it must not be above ring 0 unless the code is conforming; in a return it is the ring to go to.
 */
type Use = 'gate' | 'jump' | 'return';

/** Checks `selector` as a flat code segment and returns it as cs will hold it: with ring 0. */
export function codeSelector(core: Core, selector: number, use: Use, external = 0): number {
  if ((selector & 0xfffc) === 0) core.fault(Vector.GP, external);
  const error = (selector & 0xfffc) | external;
  const high = descriptor(core, selector, external);
  const outer = use !== 'gate' && (selector & 3) !== 0;
  const allowed = !outer || (use === 'jump' && (high & CONFORMING) !== 0);
  if (!(high & CODE) || !allowed) core.fault(Vector.GP, error);
  if (!(high & PRESENT)) core.fault(Vector.NP, error);
  return selector & 0xfffc;
}

/**
 * Loads a data or stack segment register. Its block must end here, because what is decoded depends
 * on which registers are null.
 */
export function loadSegment(core: Core, seg: number, selector: number): void {
  const value = selector & 0xffff;
  const error = value & 0xfffc;
  if (error === 0) {
    if (seg === Seg.Ss) core.fault(Vector.GP, 0);
  } else {
    const high = descriptor(core, value, 0);
    const code = (high & CODE) !== 0;
    const usable = (high & READ_WRITE) !== 0;
    const conforming = code && (high & CONFORMING) !== 0;
    const fits = seg === Seg.Ss ? !code && usable : !code || usable;
    if (!fits || (value & 3 && !conforming)) core.fault(Vector.GP, error);
    if (!(high & PRESENT)) core.fault(seg === Seg.Ss ? Vector.SS : Vector.NP, error);
  }
  const before = core.r[Word.Es + seg]!;
  core.r[Word.Es + seg] = value;
  if (isNull(before) !== isNull(value)) core.segmentsChanged = true;
}

/** Whether a selector is null: nothing can be accessed through it. */
export function isNull(selector: number): boolean {
  return (selector & 0xfffc) === 0;
}

/** mov and pop of ss hold interrupts and the single-step trap back for one instruction. */
function shadow(core: Core, seg: number): void {
  if (seg === Seg.Ss) core.r[Word.Shadow] = ShadowBit.Interrupts | ShadowBit.Traps;
}

function fromRegister(core: Core, seg: number, from: number): void {
  loadSegment(core, seg, core.r16[from]!);
  shadow(core, seg);
}

/** The rule of mov where one operand is a segment register. */
export const movSegment: Lowering = (e, i) => {
  const [to, from] = i.operands;
  if (to!.kind === 'seg') {
    if (to!.reg === Seg.Cs) {
      e.call(undefinedOpcode);
      return;
    }
    e.call(fromRegister, to!.reg, lowHalf(e, from!));
    e.end(Uop.End);
    return;
  }
  const seg = from as Extract<Operand, { kind: 'seg' }>;
  const selector = Word.Es + seg.reg;
  if (to!.kind === 'mem') e.mem(Uop.Store16, registerNumber(selector, 2), to!);
  else if (to!.kind === 'reg' && to!.size === 4) e.op(Uop.Mov32RR, to!.reg, selector);
  else e.store(to!, registerNumber(selector, 2));
};

/** Halfword number that holds an operand's low 16 bits. */
function lowHalf(e: Emitter, operand: Operand): number {
  if (operand.kind === 'reg') return registerNumber(operand.reg, 2);
  if (operand.kind === 'mem') return e.load({ ...operand, size: 2 });
  return temporary(Word.T0, 2);
}

function undefinedOpcode(core: Core): void {
  core.fault(Vector.UD);
}

function pushSelector(core: Core, seg: number, size: number): void {
  const selector = core.r[Word.Es + seg]!;
  if (size === 4) core.push32(selector);
  else core.push16(selector);
}

/** Lowers push of a segment register; with a 32-bit operand the upper half pushed is zero. */
export function pushSegment(e: Emitter, i: Instruction, seg: number): void {
  e.call(pushSelector, seg, i.operandSize);
}

function popSelector(core: Core, seg: number, size: number): void {
  const top = core.r[Word.Esp]!;
  loadSegment(core, seg, core.load16(top));
  core.r[Word.Esp] = top + size;
  shadow(core, seg);
}

/** Lowers pop of a segment register. */
export function popSegment(e: Emitter, i: Instruction, seg: number): void {
  e.call(popSelector, seg, i.operandSize);
  e.end(Uop.End);
}

/** lds, les, lss, lfs, lgs: the pointer at T2, offset first. */
function loadPointer(core: Core, to: number, seg: number, size: number): void {
  const at = core.r[Word.T2]!;
  const offset = size === 4 ? core.load32(at) : core.load16(at);
  loadSegment(core, seg, core.load16(at + size));
  if (size === 4) core.r[to] = offset;
  else core.r16[2 * to] = offset;
}

function pointerRule(seg: Seg): Lowering {
  return (e, i) => {
    const [to, from] = i.operands;
    if (to!.kind !== 'reg' || from!.kind !== 'mem') return;
    e.mem(Uop.Lea, Word.T2, from!);
    e.call(loadPointer, to!.reg, seg, i.operandSize);
    e.end(Uop.End);
  };
}

/** Goes to selector:offset. */
function farJump(core: Core, selector: number, offset: number): void {
  core.r[Word.Cs] = codeSelector(core, selector, 'jump');
  core.r[Word.Eip] = offset;
}

function farCall(core: Core, selector: number, offset: number, size: number): void {
  const r = core.r;
  const cs = codeSelector(core, selector, 'jump');
  const top = (r[Word.Esp]! - 2 * size) | 0;
  const next = r[Word.T1]!;
  core.prepareStore(top >>> 0, 2 * size);
  if (size === 4) {
    core.store32(top + 4, r[Word.Cs]!);
    core.store32(top, next);
  } else {
    core.store16(top + 2, r[Word.Cs]!);
    core.store16(top, next);
  }
  r[Word.Esp] = top;
  r[Word.Cs] = cs;
  r[Word.Eip] = offset;
}

function jumpThroughMemory(core: Core, size: number): void {
  const at = core.r[Word.T2]!;
  const offset = size === 4 ? core.load32(at) : core.load16(at);
  farJump(core, core.load16(at + size), offset);
}

function callThroughMemory(core: Core, size: number): void {
  const at = core.r[Word.T2]!;
  const offset = size === 4 ? core.load32(at) : core.load16(at);
  farCall(core, core.load16(at + size), offset, size);
}

const callf32 = (core: Core, selector: number, offset: number): void =>
  farCall(core, selector, offset, 4);
const callf16 = (core: Core, selector: number, offset: number): void =>
  farCall(core, selector, offset, 2);

const jmpf: Lowering = (e, i) => {
  const to = i.operands[0]!;
  if (to.kind === 'far') {
    e.jumpCall(farJump, to.selector, to.offset);
  } else if (to.kind === 'mem') {
    e.mem(Uop.Lea, Word.T2, to);
    e.jumpCall(jumpThroughMemory, i.operandSize);
  }
};

const callf: Lowering = (e, i) => {
  const to = i.operands[0]!;
  e.op(Uop.Mov32RI, Word.T1, 0, e.next);
  if (to.kind === 'far') {
    e.jumpCall(i.operandSize === 4 ? callf32 : callf16, to.selector, to.offset);
  } else if (to.kind === 'mem') {
    e.mem(Uop.Lea, Word.T2, to);
    e.jumpCall(callThroughMemory, i.operandSize);
  }
};

/** Pops eip, cs, then `bytes` more. */
function farReturn(core: Core, size: number, bytes: number): void {
  const top = core.r[Word.Esp]!;
  const offset = size === 4 ? core.load32(top) : core.load16(top);
  core.r[Word.Cs] = codeSelector(core, core.load16(top + size), 'return');
  core.r[Word.Eip] = offset;
  core.r[Word.Esp] = top + 2 * size + bytes;
}

const retf: Lowering = (e, i) => {
  const operand = i.operands[0];
  e.jumpCall(farReturn, i.operandSize, operand?.kind === 'imm' ? operand.value & 0xffff : 0);
};

/** How far pointers and far control flow are lowered. */
export const SEGMENT_RULES: Rules = {
  lds: pointerRule(Seg.Ds),
  les: pointerRule(Seg.Es),
  lss: pointerRule(Seg.Ss),
  lfs: pointerRule(Seg.Fs),
  lgs: pointerRule(Seg.Gs),
  jmpf,
  callf,
  retf,
};

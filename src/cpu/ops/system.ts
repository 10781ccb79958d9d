/**
 * System instructions: descriptor tables, control registers, cpuid, rdtsc, rdrand, hlt, software
 * interrupts, iret, bound, and the opcodes that are undefined by design. Everything runs in ring 0.
 *
 * Known deviations: cr0.PE stays 1 and cr0.PG 0, cr4 stays 0 (#GP on an attempt to change them:
 * paging is not there); caches and TLB do not exist, so that their instructions do nothing; a task
 * register and an LDT selector can be stored and read back, nothing more; iret with NT set, or to
 * virtual-8086 mode, raises #GP.
 */
import { type Core, Vector } from '../core.ts';
import type { Lowering, Rules } from '../emitter.ts';
import { registerNumber } from '../emitter.ts';
import { enterHandler } from '../exceptions.ts';
import { Eflags } from '../flags.ts';
import { Word } from '../layout.ts';
import { Uop } from '../uop.ts';
import { codeSelector } from './segment.ts';

/** Bits of cr0. */
const PE = 1;
const TS = 8;
const ET = 0x10;
const NW = 0x2000_0000;
const CD = 0x4000_0000;
const CR0_WRITABLE = 0x6005002f;

/** What cpuid says (SDM volume 2, CPUID): TSC CX8 CMOV in edx, RDRAND in ecx. */
const MAX_LEAF = 1;
const VENDOR = 'vmft vmft vm';
const SIGNATURE = 0x600;
const FEATURES_EDX = (1 << 4) | (1 << 8) | (1 << 15);
const FEATURES_ECX = 1 << 30;

function cpuid(core: Core): void {
  const r = core.r;
  const leaf = r[Word.Eax]!;
  const word = (at: number): number =>
    [0, 1, 2, 3].reduce((sum, i) => sum | (VENDOR.charCodeAt(at + i) << (8 * i)), 0);
  if (leaf === 0) setLeaf(r, MAX_LEAF, word(0), word(8), word(4));
  else if (leaf === 1) setLeaf(r, SIGNATURE, 0, FEATURES_ECX, FEATURES_EDX);
  else setLeaf(r, 0, 0, 0, 0);
}

function setLeaf(r: Int32Array, eax: number, ebx: number, ecx: number, edx: number): void {
  r[Word.Eax] = eax;
  r[Word.Ebx] = ebx;
  r[Word.Ecx] = ecx;
  r[Word.Edx] = edx;
}

function rdtsc(core: Core): void {
  const reading = core.take({ kind: 'tsc' });
  if (reading.kind === 'entropy') return;
  core.r[Word.Eax] = Number(reading.value & 0xffffffffn);
  core.r[Word.Edx] = Number((reading.value >> 32n) & 0xffffffffn);
}

function rdrand(core: Core, to: number, size: number): void {
  const reading = core.take({ kind: 'entropy', size });
  if (reading.kind !== 'entropy') return;
  const [b0 = 0, b1 = 0, b2 = 0, b3 = 0] = reading.bytes;
  if (size === 4) core.r[to] = b0 | (b1 << 8) | (b2 << 16) | (b3 << 24);
  else core.r16[2 * to] = b0 | (b1 << 8);
  core.setArithmetic(Eflags.CF);
}

/**
 * lgdt and lidt: with a 16-bit operand size the base has 24 bits. `table` is GdtBase or IdtBase.
 */
function loadTable(core: Core, table: number, size: number): void {
  const at = core.r[Word.T2]!;
  const limit = core.load16(at);
  const base = core.load32(at + 2);
  core.r[table] = size === 4 ? base : base & 0xffffff;
  core.r[table + 1] = limit;
}

function storeTable(core: Core, table: number): void {
  const at = core.r[Word.T2]!;
  core.prepareStore(at >>> 0, 2);
  core.prepareStore((at + 2) >>> 0, 4);
  core.store16(at, core.r[table + 1]!);
  core.store32(at + 2, core.r[table]!);
}

function tableRule(
  helper: (core: Core, table: number, size: number) => void,
  table: Word,
): Lowering {
  return (e, i) => {
    const operand = i.operands[0]!;
    if (operand.kind === 'mem') e.mem(Uop.Lea, Word.T2, operand);
    e.call(helper, table, i.operandSize);
  };
}

/** A word of the state block as a 16-bit value: sldt, str, smsw. */
function storeWord(word: Word): Lowering {
  return (e, i) => {
    const to = i.operands[0]!;
    if (to.kind === 'mem') e.mem(Uop.Store16, registerNumber(word, 2), to);
    else if (to.kind === 'reg' && to.size === 4) e.op(Uop.Mov32RR, to.reg, word);
    else e.store(to, registerNumber(word, 2));
  };
}

function loadWord(helper: (core: Core, from: number) => void): Lowering {
  return (e, i) => {
    const from = i.operands[0]!;
    e.call(helper, from.kind === 'reg' ? registerNumber(from.reg, 2) : e.load(from));
  };
}

function setControl(core: Core, control: number, from: number): void {
  const value = core.r[from]!;
  if (control === 0) {
    const cacheable = (value & (NW | CD)) !== NW;
    const possible = (value & PE) !== 0 && (value & ~(CR0_WRITABLE | ET)) === 0;
    if (!possible || !cacheable) core.fault(Vector.GP, 0);
    core.r[Word.Cr0] = value | ET;
  } else if (control === 4) {
    if (value !== 0) core.fault(Vector.GP, 0);
  } else {
    core.r[control === 2 ? Word.Cr2 : Word.Cr3] = value;
  }
}

/** mov to and from cr0, cr2, cr3, cr4; others do not exist. */
export const movControl: Lowering = (e, i) => {
  const [to, from] = i.operands;
  const control = to!.kind === 'control' ? to! : from!;
  const register = to!.kind === 'control' ? from! : to!;
  if (control.kind !== 'control' || register.kind !== 'reg') return;
  const words = new Map([
    [0, Word.Cr0],
    [2, Word.Cr2],
    [3, Word.Cr3],
    [4, Word.Cr4],
  ]);
  const word = words.get(control.reg);
  if (word === undefined) e.call(undefinedOpcode);
  else if (to!.kind === 'control') e.call(setControl, control.reg, register.reg);
  else e.op(Uop.Mov32RR, register.reg, word);
};

function clearTaskSwitched(core: Core): void {
  core.r[Word.Cr0]! &= ~TS;
}

/** lmsw sets the low four bits of cr0, and cannot clear PE. */
function loadMachineStatus(core: Core, from: number): void {
  core.r[Word.Cr0] = (core.r[Word.Cr0]! & ~0xe) | (core.r16[from]! & 0xf);
}

/** The instruction int1, as opposed to int 1. */
const INT1 = 0x100 | Vector.DB;

function undefinedOpcode(core: Core): void {
  core.fault(Vector.UD);
}

/** The next address lies in T1. int1 is not counted among the software's when its gate is bad. */
function softwareInterrupt(core: Core, vector: number): void {
  const origin = vector === INT1 ? 'trap' : 'software';
  enterHandler(core, vector & 0xff, undefined, origin, core.r[Word.T1]!);
  core.trapped = true;
}

function interruptRule(vector: number): Lowering {
  return (e) => {
    e.op(Uop.Mov32RI, Word.T1, 0, e.next);
    e.jumpCall(softwareInterrupt, vector);
  };
}

function overflowTrap(core: Core): void {
  if (core.eflags & Eflags.OF) softwareInterrupt(core, Vector.OF);
  else core.r[Word.Eip] = core.r[Word.T1]!;
}

function interruptReturn(core: Core, size: number): void {
  const r = core.r;
  if (r[Word.SystemFlags]! & Eflags.NT) core.fault(Vector.GP, 0);
  const top = r[Word.Esp]!;
  const load = (at: number): number => (size === 4 ? core.load32(at) : core.load16(at));
  const eip = load(top);
  const selector = load(top + size) & 0xffff;
  const flags = load(top + 2 * size);
  if (size === 4 && flags & Eflags.VM) core.fault(Vector.GP, 0);
  const cs = codeSelector(core, selector, 'return');
  core.eflags = size === 4 ? flags : (core.eflags & ~0xffff) | flags;
  if (size === 4) r[Word.SystemFlags]! |= flags & Eflags.RF;
  r[Word.Cs] = cs;
  r[Word.Eip] = eip;
  r[Word.Esp] = top + 3 * size;
}

/**
 * #BR unless lower ≤ register ≤ upper, signed; the pair is at T2. The upper bound's address is one
 * of the instruction's address size: with 16 bits it goes round within 64 KiB, as on AMD's.
 */
function bound(core: Core, reg: number, size: number, addressSize: number): void {
  const at = core.r[Word.T2]!;
  const above = addressSize === 4 ? at + size : (at + size) & 0xffff;
  const signed16 = (value: number): number => (value << 16) >> 16;
  const value = size === 4 ? core.r[reg]! : signed16(core.r16[2 * reg]!);
  const lower = size === 4 ? core.load32(at) : signed16(core.load16(at));
  const upper = size === 4 ? core.load32(above) : signed16(core.load16(above));
  if (value < lower || value > upper) core.fault(Vector.BR);
}

const nothing: Lowering = () => {};
const undefinedRule: Lowering = (e) => e.call(undefinedOpcode);

/** How system instructions are lowered. */
export const SYSTEM_RULES: Rules = {
  cpuid: (e) => e.call(cpuid),
  rdtsc: (e) => e.call(rdtsc),
  rdrand: (e, i) => {
    const to = i.operands[0]!;
    if (to.kind === 'reg') e.call(rdrand, to.reg, i.operandSize);
  },
  lgdt: tableRule(loadTable, Word.GdtBase),
  lidt: tableRule(loadTable, Word.IdtBase),
  sgdt: tableRule(storeTable, Word.GdtBase),
  sidt: tableRule(storeTable, Word.IdtBase),
  sldt: storeWord(Word.Ldtr),
  str: storeWord(Word.Tr),
  smsw: storeWord(Word.Cr0),
  lldt: loadWord((core, from) => void (core.r[Word.Ldtr] = core.r16[from]!)),
  ltr: loadWord((core, from) => void (core.r[Word.Tr] = core.r16[from]!)),
  lmsw: loadWord(loadMachineStatus),
  clts: (e) => e.call(clearTaskSwitched),
  invlpg: nothing,
  invd: nothing,
  wbinvd: nothing,
  hlt: (e) => e.end(Uop.Halt),
  int: (e, i) => {
    const operand = i.operands[0]!;
    interruptRule(operand.kind === 'imm' ? operand.value & 0xff : 0)(e, i);
  },
  int3: interruptRule(Vector.BP),
  int1: interruptRule(INT1),
  into: (e) => {
    e.op(Uop.Mov32RI, Word.T1, 0, e.next);
    e.jumpCall(overflowTrap);
  },
  iret: (e, i) => e.jumpCall(interruptReturn, i.operandSize),
  bound: (e, i) => {
    const [register, pair] = i.operands;
    if (register!.kind !== 'reg' || pair!.kind !== 'mem') return;
    e.mem(Uop.Lea, Word.T2, pair!);
    e.call(bound, register!.reg, i.operandSize, pair!.addressSize);
  },
  ud0: undefinedRule,
  ud1: undefinedRule,
  ud2: undefinedRule,
};

/** Writes the micro-operations of a block; what the lowering rules in ops/ are given. */
import { assert } from '../base/assert.ts';
import type { Instruction, MemoryOperand, Operand } from '../isa/instruction.ts';
import type { CodeMap } from './code-map.ts';
import type { Core } from './core.ts';
import { Word } from './layout.ts';
import { Branch, Field, UOP_WORDS, Uop } from './uop.ts';

/** A helper of the {@link Uop.Call} kind; `a`, `b` and `c` mean what its lowering rule says. */
export type Helper = (core: Core, a: number, b: number, c: number) => void;
/** A helper that answers whether a conditional branch is taken. */
export type BranchHelper = (core: Core, a: number) => boolean;
/**
 * One or more iterations of a repeated string instruction, at most `max` (≥ 1); `which` is the
 * rule's. Returns the iterations done, negative when the instruction is finished.
 */
export type RepeatHelper = (core: Core, which: number, max: number) => number;

/** How an instruction becomes micro-operations. */
export type Lowering = (e: Emitter, i: Instruction) => void;

/** Rules by mnemonic. */
export type Rules = Readonly<Record<string, Lowering>>;

/**
 * All helpers by number, in the order of their first use; numbers mean nothing outside a process.
 */
class Numbered<T> {
  readonly list: T[] = [];
  readonly #numbers = new Map<T, number>();

  of(item: T): number {
    let number = this.#numbers.get(item);
    if (number === undefined) {
      number = this.list.push(item) - 1;
      this.#numbers.set(item, number);
    }
    return number;
  }
}

const helpers = new Numbered<Helper>();
const branchHelpers = new Numbered<BranchHelper>();
const repeatHelpers = new Numbered<RepeatHelper>();

/** The helpers by number, for the interpreter: plain ones, branches, iterations. */
export const HELPERS: readonly Helper[] = helpers.list;
export const BRANCH_HELPERS: readonly BranchHelper[] = branchHelpers.list;
export const REPEAT_HELPERS: readonly RepeatHelper[] = repeatHelpers.list;

/** Number of a register as an operand of its size: word, halfword or byte of the state block. */
export function registerNumber(reg: number, size: 1 | 2 | 4): number {
  if (size === 4) return reg;
  if (size === 2) return reg * 2;
  return reg < 4 ? reg * 4 : (reg - 4) * 4 + 1;
}

/** Number of a temporary (Word.T0 …) as an operand of `size` bytes. */
export function temporary(word: Word, size: 1 | 2 | 4): number {
  return size === 4 ? word : size === 2 ? word * 2 : word * 4;
}

export class Emitter {
  /** Index of the latest operation, for the fusing of compare and branch; 0 after other things. */
  #previous = 0;
  /** The present instruction has ended the block. */
  ended = false;
  /** Address of the instruction after the present one. */
  next = 0;

  readonly #map: CodeMap;
  #at = 0;
  #address = 0;
  #index = 0;

  constructor(map: CodeMap) {
    this.#map = map;
  }

  /** Where the next operation goes, in words. */
  get at(): number {
    return this.#at;
  }

  /** Begins a block at word `at`; `index` instructions come before. */
  beginBlock(at: number): void {
    this.#at = at;
    this.#index = -1;
    this.#previous = 0;
    this.ended = false;
  }

  /** Begins the instruction at `address`. */
  beginInstruction(address: number, length: number): void {
    this.#address = address;
    this.#index++;
    this.next = (address + length) >>> 0;
  }

  /** An operation with two register numbers and an immediate. */
  op(op: Uop, a = 0, b = 0, imm = 0): void {
    this.#put(op, a, b, Word.Zero, Word.Zero, 0, 0, imm);
  }

  /** An operation on memory. Addresses of 16 bits are computed beforehand. */
  mem(op: Uop, a: number, m: MemoryOperand, imm = 0, b = 0): void {
    const base = m.base < 0 ? Word.Zero : m.base;
    const index = m.index < 0 ? Word.Zero : m.index;
    if (m.addressSize === 4) {
      this.#put(op, a, b, base, index, m.shift, m.disp, imm);
      return;
    }
    this.#put(Uop.Lea16, Word.T2, 0, base, index, m.shift, m.disp, 0);
    this.#put(op, a, b, Word.T2, Word.Zero, 0, 0, imm);
  }

  /** A 16-bit operation of group 1: which one stands in the field `shift`. */
  alu16(op: Uop, which: number, a: number, b: number, imm: number): void {
    this.#put(op, a, b, Word.Zero, Word.Zero, which, 0, imm);
  }

  /** A call of `helper` with three arguments. */
  call(helper: Helper, a = 0, b = 0, c = 0): void {
    this.#put(Uop.Call, helpers.of(helper), a, Word.Zero, Word.Zero, 0, b, c);
  }

  /** Loads an operand's value into a register of its size; registers stay where they are. */
  load(operand: Operand, into: Word = Word.T0): number {
    if (operand.kind === 'reg') return registerNumber(operand.reg, operand.size);
    assert(operand.kind === 'mem', () => `operand ${operand.kind} has no register`);
    const size = wordSize(operand);
    const number = temporary(into, size);
    this.mem(size === 4 ? Uop.Load32 : size === 2 ? Uop.Load16 : Uop.Load8, number, operand);
    return number;
  }

  /** Like {@link load} for a destination that {@link store} will write. */
  loadForStore(operand: Operand, into: Word = Word.T0): number {
    if (operand.kind !== 'mem') return this.load(operand, into);
    const size = wordSize(operand);
    const number = temporary(into, size);
    const op = size === 4 ? Uop.LoadRmw32 : size === 2 ? Uop.LoadRmw16 : Uop.LoadRmw8;
    this.mem(op, number, operand);
    return number;
  }

  /** Stores a register of the operand's size to it; for a register operand, a move. */
  store(operand: Operand, from: number): void {
    const size = wordSize(operand);
    if (operand.kind === 'mem') {
      this.mem(size === 4 ? Uop.Store32 : size === 2 ? Uop.Store16 : Uop.Store8, from, operand);
      return;
    }
    assert(operand.kind === 'reg', () => `operand ${operand.kind} cannot be written`);
    const to = registerNumber(operand.reg, operand.size);
    if (to !== from) this.op(moveOp(size), to, from);
  }

  /** A branch to `taken`, or else to the next instruction. Ends the block. */
  branch(op: Uop, taken: number): void {
    const fused = this.#fuse(op);
    if (fused) {
      this.#map.code[this.#previous + Branch.Taken] = taken;
      this.#map.code[this.#previous + Branch.Next] = this.next;
    } else {
      this.#put(op, 0, 0, 0, 0, 0, taken, this.next);
    }
    this.ended = true;
  }

  /** A branch that `helper(argument)` decides. */
  branchCall(helper: BranchHelper, argument: number, taken: number): void {
    this.#put(Uop.CallBranch, 0, 0, branchHelpers.of(helper), argument, 0, taken, this.next);
    this.ended = true;
  }

  /** A jump to a computed address. */
  jump(op: Uop, a: number, b = 0): void {
    this.op(op, a, b, this.next);
    this.ended = true;
  }

  /** Goes on at `address`, without counting. */
  goto(address: number): void {
    this.#put(Uop.Goto, 0, 0, 0, 0, 0, address, address);
    this.ended = true;
  }

  /** A helper that sets eip itself; afterwards events are looked at. */
  jumpCall(helper: Helper, a = 0, b = 0, c = 0): void {
    this.#put(Uop.CallJump, helpers.of(helper), a, Word.Zero, Word.Zero, 0, b, c);
    this.ended = true;
  }

  /** Ends the block with an operation that leaves it; `imm` is the next address. */
  end(op: Uop): void {
    this.op(op, 0, 0, this.next);
    this.ended = true;
  }

  /** A repeated string instruction. */
  repeat(helper: RepeatHelper, which: number): void {
    this.op(Uop.Repeat, repeatHelpers.of(helper), which, this.next);
    this.ended = true;
  }

  #put(
    op: Uop,
    a: number,
    b: number,
    base: number,
    index: number,
    shift: number,
    disp: number,
    imm: number,
  ): void {
    const code = this.#map.code;
    const p = this.#at;
    code[p] = op;
    code[p + Field.A] = a;
    code[p + Field.B] = b;
    code[p + Field.Base] = base;
    code[p + Field.Index] = index;
    code[p + Field.Shift] = shift;
    code[p + Field.Disp] = disp;
    code[p + Field.Imm] = imm;
    const n = p / UOP_WORDS;
    this.#map.where[2 * n] = this.#address;
    this.#map.where[2 * n + 1] = this.#index;
    this.#previous = p;
    this.#at = p + UOP_WORDS;
  }

  /** Turns a compare or test just written and the branch on it into one operation. */
  #fuse(op: Uop): boolean {
    const p = this.#previous;
    if (p === 0) return false;
    const code = this.#map.code;
    const a = code[p + Field.A]!;
    const b = code[p + Field.B]!;
    const imm = code[p + Field.Imm]!;
    const fused = fusedOp(code[p]!, op);
    if (fused === undefined) return false;
    code[p] = fused;
    code[p + Branch.LinkTaken] = 0;
    code[p + Branch.LinkNext] = 0;
    code[p + Branch.A] = a;
    code[p + Branch.B] = b;
    code[p + Branch.Imm] = imm;
    return true;
  }
}

/** Size in bytes of a register or memory operand of at most four. */
export function wordSize(operand: Operand): 1 | 2 | 4 {
  assert(
    operand.kind === 'reg' || operand.kind === 'mem',
    () => `operand ${operand.kind} has no size`,
  );
  const size = operand.size;
  assert(size === 1 || size === 2 || size === 4, () => `operand of ${size} bytes`);
  return size;
}

function moveOp(size: 1 | 2 | 4): Uop {
  return size === 4 ? Uop.Mov32RR : size === 2 ? Uop.Mov16RR : Uop.Mov8RR;
}

/** Position of a jcc among the fused branches on a comparison: b ae z nz be a, l ge le g. */
function comparisonIndex(jcc: Uop): number {
  if (jcc >= Uop.Jb && jcc <= Uop.Ja) return jcc - Uop.Jb;
  if (jcc >= Uop.Jl && jcc <= Uop.Jg) return jcc - Uop.Jl + 6;
  return -1;
}

function fusedOp(compare: number, jcc: Uop): Uop | undefined {
  const index = comparisonIndex(jcc);
  if (compare === Uop.Cmp32RR && index >= 0) return Uop.CmpRRJb + index;
  if (compare === Uop.Cmp32RI && index >= 0) return Uop.CmpRIJb + index;
  if (compare !== Uop.Test32RR) return undefined;
  switch (jcc) {
    case Uop.Jz:
      return Uop.TestRRJz;
    case Uop.Jnz:
      return Uop.TestRRJnz;
    case Uop.Js:
      return Uop.TestRRJs;
    case Uop.Jns:
      return Uop.TestRRJns;
    case Uop.Jle:
      return Uop.TestRRJle;
    case Uop.Jg:
      return Uop.TestRRJg;
    default:
      return undefined;
  }
}

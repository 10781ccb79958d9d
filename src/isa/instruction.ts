/**
 * A decoded instruction, and the row of the instruction table that it is an instance of. The types
 * that decoder, encoder, disassembler, interpreter and translator share. Pure data.
 *
 * Words and letters are those of Intel's Software Developer's Manual, volume 2, appendix A.
 */

/** General registers in hardware order, 0 … 7; with size 1 they are al cl dl bl ah ch dh bh. */
export const enum Reg {
  Eax,
  Ecx,
  Edx,
  Ebx,
  Esp,
  Ebp,
  Esi,
  Edi,
}

/** Segment registers in hardware order. */
export const enum Seg {
  Es,
  Cs,
  Ss,
  Ds,
  Fs,
  Gs,
}

/** Size of an operand in bytes; 6 is a far pointer (16:32), 8 a quadword (cmpxchg8b). */
export type OperandSize = 1 | 2 | 4 | 6 | 8;

/**
 * A memory operand: address = base + index × 2^shift + displacement, modulo 2^32; with 16-bit
 * addressing modulo 2^16.
 */
export interface MemoryOperand {
  readonly kind: 'mem';
  readonly size: OperandSize;
  /** Base register 0 … 7, or -1. */
  readonly base: number;
  /** Index register 0 … 7 except esp, or -1. */
  readonly index: number;
  /** Scale as a shift, 0 … 3. */
  readonly shift: number;
  /** Displacement, a signed 32-bit integer. */
  readonly disp: number;
  /** The segment in force (its default, or the override). */
  readonly segment: Seg;
  /** 2 with an address-size prefix, else 4. */
  readonly addressSize: 2 | 4;
}

/** An operand of a decoded instruction; sizes are in bytes. */
export type Operand =
  | { readonly kind: 'reg'; readonly reg: number; readonly size: 1 | 2 | 4 }
  | MemoryOperand
  /**
   * Sign-extended to 32 bits where the instruction says so (code Ibs; size is then that of the
   * operation), else zero-extended; always a signed 32-bit integer.
   */
  | { readonly kind: 'imm'; readonly value: number; readonly size: 1 | 2 | 4 }
  /** Target of a relative jump or call, already added to the next address (unsigned 32 bits). */
  | { readonly kind: 'rel'; readonly target: number; readonly size: 1 | 2 | 4 }
  | {
      readonly kind: 'far';
      readonly selector: number;
      readonly offset: number;
      readonly size: 2 | 4;
    }
  | { readonly kind: 'seg'; readonly reg: Seg }
  | { readonly kind: 'control'; readonly reg: number };

/** One instruction as the decoder found it in memory. */
export interface Instruction {
  readonly row: Row;
  /** Linear address of its first byte, unsigned. */
  readonly address: number;
  /** 1 … 15 bytes, prefixes included. */
  readonly length: number;
  /** In force after prefixes, for operands that follow it ("v" in the manual). */
  readonly operandSize: 2 | 4;
  readonly addressSize: 2 | 4;
  readonly lock: boolean;
  /**
   * 0xF3 (rep, repe), 0xF2 (repne) or 0; only where the row is a string instruction. Where the row
   * knows no condition (`rep`), 0xF2 means the same as 0xF3 and is given as 0xF3.
   */
  readonly repeat: 0 | 0xf2 | 0xf3;
  /** Segment in force for a string source, xlat or a moffs; Ds unless overridden. */
  readonly segment: Seg;
  /**
   * One for each code of `row.operands`, destination first. Implicit operands are not listed; the
   * X and Y of a string instruction are memory operands at esi and edi (si and di).
   */
  readonly operands: readonly Operand[];
}

/**
 * Why bytes are no instruction: `ud` = invalid opcode (#UD), `long` = more than 15 bytes (#GP),
 * `fetch` = the bytes end (outside RAM, or end of the buffer).
 */
export interface NotAnInstruction {
  readonly row: undefined;
  readonly why: 'ud' | 'long' | 'fetch';
  readonly address: number;
  /** Bytes looked at, at least 1. */
  readonly length: number;
}

/** The six arithmetic flags, one letter each: C P A Z S O. */
export type FlagLetters = string;

/** One row of the instruction table: one opcode with one operand form. */
export interface Row {
  /** Position in the table. */
  readonly id: number;
  /** Lower case, as nasm spells it; the key by which the processor finds the semantics. */
  readonly mnemonic: string;
  /** The opcode byte, or 0x0F00 + second byte; the first of eight if an operand is Zb or Zv. */
  readonly opcode: number;
  /** Opcode extension in ModRM.reg ("/0" … "/7"), or -1. */
  readonly digit: number;
  /** What ModRM.mod must be: a register, memory, or either. */
  readonly mod: 'any' | 'reg' | 'mem';
  /** A prefix that is part of the opcode (F3 in pause and endbr32), or 0. */
  readonly mandatory: 0 | 0xf3 | 0xf2;
  /** What ModRM.rm must be (endbr32), or -1. */
  readonly rm: number;
  /** Operand codes as in appendix A: Eb, Ev, Gv, Iz, Jb, Ob, AL, eAX, Zv, … */
  readonly operands: readonly string[];
  /** May carry a lock prefix when its destination is memory. */
  readonly lockable: boolean;
  /** String instruction: which repeat prefixes mean something. */
  readonly repeatable: 'none' | 'rep' | 'repcc';
  /** A second encoding of another row: decoded, never chosen by the assembler. */
  readonly alias: boolean;
  /** Flags tested, and those written with a defined value. */
  readonly tests: FlagLetters;
  readonly writes: FlagLetters;
  /** Flags that the manual leaves undefined, with the value that vmft gives them, in prose. */
  readonly undefinedFlags: FlagLetters;
  readonly undefinedValue: string;
}

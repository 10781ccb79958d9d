/**
 * Micro-operations: what the interpreter executes. An instruction is lowered (ops/) to one or more;
 * a block of them lies in an Int32Array, eight words each:
 *
 *   0 op   1 a   2 b   3 base   4 index   5 shift   6 disp   7 imm
 *
 * `a` and `b` are register numbers: words of the state block for 32-bit operations, and the
 * matching byte or halfword number for the smaller ones. A memory address is
 * r[base] + (r[index] << shift) + disp, where the word Zero stands in for an absent register.
 *
 * Branches use a different reading: 1 and 2 are links to the decoded successor (taken, not taken;
 * 0 = not known yet), 6 and 7 the addresses of these successors; fused compare-and-branch
 * operations have their registers in 3 and 4, an immediate in 5.
 *
 * Before the first operation of a block lie eight words of header: 0 its address, 1 the address
 * after it, 7 the number of its instructions.
 */

/** Words of a micro-operation. */
export const UOP_WORDS = 8;

/** Words of a micro-operation, by their use. */
export const enum Field {
  Op,
  A,
  B,
  Base,
  Index,
  Shift,
  Disp,
  Imm,
}

/** Fields of a branch. */
export const enum Branch {
  Op,
  LinkTaken,
  LinkNext,
  A,
  B,
  Imm,
  Taken,
  Next,
}

/** Fields of a block's header, relative to its first operation. */
export const enum Header {
  Address = -8,
  End = -7,
  Instructions = -1,
}

/**
 * The eight operations of opcode group 1 stand in hardware order (add or adc sbb and sub xor cmp)
 * behind each of the Alu… names; the sixteen conditions behind Jcc and friends in hardware order.
 */
export const enum Uop {
  /** An outdated block: look the address up again. */
  Stale,
  // Moves
  Mov32RR,
  Mov32RI,
  Mov16RR,
  Mov16RI,
  Mov8RR,
  Mov8RI,
  Load32,
  Load16,
  Load8,
  /** Loads of a destination: what could stop the store that follows stops these. */
  LoadRmw32,
  LoadRmw16,
  LoadRmw8,
  Store32,
  Store16,
  Store8,
  Store32I,
  Store16I,
  Store8I,
  Lea,
  Lea16,
  Movzx8R,
  Movzx16R,
  Movsx8R,
  Movsx16R,
  Movzx8M,
  Movzx16M,
  Movsx8M,
  Movsx16M,
  Xchg32RR,
  // Arithmetic and logic
  Add32RR,
  Or32RR,
  Adc32RR,
  Sbb32RR,
  And32RR,
  Sub32RR,
  Xor32RR,
  Cmp32RR,
  Add32RI,
  Or32RI,
  Adc32RI,
  Sbb32RI,
  And32RI,
  Sub32RI,
  Xor32RI,
  Cmp32RI,
  Add32RM,
  Or32RM,
  Adc32RM,
  Sbb32RM,
  And32RM,
  Sub32RM,
  Xor32RM,
  Cmp32RM,
  Cmp32MI,
  Add8RR,
  Or8RR,
  Adc8RR,
  Sbb8RR,
  And8RR,
  Sub8RR,
  Xor8RR,
  Cmp8RR,
  Add8RI,
  Or8RI,
  Adc8RI,
  Sbb8RI,
  And8RI,
  Sub8RI,
  Xor8RI,
  Cmp8RI,
  /** 16-bit group 1: the operation is in `shift`. */
  Alu16RR,
  Alu16RI,
  Test32RR,
  Test32RI,
  Test8RR,
  Test8RI,
  Test16RR,
  Test16RI,
  Inc32,
  Dec32,
  Neg32,
  Not32,
  // Shifts of 32-bit registers by an immediate 1 … 31, and by cl
  Shl32I,
  Shr32I,
  Sar32I,
  Rol32I,
  Ror32I,
  Shl32C,
  Shr32C,
  Sar32C,
  Shld32I,
  Shrd32I,
  // Multiplication
  Imul32RR,
  Imul32RRI,
  Mul32,
  Imul32,
  Div32,
  Idiv32,
  Cdq,
  Cwde,
  // Conditions: sixteen each by `b`
  Setcc,
  Cmov32,
  // Stack
  Push32,
  Push32I,
  Pop32,
  Leave,
  // A helper: function number in `a`, its arguments in `b`, `disp` and `imm`
  Call,
  // Branches
  Goto,
  Jo,
  Jno,
  Jb,
  Jae,
  Jz,
  Jnz,
  Jbe,
  Ja,
  Js,
  Jns,
  Jp,
  Jnp,
  Jl,
  Jge,
  Jle,
  Jg,
  // Fused compare and branch
  CmpRRJb,
  CmpRRJae,
  CmpRRJz,
  CmpRRJnz,
  CmpRRJbe,
  CmpRRJa,
  CmpRRJl,
  CmpRRJge,
  CmpRRJle,
  CmpRRJg,
  CmpRIJb,
  CmpRIJae,
  CmpRIJz,
  CmpRIJnz,
  CmpRIJbe,
  CmpRIJa,
  CmpRIJl,
  CmpRIJge,
  CmpRIJle,
  CmpRIJg,
  TestRRJz,
  TestRRJnz,
  TestRRJs,
  TestRRJns,
  TestRRJle,
  TestRRJg,
  /** Decrement ecx, branch if it is not zero. */
  Loop,
  /** Helper that answers whether to take the branch: function in `base`, argument in `index`. */
  CallBranch,
  // Jumps to a computed address
  CallNear,
  CallR,
  JmpR,
  Ret,
  /** A helper has set eip. Function in `a`, arguments in `b` and `imm`. */
  CallJump,
  // Ends of a block that go back to the outer loop
  /** The next instruction may touch devices or code. */
  Careful,
  /** Events may be waiting: devices, interrupt flag. `imm` is the next address. */
  End,
  Halt,
  /** Repeated string instruction: function in `a`, `b` says which, `imm` the next address. */
  Repeat,
  /** #UD, or #GP for more than fifteen bytes and stores through cs: vector in `a`. */
  Invalid,
}

/**
 * The six arithmetic flags, kept lazily as two 32-bit words: what the last operation gave, and its
 * carry vector. Every operation writes both; a flag is computed when somebody asks.
 *
 *   result  sign-extended result of the last operation
 *   carry   bit 31: carry out of the top bit; bit 30: carry into the top bit; bit 3: carry out of
 *           bit 3; bit 0 and bits 8 … 15: corrections for states that no result gives (popf)
 *
 *   CF = carry[31]      OF = carry[31] ^ carry[30]      AF = carry[3]
 *   ZF = result == 0    SF = result[31] ^ carry[0]
 *   PF = even parity of result[7:0] ^ carry[15:8]
 *
 * All other bits of `carry` are zero. The shape of the vector is that of a borrow for subtractions.
 */

/** Bits of eflags (SDM volume 1, 3.4.3). */
export const enum Eflags {
  CF = 0x0001,
  One = 0x0002,
  PF = 0x0004,
  AF = 0x0010,
  ZF = 0x0040,
  SF = 0x0080,
  TF = 0x0100,
  IF = 0x0200,
  DF = 0x0400,
  OF = 0x0800,
  IOPL = 0x3000,
  NT = 0x4000,
  RF = 0x10000,
  VM = 0x20000,
  AC = 0x40000,
  ID = 0x200000,
}

/** The bits that `result` and `carry` stand for. */
export const ARITHMETIC = Eflags.CF | Eflags.PF | Eflags.AF | Eflags.ZF | Eflags.SF | Eflags.OF;

/** The bits that popf and iret can change besides the arithmetic ones (iret also RF). */
export const SYSTEM =
  Eflags.TF | Eflags.IF | Eflags.DF | Eflags.IOPL | Eflags.NT | Eflags.AC | Eflags.ID;

/** The bits of a carry vector that an addition or subtraction defines, for 32-bit operands. */
export const CARRY_MASK = 0xc0000008 | 0;

/** PARITY[b] is 1 where the byte b has an even number of ones. */
export const PARITY = new Uint8Array(256);
for (let b = 0; b < 256; b++) {
  let ones = 0;
  for (let bits = b; bits; bits &= bits - 1) ones ^= 1;
  PARITY[b] = 1 - ones;
}

/** The arithmetic flags at their places in eflags. */
export function materialise(result: number, carry: number): number {
  return (
    (carry >>> 31) |
    (PARITY[(result ^ (carry >>> 8)) & 0xff]! << 2) |
    ((carry & 8) << 1) |
    (result === 0 ? Eflags.ZF : 0) |
    (((result >>> 31) ^ (carry & 1)) << 7) |
    (((carry ^ (carry << 1)) >>> 31) << 11)
  );
}

/** The result word of a pair that stands for the arithmetic flags in `eflags`. */
export function resultOf(eflags: number): number {
  return eflags & Eflags.ZF ? 0 : 1;
}

/** The carry word that goes with {@link resultOf}. */
export function carryOf(eflags: number): number {
  const cf = eflags & 1;
  const of = (eflags >>> 11) & 1;
  const sf = (eflags >>> 7) & 1;
  const result = resultOf(eflags);
  const pf = PARITY[result]! ^ ((eflags >>> 2) & 1);
  return (cf << 31) | ((cf ^ of) << 30) | ((eflags & Eflags.AF) >>> 1) | sf | (pf << 8);
}

/** A carry word with the given CF, OF and AF (each 0 or 1) and no corrections. */
export function carryWord(cf: number, of: number, af: number): number {
  return (cf << 31) | ((cf ^ of) << 30) | (af << 3);
}

/** Condition `cc` (0 … 15 as in jcc opcodes: o no b ae z nz be a s ns p np l ge le g). */
export function condition(cc: number, result: number, carry: number): boolean {
  switch (cc >> 1) {
    case 0:
      return (carry ^ (carry << 1)) < 0 !== ((cc & 1) === 1);
    case 1:
      return carry < 0 !== ((cc & 1) === 1);
    case 2:
      return (result === 0) !== ((cc & 1) === 1);
    case 3:
      return (carry < 0 || result === 0) !== ((cc & 1) === 1);
    case 4:
      return (result ^ (carry << 31)) < 0 !== ((cc & 1) === 1);
    case 5:
      return (PARITY[(result ^ (carry >>> 8)) & 0xff] === 1) !== ((cc & 1) === 1);
    case 6:
      return less(result, carry) !== ((cc & 1) === 1);
    default:
      return (result === 0 || less(result, carry)) !== ((cc & 1) === 1);
  }
}

/** SF ≠ OF: the signed comparison that gave these flags found "less". */
export function less(result: number, carry: number): boolean {
  return (result ^ (carry << 31) ^ carry ^ (carry << 1)) < 0;
}

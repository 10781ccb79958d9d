/**
 * Decimal adjustment: daa das aaa aas aam aad.
 *
 * Flags the manual leaves undefined are those of the one addition or subtraction by which each of
 * them works: daa and das adjust al (OF), aaa and aas adjust ax (SF ZF PF OF, before the high digit
 * of al is dropped), aad adds to al (CF AF OF). aam clears CF AF OF.
 */
import { type Core, Vector } from '../core.ts';
import type { Rules } from '../emitter.ts';
import { carryWord, Eflags } from '../flags.ts';
import { Word } from '../layout.ts';

/** SF ZF PF of `result`, whose low `bits` count; CF, OF and AF as given. */
function setFlags(
  core: Core,
  result: number,
  bits: number,
  cf: number,
  of: number,
  af: number,
): void {
  core.r[Word.FlagResult] = (result << (32 - bits)) >> (32 - bits);
  core.r[Word.FlagCarry] = carryWord(cf, of, af);
}

/** Signed overflow of a ± by = result in `bits` bits; `sign` is 1 or -1. */
function overflow(a: number, by: number, result: number, sign: number, bits: number): number {
  const alike = sign > 0 ? ~(a ^ by) : a ^ by;
  return ((alike & (a ^ result)) >>> (bits - 1)) & 1;
}

function decimal(core: Core, sign: number): void {
  const al = core.r8[0]!;
  const flags = core.eflags;
  const low = (al & 15) > 9 || (flags & Eflags.AF) !== 0;
  const high = al > 0x99 || (flags & Eflags.CF) !== 0;
  const by = (low ? 6 : 0) + (high ? 0x60 : 0);
  const result = al + by * sign;
  // das with a borrow out of the low digit sets CF as well (SDM volume 2, DAS).
  const borrow = sign < 0 && low && al < 6;
  core.r8[0] = result;
  const of = overflow(al, by, result, sign, 8);
  setFlags(core, result, 8, high || borrow ? 1 : 0, of, low ? 1 : 0);
}

function ascii(core: Core, sign: number): void {
  const ax = core.r16[0]!;
  const adjust = (ax & 15) > 9 || (core.eflags & Eflags.AF) !== 0 ? 1 : 0;
  const by = 0x106 * adjust;
  const result = ax + by * sign;
  core.r16[0] = result & 0xff0f;
  setFlags(core, result, 16, adjust, overflow(ax, by, result, sign, 16), adjust);
}

function aam(core: Core, base: number): void {
  if (base === 0) core.fault(Vector.DE);
  const al = core.r8[0]!;
  core.r8[1] = Math.floor(al / base);
  core.r8[0] = al % base;
  setFlags(core, al % base, 8, 0, 0, 0);
}

function aad(core: Core, base: number): void {
  const al = core.r8[0]!;
  const by = (core.r8[1]! * base) & 0xff;
  const result = al + by;
  core.r16[0] = result & 0xff;
  const carries = al ^ by ^ result;
  setFlags(core, result, 8, result >>> 8, overflow(al, by, result, 1, 8), (carries >>> 4) & 1);
}

/** How decimal adjustments are lowered. */
export const BCD_RULES: Rules = {
  daa: (e) => e.call(decimal, 1),
  das: (e) => e.call(decimal, -1),
  aaa: (e) => e.call(ascii, 1),
  aas: (e) => e.call(ascii, -1),
  aam: (e, i) => e.call(aam, i.operands[0]?.kind === 'imm' ? i.operands[0].value & 0xff : 10),
  aad: (e, i) => e.call(aad, i.operands[0]?.kind === 'imm' ? i.operands[0].value & 0xff : 10),
};

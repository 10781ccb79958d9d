/**
 * Decimal adjustment: daa das aaa aas aam aad.
 *
 * Flags the manual leaves undefined: OF of daa, das, aam and aad, and CF and AF of aam and aad, are
 * cleared; of aaa and aas OF is cleared and SF ZF PF come from al.
 */
import { type Core, Vector } from '../core.ts';
import type { Rules } from '../emitter.ts';
import { carryWord, Eflags } from '../flags.ts';
import { Word } from '../layout.ts';

function setFlags(core: Core, cf: number, af: number): void {
  core.r[Word.FlagResult] = (core.r8[0]! << 24) >> 24;
  core.r[Word.FlagCarry] = carryWord(cf, 0, af);
}

function decimal(core: Core, sign: number): void {
  const al = core.r8[0]!;
  const flags = core.eflags;
  const low = (al & 15) > 9 || (flags & Eflags.AF) !== 0;
  const high = al > 0x99 || (flags & Eflags.CF) !== 0;
  let value = al;
  let cf = high ? 1 : 0;
  if (low) {
    value += 6 * sign;
    if (sign < 0 && al < 6) cf = 1;
  }
  if (high) value += 0x60 * sign;
  core.r8[0] = value;
  setFlags(core, cf, low ? 1 : 0);
}

function ascii(core: Core, sign: number): void {
  const adjust = (core.r8[0]! & 15) > 9 || (core.eflags & Eflags.AF) !== 0;
  if (adjust) core.r16[0] = core.r16[0]! + 0x106 * sign;
  core.r8[0] = core.r8[0]! & 15;
  setFlags(core, adjust ? 1 : 0, adjust ? 1 : 0);
}

function aam(core: Core, base: number): void {
  if (base === 0) core.fault(Vector.DE);
  const al = core.r8[0]!;
  core.r8[1] = Math.floor(al / base);
  core.r8[0] = al % base;
  setFlags(core, 0, 0);
}

function aad(core: Core, base: number): void {
  core.r16[0] = (core.r8[0]! + core.r8[1]! * base) & 0xff;
  setFlags(core, 0, 0);
}

/** das with a borrow out of the low digit sets CF as well (SDM volume 2, DAS). */
export const BCD_RULES: Rules = {
  daa: (e) => e.call(decimal, 1),
  das: (e) => e.call(decimal, -1),
  aaa: (e) => e.call(ascii, 1),
  aas: (e) => e.call(ascii, -1),
  aam: (e, i) => e.call(aam, i.operands[0]?.kind === 'imm' ? i.operands[0].value & 0xff : 10),
  aad: (e, i) => e.call(aad, i.operands[0]?.kind === 'imm' ? i.operands[0].value & 0xff : 10),
};

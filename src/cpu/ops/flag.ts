/**
 * Instructions on single flags: clc stc cmc cld std cli sti lahf sahf salc, and nop and friends.
 */
import type { Core } from '../core.ts';
import type { Lowering, Rules } from '../emitter.ts';
import { Eflags } from '../flags.ts';
import { ShadowBit, Word } from '../layout.ts';
import { Uop } from '../uop.ts';

/** `mode` 0 clears CF, 1 sets it, 2 complements it. */
function carryFlag(core: Core, mode: number): void {
  const cf = mode === 2 ? 1 ^ core.carry : mode;
  core.setArithmetic((core.eflags & ~Eflags.CF) | cf);
}

function systemFlag(core: Core, bit: number, set: number): void {
  if (set) core.r[Word.SystemFlags]! |= bit;
  else core.r[Word.SystemFlags]! &= ~bit;
}

/** Interrupts are recognised only after the instruction that follows (SDM volume 2, STI). */
function setInterruptFlag(core: Core): void {
  const r = core.r;
  if (!(r[Word.SystemFlags]! & Eflags.IF)) r[Word.Shadow] = ShadowBit.Interrupts;
  r[Word.SystemFlags]! |= Eflags.IF;
}

function flagsToAh(core: Core): void {
  core.r8[1] = core.eflags;
}

function ahToFlags(core: Core): void {
  core.setArithmetic((core.eflags & Eflags.OF) | core.r8[1]!);
}

function carryToAl(core: Core): void {
  core.r8[0] = -core.carry;
}

const nothing: Lowering = () => {};

/** How instructions on single flags are lowered. */
export const FLAG_RULES: Rules = {
  clc: (e) => e.call(carryFlag, 0),
  stc: (e) => e.call(carryFlag, 1),
  cmc: (e) => e.call(carryFlag, 2),
  cld: (e) => e.call(systemFlag, Eflags.DF, 0),
  std: (e) => e.call(systemFlag, Eflags.DF, 1),
  cli: (e) => e.call(systemFlag, Eflags.IF, 0),
  sti: (e) => {
    e.call(setInterruptFlag);
    e.end(Uop.End);
  },
  lahf: (e) => e.call(flagsToAh),
  sahf: (e) => e.call(ahToFlags),
  salc: (e) => e.call(carryToAl),
  nop: nothing,
  pause: nothing,
  endbr32: nothing,
};

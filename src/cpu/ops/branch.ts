/**
 * Near control flow: jmp jcc call ret loop jecxz. Targets are absolute by the time they get here.
 */
import type { Core } from '../core.ts';
import { type Lowering, type Rules, registerNumber } from '../emitter.ts';
import { Word } from '../layout.ts';
import { Uop } from '../uop.ts';
import { byCondition } from './move.ts';

function target(operands: readonly { kind: string }[]): number {
  return (operands[0] as unknown as { target: number }).target;
}

const jcc: Lowering = (e, i) => e.branch(Uop.Jo + (i.row.opcode & 15), target(i.operands));

const jmp: Lowering = (e, i) => {
  const to = i.operands[0]!;
  if (to.kind === 'rel') e.goto(to.target);
  else if (i.operandSize === 4) e.jump(Uop.JmpR, e.load(to));
  else e.jumpCall(jump16, e.load(to));
};

const call: Lowering = (e, i) => {
  const to = i.operands[0]!;
  if (i.operandSize === 2) {
    if (to.kind === 'rel') e.jumpCall(callTo16, to.target, e.next);
    else e.jumpCall(call16, e.load(to), e.next);
  } else if (to.kind === 'rel') {
    e.branch(Uop.CallNear, to.target);
  } else {
    e.jump(Uop.CallR, e.load(to));
  }
};

function jump16(core: Core, from: number): void {
  core.r[Word.Eip] = core.r16[from]!;
}

function call16(core: Core, from: number, next: number): void {
  callTo16(core, core.r16[from]!, next);
}

function callTo16(core: Core, to: number, next: number): void {
  core.push16(next);
  core.r[Word.Eip] = to;
}

/** Pops the return address, then `bytes` more. */
const ret: Lowering = (e, i) => {
  const operand = i.operands[0];
  const bytes = operand?.kind === 'imm' ? operand.value & 0xffff : 0;
  if (i.operandSize === 4) e.jump(Uop.Ret, 0, bytes);
  else e.jumpCall(ret16, bytes);
};

function ret16(core: Core, bytes: number): void {
  const top = core.r[Word.Esp]!;
  core.r[Word.Eip] = core.load16(top);
  core.r[Word.Esp] = top + 2 + bytes;
}

/** loop, loope, loopne: the count is ecx, or cx with an address-size prefix. */
function loop(zero: 0 | 1 | -1): Lowering {
  const decide = (core: Core, wide: number): boolean => {
    const words = wide ? core.r : core.r16;
    const index = wide ? Word.Ecx : registerNumber(Word.Ecx, 2);
    words[index] = words[index]! - 1;
    if (words[index] === 0) return false;
    return zero < 0 || (core.r[Word.FlagResult] === 0) === (zero === 1);
  };
  return (e, i) => {
    if (zero < 0 && i.addressSize === 4) e.branch(Uop.Loop, target(i.operands));
    else e.branchCall(decide, i.addressSize === 4 ? 1 : 0, target(i.operands));
  };
}

function countIsZero(core: Core, wide: number): boolean {
  return (wide ? core.r[Word.Ecx] : core.r16[registerNumber(Word.Ecx, 2)]) === 0;
}

/** How near control flow is lowered. */
export const BRANCH_RULES: Rules = {
  ...byCondition('j', jcc),
  jmp,
  call,
  ret,
  loop: loop(-1),
  loope: loop(1),
  loopne: loop(0),
  jecxz: (e, i) => e.branchCall(countIsZero, i.addressSize === 4 ? 1 : 0, target(i.operands)),
};

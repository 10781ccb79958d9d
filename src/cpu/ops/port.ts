/**
 * in, out, ins, outs. A port instruction is always a block of its own (see core.ts, "careful"):
 * what it does to a device may raise an interrupt, which arrives right after it.
 *
 * Known deviations: ins to where there is no RAM takes the value from the port and drops it, so
 * that no instruction does something to two devices.
 */
import type { Instruction } from '../../isa/instruction.ts';
import type { AccessSize } from '../bus.ts';
import type { Core } from '../core.ts';
import type { Lowering, RepeatHelper, Rules } from '../emitter.ts';
import { Word } from '../layout.ts';
import { advance, pointer, repeatCount, setRepeatCount, Which, whichOf } from './string.ts';

/** Size of the accumulator in bytes: even opcodes take al. */
function portSize(i: Instruction): AccessSize {
  return i.row.opcode & 1 ? i.operandSize : 1;
}

/** `port` is an immediate, or -1 for dx. */
function input(core: Core, port: number, size: number): void {
  const value = core.readPort(port < 0 ? core.r16[4]! : port, size as AccessSize);
  if (size === 1) core.r8[0] = value;
  else if (size === 2) core.r16[0] = value;
  else core.r[0] = value;
}

function output(core: Core, port: number, size: number): void {
  const value = size === 1 ? core.r8[0]! : size === 2 ? core.r16[0]! : core.r[0]! >>> 0;
  core.writePort(port < 0 ? core.r16[4]! : port, size as AccessSize, value);
}

function portOf(i: Instruction): number {
  const immediate = i.operands.find((operand) => operand.kind === 'imm');
  return immediate?.kind === 'imm' ? immediate.value & 0xff : -1;
}

function ins(core: Core, which: number): void {
  const size = (1 << (which & Which.SizeMask)) as AccessSize;
  const to = pointer(core, Word.Edi, which);
  const ram = core.prepareStore(to >>> 0, size);
  const value = core.readPort(core.r16[4]!, size);
  if (ram && size === 1) core.store8(to, value);
  else if (ram && size === 2) core.store16(to, value);
  else if (ram) core.store32(to, value);
  advance(core, Word.Edi, which);
}

function outs(core: Core, which: number): void {
  const size = (1 << (which & Which.SizeMask)) as AccessSize;
  const from = pointer(core, Word.Esi, which);
  const value =
    size === 1 ? core.load8(from) : size === 2 ? core.load16(from) : core.load32(from) >>> 0;
  core.writePort(core.r16[4]!, size, value);
  advance(core, Word.Esi, which);
}

/** One iteration at a time, because each is an access to a device. */
function repeated(iteration: (core: Core, which: number) => void): RepeatHelper {
  return (core, which) => {
    const count = repeatCount(core, which);
    if (count === 0) return -1;
    iteration(core, which);
    setRepeatCount(core, which, count - 1);
    return count === 1 ? -1 : 1;
  };
}

function string(iteration: (core: Core, which: number) => void): Lowering {
  const repeat = repeated(iteration);
  return (e, i) => {
    if (i.repeat) e.repeat(repeat, whichOf(i));
    else e.call(iteration, whichOf(i));
  };
}

/** How port instructions are lowered. */
export const PORT_RULES: Rules = {
  in: (e, i) => e.call(input, portOf(i), portSize(i)),
  out: (e, i) => e.call(output, portOf(i), portSize(i)),
  ins: string(ins),
  outs: string(outs),
};

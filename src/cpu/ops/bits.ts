/**
 * bt bts btr btc, bsf bsr.
 *
 * With a register as bit offset and a memory operand, the offset is signed and reaches beyond the
 * operand (SDM volume 2, BT). Flags the manual leaves undefined: bt and friends change CF only; bsf
 * and bsr set PF by the index and clear the others, and leave the destination as it was when the
 * source is zero.
 */
import type { Core } from '../core.ts';
import type { Lowering, Rules } from '../emitter.ts';
import { Eflags } from '../flags.ts';
import { Word } from '../layout.ts';
import { Uop } from '../uop.ts';

const enum Bit {
  Test,
  Set,
  Reset,
  Complement,
}

/** Does `op` to bit `n` (0 … 31) of a value, CF gets its former state. */
function apply(core: Core, op: Bit, value: number, n: number): number {
  const bit = 1 << n;
  const arithmetic = core.eflags & ~Eflags.CF;
  core.setArithmetic(arithmetic | ((value >>> n) & 1));
  if (op === Bit.Set) return value | bit;
  if (op === Bit.Reset) return value & ~bit;
  return op === Bit.Complement ? value ^ bit : value;
}

/** On a register or a loaded memory operand, by a register's low bits or an immediate. */
function onValue(op: Bit, size: 2 | 4, immediate: boolean) {
  return (core: Core, a: number, b: number): void => {
    const words = size === 4 ? core.r : core.r16;
    const n = (immediate ? b : words[b]!) & (8 * size - 1);
    words[a] = apply(core, op, words[a]!, n);
  };
}

/**
 * On the bit string at the address in T2, at the signed offset in a register; `mask` is that of the
 * address size.
 */
function onString(op: Bit, size: 2 | 4) {
  return (core: Core, b: number, mask: number): void => {
    const offset = size === 4 ? core.r[b]! : (core.r16[b]! << 16) >> 16;
    const n = offset & (8 * size - 1);
    const address = (core.r[Word.T2]! + ((offset - n) >> 3)) & mask;
    const load = size === 4 ? core.load32(address) : core.load16(address);
    if (op !== Bit.Test) core.prepareStore(address >>> 0, size);
    const value = apply(core, op, load, n);
    if (op === Bit.Test) return;
    if (size === 4) core.store32(address, value);
    else core.store16(address, value);
  };
}

function bitTest(op: Bit): Lowering {
  const registers = { 2: onValue(op, 2, false), 4: onValue(op, 4, false) };
  const immediates = { 2: onValue(op, 2, true), 4: onValue(op, 4, true) };
  const strings = { 2: onString(op, 2), 4: onString(op, 4) };
  return (e, i) => {
    const [to, by] = i.operands;
    const size = i.operandSize;
    if (to!.kind === 'mem' && by!.kind === 'reg') {
      e.mem(Uop.Lea, Word.T2, to!);
      e.call(strings[size], e.load(by!), to!.addressSize === 4 ? -1 : 0xffff);
      return;
    }
    const a = op === Bit.Test ? e.load(to!) : e.loadForStore(to!);
    if (by!.kind === 'imm') e.call(immediates[size], a, by!.value);
    else e.call(registers[size], a, e.load(by!));
    if (op !== Bit.Test && to!.kind === 'mem') e.store(to!, a);
  };
}

/** `to` and `from` are register numbers of `size` bytes. */
function scan(forward: boolean, size: 2 | 4) {
  return (core: Core, to: number, from: number): void => {
    const words = size === 4 ? core.r : core.r16;
    const value = words[from]!;
    const index = value === 0 ? 0 : 31 - Math.clz32(forward ? value & -value : value);
    // A result that is not zero, with the parity of the index.
    core.r[Word.FlagResult] = value === 0 ? 0 : index | 0x100;
    core.r[Word.FlagCarry] = 0;
    if (value !== 0) words[to] = index;
  };
}

function scanRule(forward: boolean): Lowering {
  const bySize = { 2: scan(forward, 2), 4: scan(forward, 4) };
  return (e, i) => {
    const [to, from] = i.operands;
    e.call(bySize[i.operandSize], e.load(to!), e.load(from!));
  };
}

/** How bit tests and scans are lowered. */
export const BIT_RULES: Rules = {
  bt: bitTest(Bit.Test),
  bts: bitTest(Bit.Set),
  btr: bitTest(Bit.Reset),
  btc: bitTest(Bit.Complement),
  bsf: scanRule(true),
  bsr: scanRule(false),
};

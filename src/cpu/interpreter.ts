/**
 * The interpreter: one switch over the micro-operations of a block (uop.ts). It is the reference
 * for what the machine does; its speed comes from decoding once, from lazy flags kept in two local
 * variables, and from testing the budget once for each block.
 *
 * Case by case, `p` is the present operation and c[p + 1] … its fields as uop.ts names them (by
 * number here, for the sake of short lines): 1 a, 2 b, 3 base, 4 index, 5 shift, 6 disp, 7 imm.
 * `fr` and `fc` are the flag words of flags.ts. A case ends with `continue` to go on in its block,
 * or leaves the switch with `break`: a branch, decided by `taken`; or with `break near`: a jump to
 * `to`.
 */
import type { BlockBuilder } from './blocks.ts';
import type { CodeMap } from './code-map.ts';
import { type Core, FAULT, NEEDS_INPUT, RESTART } from './core.ts';
import { BRANCH_HELPERS, HELPERS, REPEAT_HELPERS } from './emitter.ts';
import { condition, Eflags, PARITY } from './flags.ts';
import { Word } from './layout.ts';
import { alu } from './ops/alu.ts';
import { divide32, divideSigned32, multiplyHigh, multiplyHighSigned } from './ops/muldiv.ts';
import { Branch, Header, Uop } from './uop.ts';

/** Why the interpreter came back; eip, flags and the count of instructions are up to date. */
export const enum Exit {
  /** The budget is used up. */
  Budget,
  /** Something may have happened to interrupts or devices. */
  Event,
  /** The instruction at eip must be done carefully. */
  Careful,
  Halted,
  /** An instruction threw; what, is in Interpreter.thrown. */
  Thrown,
}

/** What an interpreter did last, beside why it came back. */
export interface Interpreter {
  /**
   * Executes from eip until `budget` (1 … 2^30) boundaries are crossed or something else ends it.
   * With `single` and a budget of 1, does one instruction without looking at the map.
   */
  execute(budget: number, single: boolean): Exit;
  /** FAULT, RESTART or NEEDS_INPUT, after Exit.Thrown. */
  thrown: unknown;
  /** Boundaries crossed in the last call. */
  executed: number;
}

/**
 * An interpreter of `core`. A closure rather than a class: where a process has one machine, the
 * optimising compiler takes its arrays for constants. The many `| 0` tell it that no variable of
 * the loop is ever anything but a 32-bit integer.
 */
export function makeInterpreter(core: Core, map: CodeMap, builder: BlockBuilder): Interpreter {
  const { r, r8, r16, ram, pageFlags: pf } = core;
  const { code: c, where, starts } = map;
  const ram8 = core.ramBytes;
  const ram16 = core.ramBytes - 1;
  const ram32 = core.ramBytes - 3;
  const self: Interpreter = { execute, thrown: undefined, executed: 0 };
  return self;

  /** The block at `address`, decoded if need be, but no further than `left` (≥ 1) instructions. */
  function block(address: number, left: number): number {
    const known = map.find(address);
    if (known !== 0) return known;
    if (map.full) map.clear();
    return builder.build(address, left);
  }

  /** A single step through new code need not leave a block of one instruction behind. */
  function isNewStep(address: number, budget: number): boolean {
    return budget === 1 && map.find(address) === 0 && !map.careful.has(address);
  }

  function execute(budget: number, single: boolean): Exit {
    let fr = r[Word.FlagResult]! | 0;
    let fc = r[Word.FlagCarry]! | 0;
    let left = budget | 0;
    let to = r[Word.Eip]! >>> 0;
    let p = (single || isNewStep(to, left) ? builder.buildOne(to) : block(to, left)) | 0;
    let start = p;
    left = (left - c[p + Header.Instructions]!) | 0;
    if (left < 0) {
      left = (budget - 1) | 0;
      start = p = builder.buildOne(to) | 0;
    }
    let exit = Exit.Event;

    try {
      run: for (;;) {
        // biome-ignore lint/suspicious/noConfusingLabels: the way out of the switch for jumps
        near: {
          let taken = true;
          switch (c[p]!) {
            // Moves
            case Uop.Mov32RR: {
              r[c[p + 1]!] = r[c[p + 2]!]!;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Mov32RI: {
              r[c[p + 1]!] = c[p + 7]!;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Mov16RR: {
              r16[c[p + 1]!] = r16[c[p + 2]!]!;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Mov16RI: {
              r16[c[p + 1]!] = c[p + 7]!;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Mov8RR: {
              r8[c[p + 1]!] = r8[c[p + 2]!]!;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Mov8RI: {
              r8[c[p + 1]!] = c[p + 7]!;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Load32: {
              const a = (r[c[p + 3]!]! + (r[c[p + 4]!]! << c[p + 5]!) + c[p + 6]!) >>> 0;
              r[c[p + 1]!] = a < ram32 ? ram.getInt32(a, true) : core.load32(a);
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Load16: {
              const a = (r[c[p + 3]!]! + (r[c[p + 4]!]! << c[p + 5]!) + c[p + 6]!) >>> 0;
              r16[c[p + 1]!] = a < ram16 ? ram.getUint16(a, true) : core.load16(a);
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Load8: {
              const a = (r[c[p + 3]!]! + (r[c[p + 4]!]! << c[p + 5]!) + c[p + 6]!) >>> 0;
              r8[c[p + 1]!] = a < ram8 ? ram.getUint8(a) : core.load8(a);
              p = (p + 8) | 0;
              continue;
            }
            case Uop.LoadRmw32: {
              const a = (r[c[p + 3]!]! + (r[c[p + 4]!]! << c[p + 5]!) + c[p + 6]!) >>> 0;
              if ((pf[a >>> 12]! | pf[(a + 3) >>> 12]!) !== 0 && !core.prepareStore(a, 4))
                r[c[p + 1]!] = core.load32(a);
              else r[c[p + 1]!] = ram.getInt32(a, true);
              p = (p + 8) | 0;
              continue;
            }
            case Uop.LoadRmw16: {
              const a = (r[c[p + 3]!]! + (r[c[p + 4]!]! << c[p + 5]!) + c[p + 6]!) >>> 0;
              if ((pf[a >>> 12]! | pf[(a + 1) >>> 12]!) !== 0 && !core.prepareStore(a, 2))
                r16[c[p + 1]!] = core.load16(a);
              else r16[c[p + 1]!] = ram.getUint16(a, true);
              p = (p + 8) | 0;
              continue;
            }
            case Uop.LoadRmw8: {
              const a = (r[c[p + 3]!]! + (r[c[p + 4]!]! << c[p + 5]!) + c[p + 6]!) >>> 0;
              if (pf[a >>> 12]! !== 0 && !core.prepareStore(a, 1)) r8[c[p + 1]!] = core.load8(a);
              else r8[c[p + 1]!] = ram.getUint8(a);
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Store32: {
              const a = (r[c[p + 3]!]! + (r[c[p + 4]!]! << c[p + 5]!) + c[p + 6]!) >>> 0;
              const v = r[c[p + 1]!]!;
              if ((pf[a >>> 12]! | pf[(a + 3) >>> 12]!) === 0) ram.setInt32(a, v, true);
              else core.store32(a, v);
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Store32I: {
              const a = (r[c[p + 3]!]! + (r[c[p + 4]!]! << c[p + 5]!) + c[p + 6]!) >>> 0;
              const v = c[p + 7]!;
              if ((pf[a >>> 12]! | pf[(a + 3) >>> 12]!) === 0) ram.setInt32(a, v, true);
              else core.store32(a, v);
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Store16: {
              const a = (r[c[p + 3]!]! + (r[c[p + 4]!]! << c[p + 5]!) + c[p + 6]!) >>> 0;
              const v = r16[c[p + 1]!]!;
              if ((pf[a >>> 12]! | pf[(a + 1) >>> 12]!) === 0) ram.setUint16(a, v, true);
              else core.store16(a, v);
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Store16I: {
              const a = (r[c[p + 3]!]! + (r[c[p + 4]!]! << c[p + 5]!) + c[p + 6]!) >>> 0;
              const v = c[p + 7]!;
              if ((pf[a >>> 12]! | pf[(a + 1) >>> 12]!) === 0) ram.setUint16(a, v, true);
              else core.store16(a, v);
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Store8: {
              const a = (r[c[p + 3]!]! + (r[c[p + 4]!]! << c[p + 5]!) + c[p + 6]!) >>> 0;
              const v = r8[c[p + 1]!]!;
              if (pf[a >>> 12]! === 0) ram.setUint8(a, v);
              else core.store8(a, v);
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Store8I: {
              const a = (r[c[p + 3]!]! + (r[c[p + 4]!]! << c[p + 5]!) + c[p + 6]!) >>> 0;
              const v = c[p + 7]!;
              if (pf[a >>> 12]! === 0) ram.setUint8(a, v);
              else core.store8(a, v);
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Lea: {
              r[c[p + 1]!] = r[c[p + 3]!]! + (r[c[p + 4]!]! << c[p + 5]!) + c[p + 6]!;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Lea16: {
              r[c[p + 1]!] = (r[c[p + 3]!]! + (r[c[p + 4]!]! << c[p + 5]!) + c[p + 6]!) & 0xffff;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Movzx8R: {
              r[c[p + 1]!] = r8[c[p + 2]!]!;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Movzx16R: {
              r[c[p + 1]!] = r16[c[p + 2]!]!;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Movsx8R: {
              r[c[p + 1]!] = (r8[c[p + 2]!]! << 24) >> 24;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Movsx16R: {
              r[c[p + 1]!] = (r16[c[p + 2]!]! << 16) >> 16;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Movzx8M: {
              const a = (r[c[p + 3]!]! + (r[c[p + 4]!]! << c[p + 5]!) + c[p + 6]!) >>> 0;
              r[c[p + 1]!] = a < ram8 ? ram.getUint8(a) : core.load8(a);
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Movzx16M: {
              const a = (r[c[p + 3]!]! + (r[c[p + 4]!]! << c[p + 5]!) + c[p + 6]!) >>> 0;
              r[c[p + 1]!] = a < ram16 ? ram.getUint16(a, true) : core.load16(a);
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Movsx8M: {
              const a = (r[c[p + 3]!]! + (r[c[p + 4]!]! << c[p + 5]!) + c[p + 6]!) >>> 0;
              r[c[p + 1]!] = a < ram8 ? ram.getInt8(a) : (core.load8(a) << 24) >> 24;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Movsx16M: {
              const a = (r[c[p + 3]!]! + (r[c[p + 4]!]! << c[p + 5]!) + c[p + 6]!) >>> 0;
              r[c[p + 1]!] = a < ram16 ? ram.getInt16(a, true) : (core.load16(a) << 16) >> 16;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Xchg32RR: {
              const v = r[c[p + 1]!]!;
              r[c[p + 1]!] = r[c[p + 2]!]!;
              r[c[p + 2]!] = v;
              p = (p + 8) | 0;
              continue;
            }
            // Group 1 on 32 bits
            case Uop.Add32RR: {
              const a = r[c[p + 1]!]!;
              const b = r[c[p + 2]!]!;
              r[c[p + 1]!] = fr = (a + b) | 0;
              fc = ((a & b) | ((a | b) & ~fr)) & 0xc0000008;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Or32RR: {
              r[c[p + 1]!] = fr = r[c[p + 1]!]! | r[c[p + 2]!]!;
              fc = 0;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Adc32RR: {
              const a = r[c[p + 1]!]!;
              const b = r[c[p + 2]!]!;
              r[c[p + 1]!] = fr = (a + b + (fc >>> 31)) | 0;
              fc = ((a & b) | ((a | b) & ~fr)) & 0xc0000008;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Sbb32RR: {
              const a = r[c[p + 1]!]!;
              const b = r[c[p + 2]!]!;
              r[c[p + 1]!] = fr = (a - b - (fc >>> 31)) | 0;
              fc = ((~a & b) | ((~a ^ b) & fr)) & 0xc0000008;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.And32RR: {
              r[c[p + 1]!] = fr = r[c[p + 1]!]! & r[c[p + 2]!]!;
              fc = 0;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Sub32RR: {
              const a = r[c[p + 1]!]!;
              const b = r[c[p + 2]!]!;
              r[c[p + 1]!] = fr = (a - b) | 0;
              fc = ((~a & b) | ((~a ^ b) & fr)) & 0xc0000008;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Xor32RR: {
              r[c[p + 1]!] = fr = r[c[p + 1]!]! ^ r[c[p + 2]!]!;
              fc = 0;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Cmp32RR: {
              const a = r[c[p + 1]!]!;
              const b = r[c[p + 2]!]!;
              fr = (a - b) | 0;
              fc = ((~a & b) | ((~a ^ b) & fr)) & 0xc0000008;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Add32RI: {
              const a = r[c[p + 1]!]!;
              const b = c[p + 7]!;
              r[c[p + 1]!] = fr = (a + b) | 0;
              fc = ((a & b) | ((a | b) & ~fr)) & 0xc0000008;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Or32RI: {
              r[c[p + 1]!] = fr = r[c[p + 1]!]! | c[p + 7]!;
              fc = 0;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Adc32RI: {
              const a = r[c[p + 1]!]!;
              const b = c[p + 7]!;
              r[c[p + 1]!] = fr = (a + b + (fc >>> 31)) | 0;
              fc = ((a & b) | ((a | b) & ~fr)) & 0xc0000008;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Sbb32RI: {
              const a = r[c[p + 1]!]!;
              const b = c[p + 7]!;
              r[c[p + 1]!] = fr = (a - b - (fc >>> 31)) | 0;
              fc = ((~a & b) | ((~a ^ b) & fr)) & 0xc0000008;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.And32RI: {
              r[c[p + 1]!] = fr = r[c[p + 1]!]! & c[p + 7]!;
              fc = 0;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Sub32RI: {
              const a = r[c[p + 1]!]!;
              const b = c[p + 7]!;
              r[c[p + 1]!] = fr = (a - b) | 0;
              fc = ((~a & b) | ((~a ^ b) & fr)) & 0xc0000008;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Xor32RI: {
              r[c[p + 1]!] = fr = r[c[p + 1]!]! ^ c[p + 7]!;
              fc = 0;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Cmp32RI: {
              const a = r[c[p + 1]!]!;
              const b = c[p + 7]!;
              fr = (a - b) | 0;
              fc = ((~a & b) | ((~a ^ b) & fr)) & 0xc0000008;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Add32RM: {
              const m = (r[c[p + 3]!]! + (r[c[p + 4]!]! << c[p + 5]!) + c[p + 6]!) >>> 0;
              const a = r[c[p + 1]!]!;
              const b = m < ram32 ? ram.getInt32(m, true) : core.load32(m);
              r[c[p + 1]!] = fr = (a + b) | 0;
              fc = ((a & b) | ((a | b) & ~fr)) & 0xc0000008;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Or32RM: {
              const m = (r[c[p + 3]!]! + (r[c[p + 4]!]! << c[p + 5]!) + c[p + 6]!) >>> 0;
              const b = m < ram32 ? ram.getInt32(m, true) : core.load32(m);
              r[c[p + 1]!] = fr = r[c[p + 1]!]! | b;
              fc = 0;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Adc32RM: {
              const m = (r[c[p + 3]!]! + (r[c[p + 4]!]! << c[p + 5]!) + c[p + 6]!) >>> 0;
              const a = r[c[p + 1]!]!;
              const b = m < ram32 ? ram.getInt32(m, true) : core.load32(m);
              r[c[p + 1]!] = fr = (a + b + (fc >>> 31)) | 0;
              fc = ((a & b) | ((a | b) & ~fr)) & 0xc0000008;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Sbb32RM: {
              const m = (r[c[p + 3]!]! + (r[c[p + 4]!]! << c[p + 5]!) + c[p + 6]!) >>> 0;
              const a = r[c[p + 1]!]!;
              const b = m < ram32 ? ram.getInt32(m, true) : core.load32(m);
              r[c[p + 1]!] = fr = (a - b - (fc >>> 31)) | 0;
              fc = ((~a & b) | ((~a ^ b) & fr)) & 0xc0000008;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.And32RM: {
              const m = (r[c[p + 3]!]! + (r[c[p + 4]!]! << c[p + 5]!) + c[p + 6]!) >>> 0;
              const b = m < ram32 ? ram.getInt32(m, true) : core.load32(m);
              r[c[p + 1]!] = fr = r[c[p + 1]!]! & b;
              fc = 0;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Sub32RM: {
              const m = (r[c[p + 3]!]! + (r[c[p + 4]!]! << c[p + 5]!) + c[p + 6]!) >>> 0;
              const a = r[c[p + 1]!]!;
              const b = m < ram32 ? ram.getInt32(m, true) : core.load32(m);
              r[c[p + 1]!] = fr = (a - b) | 0;
              fc = ((~a & b) | ((~a ^ b) & fr)) & 0xc0000008;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Xor32RM: {
              const m = (r[c[p + 3]!]! + (r[c[p + 4]!]! << c[p + 5]!) + c[p + 6]!) >>> 0;
              const b = m < ram32 ? ram.getInt32(m, true) : core.load32(m);
              r[c[p + 1]!] = fr = r[c[p + 1]!]! ^ b;
              fc = 0;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Cmp32RM: {
              const m = (r[c[p + 3]!]! + (r[c[p + 4]!]! << c[p + 5]!) + c[p + 6]!) >>> 0;
              const a = r[c[p + 1]!]!;
              const b = m < ram32 ? ram.getInt32(m, true) : core.load32(m);
              fr = (a - b) | 0;
              fc = ((~a & b) | ((~a ^ b) & fr)) & 0xc0000008;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Cmp32MI: {
              const m = (r[c[p + 3]!]! + (r[c[p + 4]!]! << c[p + 5]!) + c[p + 6]!) >>> 0;
              const a = m < ram32 ? ram.getInt32(m, true) : core.load32(m);
              const b = c[p + 7]!;
              fr = (a - b) | 0;
              fc = ((~a & b) | ((~a ^ b) & fr)) & 0xc0000008;
              p = (p + 8) | 0;
              continue;
            }
            // Group 1 on 8 and 16 bits
            case Uop.Add8RR: {
              const a = r8[c[p + 1]!]!;
              const b = r8[c[p + 2]!]!;
              const v = a + b;
              r8[c[p + 1]!] = v;
              fr = (v << 24) >> 24;
              const k = (a & b) | ((a | b) & ~v);
              fc = ((k << 24) & 0xc0000000) | (k & 8);
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Or8RR: {
              const v = r8[c[p + 1]!]! | r8[c[p + 2]!]!;
              r8[c[p + 1]!] = v;
              fr = (v << 24) >> 24;
              fc = 0;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Adc8RR: {
              const a = r8[c[p + 1]!]!;
              const b = r8[c[p + 2]!]!;
              const v = a + b + (fc >>> 31);
              r8[c[p + 1]!] = v;
              fr = (v << 24) >> 24;
              const k = (a & b) | ((a | b) & ~v);
              fc = ((k << 24) & 0xc0000000) | (k & 8);
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Sbb8RR: {
              const a = r8[c[p + 1]!]!;
              const b = r8[c[p + 2]!]!;
              const v = a - b - (fc >>> 31);
              r8[c[p + 1]!] = v;
              fr = (v << 24) >> 24;
              const k = (~a & b) | ((~a ^ b) & v);
              fc = ((k << 24) & 0xc0000000) | (k & 8);
              p = (p + 8) | 0;
              continue;
            }
            case Uop.And8RR: {
              const v = r8[c[p + 1]!]! & r8[c[p + 2]!]!;
              r8[c[p + 1]!] = v;
              fr = (v << 24) >> 24;
              fc = 0;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Sub8RR: {
              const a = r8[c[p + 1]!]!;
              const b = r8[c[p + 2]!]!;
              const v = a - b;
              r8[c[p + 1]!] = v;
              fr = (v << 24) >> 24;
              const k = (~a & b) | ((~a ^ b) & v);
              fc = ((k << 24) & 0xc0000000) | (k & 8);
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Xor8RR: {
              const v = r8[c[p + 1]!]! ^ r8[c[p + 2]!]!;
              r8[c[p + 1]!] = v;
              fr = (v << 24) >> 24;
              fc = 0;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Cmp8RR: {
              const a = r8[c[p + 1]!]!;
              const b = r8[c[p + 2]!]!;
              const v = a - b;
              fr = (v << 24) >> 24;
              const k = (~a & b) | ((~a ^ b) & v);
              fc = ((k << 24) & 0xc0000000) | (k & 8);
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Add8RI: {
              const a = r8[c[p + 1]!]!;
              const b = c[p + 7]!;
              const v = a + b;
              r8[c[p + 1]!] = v;
              fr = (v << 24) >> 24;
              const k = (a & b) | ((a | b) & ~v);
              fc = ((k << 24) & 0xc0000000) | (k & 8);
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Or8RI: {
              const v = r8[c[p + 1]!]! | c[p + 7]!;
              r8[c[p + 1]!] = v;
              fr = (v << 24) >> 24;
              fc = 0;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Adc8RI: {
              const a = r8[c[p + 1]!]!;
              const b = c[p + 7]!;
              const v = a + b + (fc >>> 31);
              r8[c[p + 1]!] = v;
              fr = (v << 24) >> 24;
              const k = (a & b) | ((a | b) & ~v);
              fc = ((k << 24) & 0xc0000000) | (k & 8);
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Sbb8RI: {
              const a = r8[c[p + 1]!]!;
              const b = c[p + 7]!;
              const v = a - b - (fc >>> 31);
              r8[c[p + 1]!] = v;
              fr = (v << 24) >> 24;
              const k = (~a & b) | ((~a ^ b) & v);
              fc = ((k << 24) & 0xc0000000) | (k & 8);
              p = (p + 8) | 0;
              continue;
            }
            case Uop.And8RI: {
              const v = r8[c[p + 1]!]! & c[p + 7]!;
              r8[c[p + 1]!] = v;
              fr = (v << 24) >> 24;
              fc = 0;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Sub8RI: {
              const a = r8[c[p + 1]!]!;
              const b = c[p + 7]!;
              const v = a - b;
              r8[c[p + 1]!] = v;
              fr = (v << 24) >> 24;
              const k = (~a & b) | ((~a ^ b) & v);
              fc = ((k << 24) & 0xc0000000) | (k & 8);
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Xor8RI: {
              const v = r8[c[p + 1]!]! ^ c[p + 7]!;
              r8[c[p + 1]!] = v;
              fr = (v << 24) >> 24;
              fc = 0;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Cmp8RI: {
              const a = r8[c[p + 1]!]!;
              const b = c[p + 7]!;
              const v = a - b;
              fr = (v << 24) >> 24;
              const k = (~a & b) | ((~a ^ b) & v);
              fc = ((k << 24) & 0xc0000000) | (k & 8);
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Alu16RR: {
              r[Word.FlagCarry] = fc;
              const v = alu(core, c[p + 5]!, 2, r16[c[p + 1]!]!, r16[c[p + 2]!]!);
              if (c[p + 5]! !== 7) r16[c[p + 1]!] = v;
              fr = r[Word.FlagResult]!;
              fc = r[Word.FlagCarry]!;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Alu16RI: {
              r[Word.FlagCarry] = fc;
              const v = alu(core, c[p + 5]!, 2, r16[c[p + 1]!]!, c[p + 7]!);
              if (c[p + 5]! !== 7) r16[c[p + 1]!] = v;
              fr = r[Word.FlagResult]!;
              fc = r[Word.FlagCarry]!;
              p = (p + 8) | 0;
              continue;
            }
            // test, inc, dec, neg, not
            case Uop.Test32RR: {
              fr = r[c[p + 1]!]! & r[c[p + 2]!]!;
              fc = 0;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Test32RI: {
              fr = r[c[p + 1]!]! & c[p + 7]!;
              fc = 0;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Test16RR: {
              fr = ((r16[c[p + 1]!]! & r16[c[p + 2]!]!) << 16) >> 16;
              fc = 0;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Test16RI: {
              fr = ((r16[c[p + 1]!]! & c[p + 7]!) << 16) >> 16;
              fc = 0;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Test8RR: {
              fr = ((r8[c[p + 1]!]! & r8[c[p + 2]!]!) << 24) >> 24;
              fc = 0;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Test8RI: {
              fr = ((r8[c[p + 1]!]! & c[p + 7]!) << 24) >> 24;
              fc = 0;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Inc32: {
              const a = r[c[p + 1]!]!;
              r[c[p + 1]!] = fr = (a + 1) | 0;
              // CF stays: of the vector only its difference to bit 30, which is OF, and AF are new.
              const k = a & ~fr;
              fc = (fc & 0x80000000) | ((((fc >> 1) ^ (k ^ (k >> 1))) | 0) & 0x40000000) | (k & 8);
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Dec32: {
              const a = r[c[p + 1]!]!;
              r[c[p + 1]!] = fr = (a - 1) | 0;
              const k = ~a & fr;
              fc = (fc & 0x80000000) | (((fc >> 1) ^ (k ^ (k >> 1))) & 0x40000000) | (k & 8);
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Neg32: {
              const b = r[c[p + 1]!]!;
              r[c[p + 1]!] = fr = -b | 0;
              fc = (b | fr) & 0xc0000008;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Not32: {
              r[c[p + 1]!] = ~r[c[p + 1]!]!;
              p = (p + 8) | 0;
              continue;
            }
            // Shifts
            case Uop.Shl32I: {
              const a = r[c[p + 1]!]!;
              const n = c[p + 7]!;
              r[c[p + 1]!] = fr = a << n;
              const cf = a >>> (32 - n);
              fc = (cf << 31) | ((fr >>> 31) << 30) | 8;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Shr32I: {
              const a = r[c[p + 1]!]!;
              const n = c[p + 7]!;
              const v = a >>> (n - 1);
              r[c[p + 1]!] = fr = v >>> 1;
              fc = (v << 31) | (((v & 1) ^ (n === 1 ? a >>> 31 : 0)) << 30) | 8;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Sar32I: {
              const v = r[c[p + 1]!]! >> (c[p + 7]! - 1);
              r[c[p + 1]!] = fr = v >> 1;
              fc = (v << 31) | ((v & 1) << 30) | 8;
              p = (p + 8) | 0;
              continue;
            }
            // Rotates: CF and OF are new, the others keep the result word as it is.
            case Uop.Rol32I: {
              const a = r[c[p + 1]!]!;
              const v = (a << c[p + 7]!) | (a >>> -c[p + 7]!);
              r[c[p + 1]!] = v;
              fc = (fc & 0x3fffffff) | (v << 31) | ((v >>> 31) << 30);
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Ror32I: {
              const a = r[c[p + 1]!]!;
              const v = (a >>> c[p + 7]!) | (a << -c[p + 7]!);
              r[c[p + 1]!] = v;
              fc = (fc & 0x3fffffff) | (v & 0xc0000000);
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Shl32C:
            case Uop.Shr32C:
            case Uop.Sar32C: {
              const n = r8[4]! & 31;
              if (n !== 0) {
                const a = r[c[p + 1]!]!;
                if (c[p]! === Uop.Shl32C) {
                  fr = a << n;
                  fc = ((a >>> (32 - n)) << 31) | ((fr >>> 31) << 30) | 8;
                } else {
                  const shr = c[p]! === Uop.Shr32C;
                  const v = shr ? a >>> (n - 1) : a >> (n - 1);
                  fr = shr ? v >>> 1 : v >> 1;
                  const of = shr && n === 1 ? a >>> 31 : 0;
                  fc = (v << 31) | (((v & 1) ^ of) << 30) | 8;
                }
                r[c[p + 1]!] = fr;
              }
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Shld32I: {
              const a = r[c[p + 1]!]!;
              const n = c[p + 7]!;
              r[c[p + 1]!] = fr = (a << n) | (r[c[p + 2]!]! >>> (32 - n));
              fc = ((a >>> (32 - n)) << 31) | ((fr >>> 31) << 30) | 8;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Shrd32I: {
              const a = r[c[p + 1]!]!;
              const n = c[p + 7]!;
              r[c[p + 1]!] = fr = (a >>> n) | (r[c[p + 2]!]! << (32 - n));
              const cf = (a >>> (n - 1)) & 1;
              fc = (cf << 31) | ((cf ^ ((fr ^ (fr << 1)) >>> 31)) << 30) | 8;
              p = (p + 8) | 0;
              continue;
            }
            // Multiplication and division
            case Uop.Imul32RR: {
              const a = r[c[p + 2]!]!;
              const b = r[c[p + 1]!]!;
              const low = Math.imul(a, b);
              fc = (fc & 0x3fffffff) | (fitsProduct(a, b, low) ? 0 : -0x80000000);
              r[c[p + 1]!] = low;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Imul32RRI: {
              const a = r[c[p + 2]!]!;
              const b = c[p + 7]!;
              const low = Math.imul(a, b);
              fc = (fc & 0x3fffffff) | (fitsProduct(a, b, low) ? 0 : -0x80000000);
              r[c[p + 1]!] = low;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Mul32: {
              const a = r[0]!;
              const b = r[c[p + 1]!]!;
              const high = multiplyHigh(a, b);
              fc = (fc & 0x3fffffff) | (high === 0 ? 0 : -0x80000000);
              r[0] = Math.imul(a, b);
              r[2] = high;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Imul32: {
              const a = r[0]!;
              const b = r[c[p + 1]!]!;
              const low = Math.imul(a, b);
              const high = multiplyHighSigned(a, b);
              fc = (fc & 0x3fffffff) | (high === low >> 31 ? 0 : -0x80000000);
              r[0] = low;
              r[2] = high;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Div32: {
              divide32(core, r[c[p + 1]!]!);
              fr = 1;
              fc = (fc & 0xc0000000) | 8;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Idiv32: {
              divideSigned32(core, r[c[p + 1]!]!);
              fr = 1;
              fc = (fc & 0xc0000000) | 8;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Cdq: {
              r[2] = r[0]! >> 31;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Cwde: {
              r[0] = (r[0]! << 16) >> 16;
              p = (p + 8) | 0;
              continue;
            }
            // Conditions
            case Uop.Setcc: {
              r8[c[p + 1]!] = condition(c[p + 2]!, fr, fc) ? 1 : 0;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Cmov32: {
              if (condition(c[p + 7]!, fr, fc)) r[c[p + 1]!] = r[c[p + 2]!]!;
              p = (p + 8) | 0;
              continue;
            }
            // Stack
            case Uop.Push32: {
              const v = r[c[p + 1]!]!;
              const a = (r[4]! - 4) >>> 0;
              if ((pf[a >>> 12]! | pf[(a + 3) >>> 12]!) === 0) ram.setInt32(a, v, true);
              else core.store32(a, v);
              r[4] = a;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Push32I: {
              const v = c[p + 7]!;
              const a = (r[4]! - 4) >>> 0;
              if ((pf[a >>> 12]! | pf[(a + 3) >>> 12]!) === 0) ram.setInt32(a, v, true);
              else core.store32(a, v);
              r[4] = a;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Pop32: {
              const a = r[4]! >>> 0;
              const v = a < ram32 ? ram.getInt32(a, true) : core.load32(a);
              r[4] = a + 4;
              r[c[p + 1]!] = v;
              p = (p + 8) | 0;
              continue;
            }
            case Uop.Leave: {
              const a = r[5]! >>> 0;
              const v = a < ram32 ? ram.getInt32(a, true) : core.load32(a);
              r[4] = a + 4;
              r[5] = v;
              p = (p + 8) | 0;
              continue;
            }
            // Helpers
            case Uop.Call: {
              r[Word.FlagResult] = fr;
              r[Word.FlagCarry] = fc;
              HELPERS[c[p + 1]!]!(core, c[p + 2]!, c[p + 6]!, c[p + 7]!);
              fr = r[Word.FlagResult]!;
              fc = r[Word.FlagCarry]!;
              p = (p + 8) | 0;
              continue;
            }
            // Branches
            case Uop.Goto: {
              break;
            }
            case Uop.Jo: {
              taken = (fc ^ (fc << 1)) < 0;
              break;
            }
            case Uop.Jno: {
              taken = (fc ^ (fc << 1)) >= 0;
              break;
            }
            case Uop.Jb: {
              taken = fc < 0;
              break;
            }
            case Uop.Jae: {
              taken = fc >= 0;
              break;
            }
            case Uop.Jz: {
              taken = fr === 0;
              break;
            }
            case Uop.Jnz: {
              taken = fr !== 0;
              break;
            }
            case Uop.Jbe: {
              taken = fc < 0 || fr === 0;
              break;
            }
            case Uop.Ja: {
              taken = fc >= 0 && fr !== 0;
              break;
            }
            case Uop.Js: {
              taken = (fr ^ (fc << 31)) < 0;
              break;
            }
            case Uop.Jns: {
              taken = (fr ^ (fc << 31)) >= 0;
              break;
            }
            case Uop.Jp: {
              taken = PARITY[(fr ^ (fc >>> 8)) & 0xff]! === 1;
              break;
            }
            case Uop.Jnp: {
              taken = PARITY[(fr ^ (fc >>> 8)) & 0xff]! === 0;
              break;
            }
            case Uop.Jl: {
              taken = (fr ^ (fc << 31) ^ fc ^ (fc << 1)) < 0;
              break;
            }
            case Uop.Jge: {
              taken = (fr ^ (fc << 31) ^ fc ^ (fc << 1)) >= 0;
              break;
            }
            case Uop.Jle: {
              taken = fr === 0 || (fr ^ (fc << 31) ^ fc ^ (fc << 1)) < 0;
              break;
            }
            case Uop.Jg: {
              taken = fr !== 0 && (fr ^ (fc << 31) ^ fc ^ (fc << 1)) >= 0;
              break;
            }
            // Compare and branch
            case Uop.CmpRRJb: {
              const a = r[c[p + 3]!]!;
              const b = r[c[p + 4]!]!;
              fr = (a - b) | 0;
              fc = ((~a & b) | ((~a ^ b) & fr)) & 0xc0000008;
              taken = a >>> 0 < b >>> 0;
              break;
            }
            case Uop.CmpRRJae: {
              const a = r[c[p + 3]!]!;
              const b = r[c[p + 4]!]!;
              fr = (a - b) | 0;
              fc = ((~a & b) | ((~a ^ b) & fr)) & 0xc0000008;
              taken = a >>> 0 >= b >>> 0;
              break;
            }
            case Uop.CmpRRJz: {
              const a = r[c[p + 3]!]!;
              const b = r[c[p + 4]!]!;
              fr = (a - b) | 0;
              fc = ((~a & b) | ((~a ^ b) & fr)) & 0xc0000008;
              taken = a === b;
              break;
            }
            case Uop.CmpRRJnz: {
              const a = r[c[p + 3]!]!;
              const b = r[c[p + 4]!]!;
              fr = (a - b) | 0;
              fc = ((~a & b) | ((~a ^ b) & fr)) & 0xc0000008;
              taken = a !== b;
              break;
            }
            case Uop.CmpRRJbe: {
              const a = r[c[p + 3]!]!;
              const b = r[c[p + 4]!]!;
              fr = (a - b) | 0;
              fc = ((~a & b) | ((~a ^ b) & fr)) & 0xc0000008;
              taken = a >>> 0 <= b >>> 0;
              break;
            }
            case Uop.CmpRRJa: {
              const a = r[c[p + 3]!]!;
              const b = r[c[p + 4]!]!;
              fr = (a - b) | 0;
              fc = ((~a & b) | ((~a ^ b) & fr)) & 0xc0000008;
              taken = a >>> 0 > b >>> 0;
              break;
            }
            case Uop.CmpRRJl: {
              const a = r[c[p + 3]!]!;
              const b = r[c[p + 4]!]!;
              fr = (a - b) | 0;
              fc = ((~a & b) | ((~a ^ b) & fr)) & 0xc0000008;
              taken = a < b;
              break;
            }
            case Uop.CmpRRJge: {
              const a = r[c[p + 3]!]!;
              const b = r[c[p + 4]!]!;
              fr = (a - b) | 0;
              fc = ((~a & b) | ((~a ^ b) & fr)) & 0xc0000008;
              taken = a >= b;
              break;
            }
            case Uop.CmpRRJle: {
              const a = r[c[p + 3]!]!;
              const b = r[c[p + 4]!]!;
              fr = (a - b) | 0;
              fc = ((~a & b) | ((~a ^ b) & fr)) & 0xc0000008;
              taken = a <= b;
              break;
            }
            case Uop.CmpRRJg: {
              const a = r[c[p + 3]!]!;
              const b = r[c[p + 4]!]!;
              fr = (a - b) | 0;
              fc = ((~a & b) | ((~a ^ b) & fr)) & 0xc0000008;
              taken = a > b;
              break;
            }
            case Uop.CmpRIJb: {
              const a = r[c[p + 3]!]!;
              const b = c[p + 5]!;
              fr = (a - b) | 0;
              fc = ((~a & b) | ((~a ^ b) & fr)) & 0xc0000008;
              taken = a >>> 0 < b >>> 0;
              break;
            }
            case Uop.CmpRIJae: {
              const a = r[c[p + 3]!]!;
              const b = c[p + 5]!;
              fr = (a - b) | 0;
              fc = ((~a & b) | ((~a ^ b) & fr)) & 0xc0000008;
              taken = a >>> 0 >= b >>> 0;
              break;
            }
            case Uop.CmpRIJz: {
              const a = r[c[p + 3]!]!;
              const b = c[p + 5]!;
              fr = (a - b) | 0;
              fc = ((~a & b) | ((~a ^ b) & fr)) & 0xc0000008;
              taken = a === b;
              break;
            }
            case Uop.CmpRIJnz: {
              const a = r[c[p + 3]!]!;
              const b = c[p + 5]!;
              fr = (a - b) | 0;
              fc = ((~a & b) | ((~a ^ b) & fr)) & 0xc0000008;
              taken = a !== b;
              break;
            }
            case Uop.CmpRIJbe: {
              const a = r[c[p + 3]!]!;
              const b = c[p + 5]!;
              fr = (a - b) | 0;
              fc = ((~a & b) | ((~a ^ b) & fr)) & 0xc0000008;
              taken = a >>> 0 <= b >>> 0;
              break;
            }
            case Uop.CmpRIJa: {
              const a = r[c[p + 3]!]!;
              const b = c[p + 5]!;
              fr = (a - b) | 0;
              fc = ((~a & b) | ((~a ^ b) & fr)) & 0xc0000008;
              taken = a >>> 0 > b >>> 0;
              break;
            }
            case Uop.CmpRIJl: {
              const a = r[c[p + 3]!]!;
              const b = c[p + 5]!;
              fr = (a - b) | 0;
              fc = ((~a & b) | ((~a ^ b) & fr)) & 0xc0000008;
              taken = a < b;
              break;
            }
            case Uop.CmpRIJge: {
              const a = r[c[p + 3]!]!;
              const b = c[p + 5]!;
              fr = (a - b) | 0;
              fc = ((~a & b) | ((~a ^ b) & fr)) & 0xc0000008;
              taken = a >= b;
              break;
            }
            case Uop.CmpRIJle: {
              const a = r[c[p + 3]!]!;
              const b = c[p + 5]!;
              fr = (a - b) | 0;
              fc = ((~a & b) | ((~a ^ b) & fr)) & 0xc0000008;
              taken = a <= b;
              break;
            }
            case Uop.CmpRIJg: {
              const a = r[c[p + 3]!]!;
              const b = c[p + 5]!;
              fr = (a - b) | 0;
              fc = ((~a & b) | ((~a ^ b) & fr)) & 0xc0000008;
              taken = a > b;
              break;
            }
            case Uop.TestRRJz: {
              fr = r[c[p + 3]!]! & r[c[p + 4]!]!;
              fc = 0;
              taken = fr === 0;
              break;
            }
            case Uop.TestRRJnz: {
              fr = r[c[p + 3]!]! & r[c[p + 4]!]!;
              fc = 0;
              taken = fr !== 0;
              break;
            }
            case Uop.TestRRJs: {
              fr = r[c[p + 3]!]! & r[c[p + 4]!]!;
              fc = 0;
              taken = fr < 0;
              break;
            }
            case Uop.TestRRJns: {
              fr = r[c[p + 3]!]! & r[c[p + 4]!]!;
              fc = 0;
              taken = fr >= 0;
              break;
            }
            case Uop.TestRRJle: {
              fr = r[c[p + 3]!]! & r[c[p + 4]!]!;
              fc = 0;
              taken = fr <= 0;
              break;
            }
            case Uop.TestRRJg: {
              fr = r[c[p + 3]!]! & r[c[p + 4]!]!;
              fc = 0;
              taken = fr > 0;
              break;
            }
            case Uop.Loop: {
              r[1] = r[1]! - 1;
              taken = r[1] !== 0;
              break;
            }
            case Uop.CallBranch: {
              r[Word.FlagResult] = fr;
              r[Word.FlagCarry] = fc;
              taken = BRANCH_HELPERS[c[p + 3]!]!(core, c[p + 4]!);
              break;
            }
            // Calls, returns, computed jumps
            case Uop.CallNear: {
              const v = c[p + 7]!;
              const a = (r[4]! - 4) >>> 0;
              if ((pf[a >>> 12]! | pf[(a + 3) >>> 12]!) === 0) ram.setInt32(a, v, true);
              else core.store32(a, v);
              r[4] = a;
              break;
            }
            case Uop.CallR: {
              to = r[c[p + 1]!]! >>> 0;
              const v = c[p + 7]!;
              const a = (r[4]! - 4) >>> 0;
              if ((pf[a >>> 12]! | pf[(a + 3) >>> 12]!) === 0) ram.setInt32(a, v, true);
              else core.store32(a, v);
              r[4] = a;
              break near;
            }
            case Uop.JmpR: {
              to = r[c[p + 1]!]! >>> 0;
              break near;
            }
            case Uop.Ret: {
              const a = r[4]! >>> 0;
              to = (a < ram32 ? ram.getInt32(a, true) : core.load32(a)) >>> 0;
              r[4] = a + 4 + c[p + 2]!;
              break near;
            }
            // Ends
            case Uop.CallJump: {
              r[Word.FlagResult] = fr;
              r[Word.FlagCarry] = fc;
              HELPERS[c[p + 1]!]!(core, c[p + 2]!, c[p + 6]!, c[p + 7]!);
              fr = r[Word.FlagResult]!;
              fc = r[Word.FlagCarry]!;
              to = r[Word.Eip]! >>> 0;
              break run;
            }
            case Uop.Stale: {
              left = (left + c[start + Header.Instructions]!) | 0;
              to = c[start + Header.Address]! >>> 0;
              break near;
            }
            case Uop.Careful: {
              to = c[p + 7]! >>> 0;
              exit = left === 0 ? Exit.Budget : Exit.Careful;
              break run;
            }
            case Uop.End: {
              to = c[p + 7]! >>> 0;
              break run;
            }
            case Uop.Halt: {
              to = c[p + 7]! >>> 0;
              exit = Exit.Halted;
              break run;
            }
            case Uop.Repeat: {
              r[Word.FlagResult] = fr;
              r[Word.FlagCarry] = fc;
              const done = REPEAT_HELPERS[c[p + 1]!]!(core, c[p + 2]!, left + 1);
              fr = r[Word.FlagResult]!;
              fc = r[Word.FlagCarry]!;
              left = (left - (Math.abs(done) - 1)) | 0;
              if (done < 0) {
                to = c[p + 7]! >>> 0;
                break near;
              }
              r[Word.SystemFlags] = r[Word.SystemFlags]! | Eflags.RF;
              to = where[p >> 2]! >>> 0;
              break run;
            }
            case Uop.Invalid: {
              core.fault(c[p + 1]!, c[p + 1]! === 13 ? 0 : undefined);
              break;
            }
          }
          // A branch: follow the link, or find where it leads and link it for the next time.
          const link = taken ? p + Branch.LinkTaken : p + Branch.LinkNext;
          const linked = c[link]!;
          if (linked !== 0) {
            p = linked;
          } else {
            to = (taken ? c[p + Branch.Taken]! : c[p + Branch.Next]!) >>> 0;
            if (left === 0) {
              exit = Exit.Budget;
              break;
            }
            const full = map.full;
            p = block(to, left) | 0;
            if (!full) c[link] = p;
          }
          start = p;
          left = (left - c[p + Header.Instructions]!) | 0;
          if (left >= 0) continue;
          to = c[p + Header.Address]! >>> 0;
          left = (left + c[p + Header.Instructions]!) | 0;
          if (left === 0) {
            exit = Exit.Budget;
            break;
          }
          start = p = builder.buildOne(to) | 0;
          left = (left - 1) | 0;
          continue;
        }
        // A jump to a computed address.
        if (left === 0) {
          exit = Exit.Budget;
          break;
        }
        const page = starts[to >>> 12];
        p = page === undefined ? 0 : page[to & 0xfff]! | 0;
        if (p === 0) p = block(to, left) | 0;
        start = p;
        left = (left - c[p + Header.Instructions]!) | 0;
        if (left >= 0) continue;
        left = (left + c[p + Header.Instructions]!) | 0;
        start = p = builder.buildOne(to) | 0;
        left = (left - 1) | 0;
      }
    } catch (thrown) {
      if (thrown !== FAULT && thrown !== RESTART && thrown !== NEEDS_INPUT) throw thrown;
      // The instruction has changed nothing, and the flags of those before it are in fr and fc.
      const n = p >> 3;
      to = where[2 * n]! >>> 0;
      left = (left + (c[start + Header.Instructions]! - where[2 * n + 1]!)) | 0;
      self.thrown = thrown;
      exit = Exit.Thrown;
    }
    r[Word.FlagResult] = fr;
    r[Word.FlagCarry] = fc;
    r[Word.Eip] = to;
    self.executed = budget - left;
    return exit;
  }
}

/** Whether the signed product of two 32-bit integers is `low`, its low 32 bits. */
function fitsProduct(a: number, b: number, low: number): boolean {
  // The double is exact up to 2^53, and above that far from every 32-bit integer.
  return a * b === low;
}

/** The processor against the one that runs this test: single instructions from the table. */
import { expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { Word } from '../../src/cpu/layout.ts';
import { decode } from '../../src/isa/decoder.ts';
import type { Instruction, Row } from '../../src/isa/instruction.ts';
import { TABLE } from '../../src/isa/table.ts';
import { bareCpu } from '../support/bare-cpu.ts';
import { runNatively, SCRATCH, SCRATCH_BYTES, type Step } from '../support/native-steps.ts';
import { describeWithTool } from '../support/tools.ts';

const CODE = 0x1000;
const FLAG_BITS: Record<string, number> = { C: 1, P: 4, A: 0x10, Z: 0x40, S: 0x80, O: 0x800 };
const ALL_FLAGS = 0x8d5;
const EDGES = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, -1];

/** Left out: they jump, need ring 0, touch selectors, or answer what only the board knows. */
const LEFT_OUT = new Set(
  `callf jmpf retf call jmp ret int int3 int1 into iret hlt in out ins outs cli sti popf bound
   lgdt lidt sgdt sidt lldt ltr sldt str lmsw smsw clts invlpg invd wbinvd cpuid rdtsc rdrand
   ud0 ud1 ud2 les lds lss lfs lgs loop loope loopne jecxz enter pushf`.split(/\s+/),
);

function included(row: Row): boolean {
  if (LEFT_OUT.has(row.mnemonic) || row.mnemonic.startsWith('j')) return false;
  return !row.operands.some((o) => /^[SC][wd]$|^[CDEFGS]S$|^O/.test(o));
}

const ROWS = TABLE.filter(included);

function value(prng: Prng): number {
  if (prng.chance(0.3)) return EDGES[prng.below(EDGES.length)]! | 0;
  if (prng.chance(0.3)) return prng.below(256);
  return prng.next() | 0;
}

/** Random bytes of one instruction of `row`; memory operands name pointer registers. */
function code(prng: Prng, row: Row): Uint8Array {
  const bytes: number[] = [];
  if (row.mandatory) bytes.push(row.mandatory);
  if (prng.chance(0.25)) bytes.push(0x66);
  if (row.repeatable !== 'none' && prng.chance(0.5)) bytes.push(prng.chance(0.5) ? 0xf2 : 0xf3);
  if (row.opcode > 0xff) bytes.push(0x0f);
  const plus = row.operands.some((o) => o[0] === 'Z') ? prng.below(8) : 0;
  bytes.push((row.opcode & 0xff) + plus);
  const reg = row.digit >= 0 ? row.digit : prng.below(8);
  const rm = row.rm >= 0 ? row.rm : prng.below(8);
  const memory = row.mod === 'mem' || (row.mod === 'any' && prng.chance(0.4));
  if (!memory) bytes.push(0xc0 | (reg << 3) | rm);
  else bytes.push(0x40 | (reg << 3) | [3, 5, 6, 7][prng.below(4)]!, prng.below(32));
  for (let i = 0; i < 8; i++) bytes.push(value(prng) & 0xff);
  return Uint8Array.from(bytes);
}

function makeStep(prng: Prng, row: Row): { step: Step; instruction: Instruction } | undefined {
  const raw = code(prng, row);
  const instruction = decode(raw, 0, raw.length, CODE);
  if (instruction.row !== row) return undefined;
  const pointers =
    instruction.operands.some((o) => o.kind === 'mem') ||
    ['xlatb', 'leave', 'movs', 'cmps'].includes(row.mnemonic);
  const registers = Array.from({ length: 8 }, () => value(prng));
  if (pointers) for (const r of [3, 5, 6, 7]) registers[r] = SCRATCH + 64 + 4 * prng.below(16);
  if (row.mnemonic === 'xlatb') registers[3] = SCRATCH;
  if (row.mnemonic.startsWith('bt'))
    for (const r of [0, 1, 2]) registers[r] = (registers[r]! << 23) >> 23;
  if (row.mnemonic === 'bts' || row.mnemonic.startsWith('bt'))
    for (const o of instruction.operands)
      if (o.kind === 'reg' && pointers && o.reg > 2) return undefined;
  if (instruction.repeat) registers[1] = prng.below(12);
  registers[4] = SCRATCH + 128;
  const eflags = 2 | 0x200 | (prng.next() & ALL_FLAGS) | (prng.chance(0.3) ? 0x400 : 0);
  const scratch = prng.bytes(SCRATCH_BYTES);
  if (prng.chance(0.3)) scratch.fill(prng.below(2) * 255, 0, 200);
  return {
    step: { code: raw.slice(0, instruction.length), registers, eflags, scratch },
    instruction,
  };
}

interface Outcome {
  registers: number[];
  eflags: number;
  scratch: Uint8Array;
  faulted: boolean;
}

const machine = bareCpu(4 << 20);

function runHere(step: Step, instruction: Instruction): Outcome {
  const { cpu, ram } = machine;
  cpu.reset(CODE, 0);
  ram.set(step.scratch, SCRATCH);
  ram.set(step.code, CODE);
  ram.fill(0x90, CODE + step.code.length, CODE + 16);
  cpu.core.r.set(step.registers);
  cpu.core.eflags = step.eflags;
  cpu.core.r[Word.IdtLimit] = 0;
  let stop = cpu.run(cpu.count + 1);
  while (instruction.repeat && stop.why === 'budget' && cpu.core.r[Word.Eip] === CODE)
    stop = cpu.run(cpu.count + 1);
  return {
    registers: [...cpu.core.r.subarray(0, 8)],
    eflags: cpu.core.eflags,
    scratch: ram.slice(SCRATCH, SCRATCH + SCRATCH_BYTES),
    faulted: stop.why === 'fault',
  };
}

function describeStep(step: Step, instruction: Instruction): string {
  const bytes = [...step.code].map((b) => b.toString(16).padStart(2, '0')).join(' ');
  return `${instruction.row.mnemonic} ${instruction.row.operands.join(',')} [${bytes}]`;
}

describeWithTool(['nasm', 'ld'], 'single instructions on the real processor', () => {
  it('leave the same registers, defined flags and memory', () => {
    const prng = new Prng(Number(process.env.VMFT_SEED ?? 1));
    const tests: { step: Step; instruction: Instruction; here: Outcome }[] = [];
    for (let n = 0; n < 24_000; n++) {
      const made = makeStep(prng, ROWS[n % ROWS.length]!);
      if (!made) continue;
      const here = runHere(made.step, made.instruction);
      if (!here.faulted) tests.push({ ...made, here });
    }
    expect(tests.length).toBeGreaterThan(18_000);
    const there = runNatively(tests.map((test) => test.step));
    const wrong: string[] = [];
    tests.forEach(({ step, instruction, here }, n) => {
      const native = there[n]!;
      let undefinedFlags = 0;
      for (const letter of instruction.row.undefinedFlags) undefinedFlags |= FLAG_BITS[letter]!;
      const mask = ALL_FLAGS & ~undefinedFlags;
      const same =
        here.registers.every((v, r) => v === native.registers[r]) &&
        (here.eflags & mask) === (native.eflags & mask) &&
        Buffer.compare(here.scratch, native.scratch) === 0;
      if (same) return;
      const hex = (values: readonly number[]): string =>
        values.map((v) => (v >>> 0).toString(16)).join(' ');
      wrong.push(
        `${describeStep(step, instruction)}
  before ${hex(step.registers)} ${hex([step.eflags])}
  here   ${hex(here.registers)} ${hex([here.eflags & mask])}
  native ${hex(native.registers)} ${hex([native.eflags & mask])}`,
      );
    });
    expect(wrong.slice(0, 20).join('\n')).toBe('');
  });
});

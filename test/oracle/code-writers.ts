/**
 * Tests that aim at what a processor with decoded code may get wrong: stores into the code that
 * follows, or into the very instruction that stores, and jumps into the middle of an instruction.
 * Most of what is stored, or lies inside an instruction, are other instructions, of one byte each.
 */
import type { Prng } from '../../src/base/prng.ts';
import type { Instruction } from '../../src/isa/instruction.ts';
import {
  aimAt,
  type Generated,
  jumpBy,
  someData,
  someInstruction,
  someRegisters,
} from './generator.ts';
import { ROWS } from './rows.ts';
import { someAddress, someFlags } from './values.ts';

/** Instructions of one byte that a process may execute, wherever a jump may lead. */
const ONE_BYTE = ROWS.filter(
  ({ operands, mnemonic }) =>
    operands.every((code) => /^(Zv|eAX)$/.test(code)) &&
    !/^(popf|int3|into|ret|leave)$/.test(mnemonic),
);

/** The opcode of one of them. */
export function someOpcode(prng: Prng): number {
  const row = ONE_BYTE[prng.below(ONE_BYTE.length)]!;
  return row.opcode > 0xff ? 0x90 : row.opcode + (row.operands[0] === 'Zv' ? prng.below(8) : 0);
}

const someOpcodes = (prng: Prng, count: number): number[] =>
  Array.from({ length: count }, () => someOpcode(prng));

const word = (bytes: readonly number[]): number =>
  bytes.reduceRight((value, byte) => (value << 8) | byte, 0) >>> 0;

/** Rows that store: to a memory operand, a string or the stack. */
const STORING = ROWS.filter(({ mnemonic, operands, mod }) => {
  if (/^(push|pusha|pushf|enter|stos|movs)$/.test(mnemonic)) return true;
  if (mnemonic === 'call') return true;
  const stores = /^[EMO]/.test(operands[0] ?? '') && mod !== 'reg';
  return stores && !/^(cmp|test|bt|nop|mul|imul|div|idiv|jmp)$/.test(mnemonic);
});

/** Makes `instruction` store to `address`; false where nothing does that. */
function storeTo(address: number, instruction: Instruction, registers: number[]): boolean {
  const { row, operands, operandSize } = instruction;
  const [to] = operands;
  if (/^(stos|movs)$/.test(row.mnemonic)) {
    registers[7] = address;
  } else if (/^(push|pusha|pushf|enter|call)$/.test(row.mnemonic)) {
    registers[4] = address + operandSize;
  } else if (to?.kind === 'mem' && to.addressSize === 4 && to.base >= 0) {
    aimAt(address, to, registers);
  } else return false;
  return true;
}

/** A store into code, executed once or in a loop. */
export function storing(prng: Prng): Generated | undefined {
  const eip = someAddress(prng);
  const row = STORING[prng.below(STORING.length)]!;
  const made = someInstruction(prng, row, eip);
  if (!made) return undefined;
  const { instruction, bytes } = made;
  const { operandSize } = instruction;
  const registers = someRegisters(prng);
  for (const source of [0, 1, 2, 3]) registers[source] = word(someOpcodes(prng, 4));
  const immediate = { Ib: 1, Ibs: 1, Iz: operandSize }[row.operands.at(-1) ?? ''];
  if (immediate && row.mnemonic !== 'enter' && prng.chance(0.8))
    bytes.set(someOpcodes(prng, immediate), bytes.length - immediate);
  const filling = someOpcodes(prng, 3 + prng.below(6));
  const length = bytes.length + filling.length;
  const itself = prng.chance(0.2);
  const target = itself ? prng.below(bytes.length) : bytes.length + prng.below(filling.length);
  if (!storeTo(eip + target, instruction, registers)) return undefined;
  const loops = prng.chance(0.5);
  const code = [...bytes, ...filling, ...(loops ? jumpBy(-length - 2) : jumpBy(0))];
  if (instruction.repeat) registers[1] = prng.below(12);
  const memory = [{ address: eip, bytes: Uint8Array.from(code) }];
  if (row.mnemonic === 'movs') {
    registers[6] = someAddress(prng);
    memory.unshift({ address: registers[6], bytes: Uint8Array.from(someOpcodes(prng, 24)) });
  }
  const steps = loops ? 3 * (filling.length + 2) : filling.length + 2;
  return finish(prng, { eip, steps, registers, memory, instruction, aim: 'stores into code' });
}

/** What is left to decide once the code lies there. */
interface Draft {
  readonly eip: number;
  readonly steps: number;
  readonly registers: readonly number[];
  readonly memory: Generated['test']['memory'];
  readonly instruction: Instruction;
  readonly aim: Generated['aim'];
}

function finish(prng: Prng, draft: Draft): Generated {
  const { eip, steps, memory, instruction, aim } = draft;
  const registers = draft.registers.map((value) => value >>> 0);
  const eflags = someFlags(prng);
  const test = { steps, repeatsCountOnce: false, eip, eflags, registers, memory };
  return { test, instructions: [instruction], aim };
}

/** Rows with four bytes of immediate data. */
const WITH_IMMEDIATE = ROWS.filter(({ operands }) => operands.at(-1) === 'Iz');

/** jmp, call, loop, jecxz or a condition: with a distance of one byte, or of four. */
function someJump(prng: Prng, from: number, to: number): number[] {
  const near = [0xeb, 0xe2, 0xe3, 0x70 + prng.below(16)][prng.below(4)]!;
  if (prng.chance(0.6)) return [near, (to - from - 2) & 0xff];
  const far = [[0xe9], [0xe8], [0x0f, 0x80 + prng.below(16)]][prng.below(3)]!;
  const distance = to - from - far.length - 4;
  return [...far, ...new Uint8Array(Int32Array.of(distance).buffer)];
}

/** A jump back into the middle of an instruction that was executed before. */
export function landing(prng: Prng): Generated | undefined {
  const eip = someAddress(prng);
  const row = WITH_IMMEDIATE[prng.below(WITH_IMMEDIATE.length)]!;
  const made = someInstruction(prng, row, eip);
  if (made?.instruction.operandSize !== 4) return undefined;
  const { instruction, bytes } = made;
  bytes.set(someOpcodes(prng, 4), bytes.length - 4);
  const filling = someOpcodes(prng, prng.below(4));
  const at = eip + bytes.length + filling.length;
  const back = prng.chance(0.8) ? 1 + prng.below(4) : 1 + prng.below(bytes.length - 1);
  const jump = someJump(prng, at, eip + bytes.length - back);
  const code = Uint8Array.of(...bytes, ...filling, ...jump, ...someOpcodes(prng, 4));
  const registers = someRegisters(prng);
  const data = [];
  const operand = instruction.operands.find(({ kind }) => kind === 'mem');
  if (operand?.kind === 'mem') {
    const address = someAddress(prng);
    aimAt(address, operand, registers);
    data.push(someData(prng, address));
  }
  const memory = [...data, { address: eip, bytes: code }];
  const steps = 4 + prng.below(20);
  return finish(prng, {
    eip,
    steps,
    registers,
    memory,
    instruction,
    aim: 'jumps into instructions',
  });
}

/**
 * Tests for a processor, from the instruction table: every row with every kind of operand, prefix
 * and address; pairs, short runs and loops of instructions; random bytes. What an instruction
 * addresses mostly lies in RAM, but nothing depends on it.
 */
import type { Prng } from '../../src/base/prng.ts';
import type { MemoryRun, VectorTest } from '../../src/cli/vectors-line.ts';
import { decode } from '../../src/isa/decoder.ts';
import type { Instruction, MemoryOperand, Row } from '../../src/isa/instruction.ts';
import { hindrance, OTHER_WITH_F3, ROWS, secondByte } from './rows.ts';
import { RAM_BYTES, someAddress, someFlags, someValue } from './values.ts';

/** A test, and the instructions that it was made of, in the order in which they lie. */
export interface Generated {
  readonly test: VectorTest;
  readonly instructions: readonly Instruction[];
  /** What it is to show. */
  readonly aim: Aim;
}

/** What tests aim at. */
export type Aim =
  | 'one instruction'
  | 'flags between instructions'
  | 'a few instructions'
  | 'random bytes'
  | 'no instruction'
  | 'code across pages'
  | 'a loop'
  | 'stores into code'
  | 'jumps into instructions';

const LOCK = 0xf0;
const SEGMENT_PREFIXES = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65] as const;

/** Now and then each prefix that means something, rarely those that do not. */
function somePrefixes(prng: Prng, row: Row): number[] {
  const prefixes: number[] = [];
  const maybe = (probability: number, prefix: number): void => {
    if (prng.chance(probability)) prefixes.push(prefix);
  };
  maybe(0.25, 0x66);
  maybe(0.15, 0x67);
  maybe(0.15, SEGMENT_PREFIXES[prng.below(6)]!);
  maybe(row.lockable ? 0.1 : 0.01, LOCK);
  if (!OTHER_WITH_F3.has(secondByte(row))) {
    maybe(row.repeatable === 'none' ? 0.01 : 0.4, 0xf2);
    maybe(row.repeatable === 'none' ? 0.01 : 0.4, 0xf3);
  }
  if (prng.chance(0.003)) while (prefixes.length < 13) prefixes.push(0x66);
  for (let i = prefixes.length - 1; i > 0; i--) {
    const j = prng.below(i + 1);
    [prefixes[i], prefixes[j]] = [prefixes[j]!, prefixes[i]!];
  }
  if (row.mandatory) prefixes.push(row.mandatory);
  return prefixes;
}

/** Bytes that begin with an instruction of `row`; what follows it is noise. */
function bytesOf(prng: Prng, row: Row): Uint8Array {
  const bytes = somePrefixes(prng, row);
  if (row.opcode > 0xff) bytes.push(0x0f);
  const plus = row.operands.some((code) => code[0] === 'Z') ? prng.below(8) : 0;
  bytes.push((row.opcode & 0xff) + plus);
  if (/Mod|[EGM]/.test(row.operands.join('')) || row.digit >= 0) {
    const reg = row.digit >= 0 ? row.digit : prng.below(8);
    const rm = row.rm >= 0 ? row.rm : prng.below(8);
    const register = row.mod === 'reg' || (row.mod === 'any' && prng.chance(0.4));
    bytes.push(((register ? 3 : prng.below(3)) << 6) | (reg << 3) | rm);
  }
  for (let i = 0; i < 3; i++) {
    const value = someValue(prng);
    bytes.push(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24);
  }
  return Uint8Array.from(bytes);
}

/** One instruction of `row` at `address`, with its bytes; undefined if chance made another one. */
export function someInstruction(
  prng: Prng,
  row: Row,
  address: number,
): { bytes: Uint8Array; instruction: Instruction } | undefined {
  const bytes = bytesOf(prng, row);
  const found = decode(bytes, 0, bytes.length, address);
  if (found.row !== row) return undefined;
  steer(prng, found, bytes);
  const instruction = decode(bytes, 0, found.length, address);
  if (instruction.row !== row || hindrance(instruction, bytes)) return undefined;
  return { bytes: bytes.slice(0, found.length), instruction };
}

/** Turns absolute addresses and far jumps into ones that lead into RAM. */
function steer(prng: Prng, instruction: Instruction, bytes: Uint8Array): void {
  const { row, length, addressSize, address, operandSize } = instruction;
  const view = new DataView(bytes.buffer);
  const code = row.operands[0]?.[0] === 'O' || row.operands[1]?.[0] === 'O';
  if (code && addressSize === 4) view.setUint32(length - 4, someAddress(prng), true);
  if (row.operands[0] === 'Jz' && operandSize === 4)
    view.setInt32(length - 4, someAddress(prng) - address - length, true);
  if (row.mnemonic === 'enter') {
    view.setUint16(length - 3, prng.below(0x80), true);
    view.setUint8(length - 1, prng.chance(0.7) ? prng.below(3) : prng.below(32));
  }
  const memory = instruction.operands.find((operand) => operand.kind === 'mem');
  if (memory && memory.base < 0 && addressSize === 4 && hasDisplacement(row)) {
    const at = displacementAt(bytes, instruction);
    if (memory.index >= 0 || at < 0) return;
    view.setUint32(at, someAddress(prng), true);
  }
}

function hasDisplacement(row: Row): boolean {
  return row.operands.some((code) => code[0] === 'E' || code[0] === 'M');
}

/** Where the displacement of an absolute operand lies: behind ModRM, and SIB if there is one. */
function displacementAt(bytes: Uint8Array, { row, length }: Instruction): number {
  const opcode = row.opcode & 0xff;
  for (let at = 0; at < length - 4; at++) {
    if (bytes[at] === opcode && (bytes[at + 1]! & 0xc7) === 0x05) return at + 2;
    if (bytes[at] === opcode && (bytes[at + 1]! & 0xc7) === 0x04) return at + 3;
  }
  return -1;
}

/** Registers with which most of what an instruction may address lies in RAM. */
export function someRegisters(prng: Prng): number[] {
  const registers = Array.from({ length: 8 }, () => someValue(prng));
  for (const pointer of [3, 5, 6, 7]) if (prng.chance(0.5)) registers[pointer] = someAddress(prng);
  registers[4] = someAddress(prng) & (prng.chance(0.8) ? ~3 : ~0);
  if (prng.chance(0.5)) registers[1] = prng.below(40);
  return registers;
}

/** Three values, to be found in memory by whoever reads at `address` or a little behind it. */
export function someData(prng: Prng, address: number): MemoryRun {
  const words = Uint32Array.from([someValue(prng), someValue(prng), someValue(prng)]);
  return { address, bytes: new Uint8Array(words.buffer) };
}

/**
 * Moves registers so that `instruction` addresses RAM: its operand, its string, its bit, its stack
 * frame. Returns what it shall find there.
 */
function aim(prng: Prng, instruction: Instruction, registers: number[]): MemoryRun[] {
  const { row, operands } = instruction;
  const place = (register: number): MemoryRun => {
    registers[register] = someAddress(prng);
    return someData(prng, registers[register]!);
  };
  if (row.repeatable !== 'none') {
    const data = [place(6), place(7)];
    if (prng.chance(0.2)) registers[7] = registers[6]! + prng.below(16) - 8;
    return data;
  }
  if (row.mnemonic === 'xlatb') return [place(3)];
  if (row.mnemonic === 'leave') return [place(5)];
  const memory = operands.find((operand) => operand.kind === 'mem');
  if (!memory) {
    const target = operands[0];
    const jumps = row.opcode === 0xff && (row.digit === 2 || row.digit === 4);
    if (jumps && target?.kind === 'reg') registers[target.reg] = someAddress(prng);
    return [];
  }
  // A bit offset in a register reaches 256 MiB in both directions.
  const bit = operands[1];
  if (row.mnemonic.startsWith('bt') && bit?.kind === 'reg')
    registers[bit.reg] = prng.below(2048) - 1024;
  const address = someAddress(prng);
  aimAt(address, memory, registers);
  return [someData(prng, address)];
}

/** Sets the base of `memory` (or its unscaled index) so that it lies at `address`. */
export function aimAt(address: number, memory: MemoryOperand, registers: number[]): void {
  const { base, index, shift, disp } = memory;
  if (memory.addressSize === 2) return;
  if (base >= 0 && base !== index) {
    const offset = index < 0 ? 0 : registers[index]! << shift;
    registers[base] = (address - offset - disp) >>> 0;
  } else if (index >= 0 && base < 0) {
    registers[index] = ((address - disp) >>> shift) >>> 0;
  }
}

/** Flags that popf may find: others would stop or trap the processor that takes the test. */
function poppedFlags(prng: Prng, esp: number): MemoryRun {
  const flags = someFlags(prng);
  return { address: esp, bytes: Uint8Array.of(flags & 0xff, flags >>> 8, 0, 0) };
}

/** `jmp` over `distance` bytes from behind itself. */
export function jumpBy(distance: number): number[] {
  return [0xeb, distance & 0xff];
}

/** Two instructions and more are followed by a jump: to the first, or to what comes next. */
type Ending = 'open' | 'jump' | 'loop';

/** Where a sequence lies, and how it ends. */
interface Shape {
  readonly aim: Aim;
  readonly eip: number;
  readonly count: number;
  readonly ending: Ending;
  /** Chooses the row of each. */
  rowAt(n: number): Row;
}

/** Rounds of a loop. */
const ROUNDS = 4;

/** Instructions in a row. */
function sequence(prng: Prng, { aim: what, eip, count, ending, rowAt }: Shape) {
  const registers = someRegisters(prng);
  const instructions: Instruction[] = [];
  const code: number[] = [];
  for (let n = 0; n < count; n++) {
    const made = someInstruction(prng, rowAt(n), eip + code.length);
    if (!made || (made.instruction.row.mnemonic === 'popf' && (n > 0 || ending === 'loop')))
      return undefined;
    instructions.push(made.instruction);
    code.push(...made.bytes);
  }
  // With a jump behind it the run ends where a block of decoded code ends, too.
  if (ending === 'jump') code.push(...jumpBy(0));
  if (ending === 'loop') code.push(...jumpBy(-code.length - 2));
  const own = aim(prng, instructions[prng.below(count)]!, registers);
  if (instructions[0]!.row.mnemonic === 'popf') {
    const esp = registers[4]! >>> 0;
    if (Math.abs(esp - eip) < 128 || esp > RAM_BYTES - 4) return undefined;
    own.push(poppedFlags(prng, esp));
  }
  own.push({ address: eip, bytes: Uint8Array.from(code) });
  const rounds = ending === 'loop' ? ROUNDS : 1;
  const steps = rounds * (count + (ending === 'open' ? 0 : 1));
  // Only what comes first finds the count that it is given; others might repeat for ever.
  const bounded = ending !== 'loop' && instructions.every((i, n) => n === 0 || !i.repeat);
  const repeatsCountOnce = prng.chance(0.7) && bounded;
  if (instructions[0]!.repeat) registers[1] = prng.below(24);
  const unsigned = registers.map((value) => value >>> 0);
  const eflags = someFlags(prng);
  const test = { steps, repeatsCountOnce, eip, eflags, registers: unsigned, memory: own };
  return { test, instructions, aim: what } satisfies Generated;
}

const someEnding = (prng: Prng): Ending => (prng.chance(0.5) ? 'jump' : 'open');

/** One instruction of `row`, alone. */
export function single(prng: Prng, row: Row): Generated | undefined {
  const place = { eip: someAddress(prng), ending: someEnding(prng) };
  return sequence(prng, { ...place, aim: 'one instruction', count: 1, rowAt: () => row });
}

const FLAG_WRITERS = ROWS.filter((row) => row.writes !== '' && row.mnemonic !== 'popf');
const FLAG_READERS = ROWS.filter((row) => row.tests !== '');

/** An instruction that sets flags, and one or two that look at them. */
export function flagPair(prng: Prng): Generated | undefined {
  const rowAt = (n: number): Row => {
    const rows = n === 0 ? FLAG_WRITERS : FLAG_READERS;
    return rows[prng.below(rows.length)]!;
  };
  const place = { eip: someAddress(prng), ending: someEnding(prng) };
  const aim = 'flags between instructions';
  return sequence(prng, { ...place, aim, count: 2 + prng.below(2), rowAt });
}

const anyRow = (prng: Prng) => (): Row => ROWS[prng.below(ROWS.length)]!;

/** Two to six instructions of any kind. */
export function mixture(prng: Prng): Generated | undefined {
  const place = { eip: someAddress(prng), ending: someEnding(prng) };
  const count = 2 + prng.below(5);
  return sequence(prng, { ...place, aim: 'a few instructions', count, rowAt: anyRow(prng) });
}

/** Two to four instructions, several times. */
export function loop(prng: Prng): Generated | undefined {
  const place = { eip: someAddress(prng), ending: 'loop' } as const;
  return sequence(prng, { ...place, aim: 'a loop', count: 2 + prng.below(3), rowAt: anyRow(prng) });
}

/** Instructions of which one lies on two pages. */
export function crossing(prng: Prng): Generated | undefined {
  const eip = 0x1000 * (1 + prng.below(15)) - 1 - prng.below(8);
  const place = { eip, ending: someEnding(prng) };
  const count = 1 + prng.below(3);
  const aim = 'code across pages';
  const made = sequence(prng, { ...place, aim, count, rowAt: anyRow(prng) });
  const crosses = made?.instructions.some(({ address, length }) => {
    return address >>> 12 !== (address + length - 1) >>> 12;
  });
  return crosses ? made : undefined;
}

/** What is no instruction: it has more than fifteen bytes, or locks what cannot be locked. */
export function refusal(prng: Prng): Generated | undefined {
  const eip = someAddress(prng);
  const noise = bytesOf(prng, ROWS[prng.below(ROWS.length)]!);
  const prefixes = prng.chance(0.7) ? [LOCK] : Array<number>(9 + prng.below(7)).fill(0x66);
  const bytes = Uint8Array.of(...prefixes, ...noise);
  const found = decode(bytes, 0, bytes.length, eip);
  if (found.row !== undefined || found.why === 'fetch' || hindrance(found, bytes)) return undefined;
  const registers = someRegisters(prng).map((value) => value >>> 0);
  const memory = [{ address: eip, bytes }];
  const eflags = someFlags(prng);
  const test = { steps: 1, repeatsCountOnce: false, eip, eflags, registers, memory };
  return { test, instructions: [], aim: 'no instruction' };
}

/** Random bytes that a process may execute. */
export function noise(prng: Prng): Generated | undefined {
  const eip = someAddress(prng);
  const bytes = prng.bytes(16);
  const found = decode(bytes, 0, bytes.length, eip);
  if (found.row === undefined || hindrance(found, bytes) || found.row.mnemonic === 'popf')
    return undefined;
  const registers = someRegisters(prng);
  const data = aim(prng, found, registers);
  if (found.repeat) registers[1] = prng.below(24);
  const unsigned = registers.map((value) => value >>> 0);
  const memory = [...data, { address: eip, bytes }];
  const eflags = someFlags(prng);
  const test = { steps: 1, repeatsCountOnce: true, eip, eflags, registers: unsigned, memory };
  return { test, instructions: [found], aim: 'random bytes' };
}

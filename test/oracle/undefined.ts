/**
 * The flags that the manual leaves undefined after an instruction, and for how long: what only a
 * processor of the same family can be asked about.
 */
import type { Instruction } from '../../src/isa/instruction.ts';

const FLAG_BITS: Readonly<Record<string, number>> = {
  C: 0x001,
  P: 0x004,
  A: 0x010,
  Z: 0x040,
  S: 0x080,
  O: 0x800,
};

/** The bits of eflags that `letters` name. */
export function flagMask(letters: string): number {
  return [...letters].reduce((mask, letter) => mask | FLAG_BITS[letter]!, 0);
}

/** The count of a shift or rotate; `cl` is that, if it is in cl. */
function countOf({ operands }: Instruction, cl: number): number {
  const by = operands.at(-1)!;
  return (by.kind === 'imm' ? by.value : cl) & 31;
}

/** Bits of the destination. */
function bitsOf({ operands: [to] }: Instruction): number {
  return to?.kind === 'reg' || to?.kind === 'mem' ? 8 * to.size : 32;
}

/** Whether the manual leaves undefined what `instruction` gives. */
export function hasUndefinedResult(instruction: Instruction, cl: number): boolean {
  const { mnemonic } = instruction.row;
  if (mnemonic === 'bswap') return instruction.operandSize === 2;
  return /^sh[lr]d$/.test(mnemonic) && countOf(instruction, cl) > bitsOf(instruction);
}

/** What the manual leaves undefined after `instruction`; `cl` is its count, if that is in cl. */
function undefinedBy(instruction: Instruction, cl: number): string {
  const { row } = instruction;
  if (!/^(sh[lr]d?|sar|ro[lr]|rc[lr])$/.test(row.mnemonic)) return row.undefinedFlags;
  const count = countOf(instruction, cl);
  if (count === 0) return '';
  const others = count === 1 ? row.undefinedFlags.replace('O', '') : row.undefinedFlags;
  return count >= bitsOf(instruction) && row.mnemonic.startsWith('s') ? `C${others}` : others;
}

/** The letters of the flags that are undefined after `instruction`, given those before it. */
export function undefinedAfter(instruction: Instruction, before: string, cl: number): string {
  const { row } = instruction;
  // A count of zero writes nothing, so only what always writes ends what was undefined.
  const always = row.repeatable === 'none' && !/CL|Ib$/.test(row.operands.at(-1) ?? '');
  const written = always || /^(add|or|adc|sbb|and|sub|xor|cmp|test)$/.test(row.mnemonic);
  const left = [...before].filter((letter) => !written || !row.writes.includes(letter));
  return [...new Set([...left, ...undefinedBy(instruction, cl)])].join('');
}

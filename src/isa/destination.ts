/**
 * Which segments an instruction accesses, and whether it stores to its first operand. Nearly all
 * whose first operand is memory do; those that only read it, or take its address, are listed.
 */
import { type Instruction, type Row, Seg } from './instruction.ts';

/** imul counts with its one operand; with more, the first is a register. */
const READERS: ReadonlySet<string> = new Set(
  `cmp test push call jmp callf jmpf mul imul div idiv bt nop cmps
   lgdt lidt lldt ltr lmsw invlpg`.split(/\s+/),
);

/** Whether instructions of `row` can store to an operand in memory that a prefix may override. */
export function storesToMemory({ operands, mod, mnemonic }: Row): boolean {
  return mod !== 'reg' && /^[EMOR]./.test(operands[0] ?? '') && !READERS.has(mnemonic);
}

/** These name memory and do not access it. */
const ADDRESS_ONLY: ReadonlySet<string> = new Set(['lea', 'nop', 'invlpg']);

/** The segments through which `instruction` accesses memory, but for the stack, which is ss. */
export function segmentsOf({ row, operands, segment }: Instruction): readonly Seg[] {
  if (row.mnemonic === 'xlatb') return [segment];
  if (ADDRESS_ONLY.has(row.mnemonic)) return [];
  return operands.flatMap((operand) => (operand.kind === 'mem' ? [operand.segment] : []));
}

/**
 * Whether `instruction` stores through cs. Such a store raises #GP(0), since no code segment can be
 * written in protected mode (SDM volume 3, 5.5).
 */
export function storesToCodeSegment({ row, operands }: Instruction): boolean {
  const to = operands[0];
  return to?.kind === 'mem' && to.segment === Seg.Cs && !READERS.has(row.mnemonic);
}

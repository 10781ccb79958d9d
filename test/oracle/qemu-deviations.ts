/**
 * Where the emulator qemu-i386 (version 7.2) does otherwise than the manual says, and the real
 * processor does as the manual: such instructions are not compared with it. docs/oracles.md has the
 * list in prose.
 */
import type { Instruction, NotAnInstruction } from '../../src/isa/instruction.ts';
import { Seg } from '../../src/isa/instruction.ts';
import { hindrance } from './rows.ts';

const LOCK = 0xf0;

/** A deviation: its name, and whether an instruction meets it. */
type Deviation = readonly [name: string, meets: (instruction: Instruction) => boolean];

const onMemory = ({ operands: [to] }: Instruction): boolean => to?.kind === 'mem';

const DEVIATIONS: readonly Deviation[] = [
  [
    'qemu lets code be written through cs',
    ({ operands }) => operands.some((o) => o.kind === 'mem' && o.segment === Seg.Cs),
  ],
  [
    'qemu takes the count of ret as signed',
    ({ row, operands: [by] }) => row.mnemonic === 'ret' && by?.kind === 'imm' && by.value > 0x7fff,
  ],
  [
    'qemu does not know the second encoding of test',
    ({ row }) => row.mnemonic === 'test' && row.digit === 1,
  ],
  ['qemu knows the hints of 0F 18 on memory alone', (i) => i.row.opcode === 0x0f18 && !onMemory(i)],
  ['qemu does not single-step pause', ({ row }) => row.mnemonic === 'pause'],
  [
    'qemu rotates through carry twice in a page of code',
    (i) => /^rc[lr]$/.test(i.row.mnemonic) && onMemory(i),
  ],
];

/** Why qemu-i386 cannot be asked about this instruction; undefined if it can. */
export function qemuHindrance(
  found: Instruction | NotAnInstruction,
  bytes: Uint8Array,
): string | undefined {
  const common = hindrance(found, bytes);
  if (common) return common;
  if (found.row !== undefined) return DEVIATIONS.find(([, meets]) => meets(found))?.[0];
  // It has emitted the access to memory when it comes to a byte too many.
  if (found.why === 'long') return 'qemu raises other faults before #GP for length';
  return bytes.includes(LOCK) ? 'qemu locks what cannot be locked' : undefined;
}

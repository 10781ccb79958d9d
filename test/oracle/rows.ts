/**
 * Which rows of the instruction table a process can be asked about, and why not the others: the
 * oracles of this folder execute tests as processes, in ring 3 and with segments of their own.
 */
import { toHex } from '../../src/base/digest.ts';
import type { Instruction, NotAnInstruction, Row } from '../../src/isa/instruction.ts';
import { REFUSED } from '../../src/isa/refused.ts';
import { TABLE } from '../../src/isa/table.ts';

/** Mnemonics that are left out, by the reason. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  'for ring 0 alone': 'hlt in out ins outs cli sti lgdt lidt lldt ltr lmsw clts invlpg invd wbinvd',
  'answers for the kernel or the processor': 'sgdt sidt sldt str smsw cpuid rdtsc rdrand',
  'loads a selector': 'callf jmpf retf iret les lds lss lfs lgs',
  'not to be told from single steps': 'int1',
};

const REASONS = new Map(
  Object.entries(LEFT_OUT).flatMap(([reason, names]) =>
    names.split(' ').map((name) => [name, reason] as const),
  ),
);

/** The number of Linux's own gate, the one that a process may use. */
const SYSTEM_CALL = 0x80;

/** Second opcode bytes to which F3 gives another meaning on newer processors. */
export const OTHER_WITH_F3: ReadonlySet<number> = new Set([0x1e, 0xb8, 0xbc, 0xbd, 0xc7]);

/** The second byte of a two-byte opcode, or −1. */
export function secondByte({ opcode }: Row): number {
  return opcode > 0xff ? opcode & 0xff : -1;
}

/** Why no process can be asked about `row`; undefined if it can. */
export function whyLeftOut({ mnemonic, operands }: Row): string | undefined {
  const reason = REASONS.get(mnemonic);
  if (reason) return reason;
  if (operands.some((code) => /^[CR]d$/.test(code))) return 'for ring 0 alone';
  return operands.some((code) => /^Sw$|^[CDEFGS]S$/.test(code)) ? 'loads a selector' : undefined;
}

/** The rows that are tested. */
export const ROWS: readonly Row[] = TABLE.filter((row) => whyLeftOut(row) === undefined);

/** Prefixes, then 0F B9 or 0F FF. */
const UD0_OR_UD1 = /^(26|2e|36|3e|6[4-7]|f[023])*0f(b9|ff)/;

/**
 * Why no process can be asked about what `bytes` begin with, as our decoder takes them; undefined
 * if it can.
 */
export function hindrance(
  instruction: Instruction | NotAnInstruction,
  bytes: Uint8Array,
): string | undefined {
  if (instruction.row === undefined) {
    if (isRefused(bytes)) return 'an opcode that later processors know';
    // Which of the two is found first is not laid down (SDM volume 3, 6.9).
    const undefinedAnyway = instruction.why === 'long' && UD0_OR_UD1.test(toHex(bytes));
    return undefinedAnyway ? 'ud0 or ud1 of more than 15 bytes' : undefined;
  }
  const { row, operands, length } = instruction;
  const [first] = operands;
  const has = (prefix: number): boolean => bytes.subarray(0, length).includes(prefix);
  if (row.mnemonic === 'int' && first?.kind === 'imm' && (first.value & 0xff) === SYSTEM_CALL)
    return 'a system call';
  if (OTHER_WITH_F3.has(secondByte(row)) && row.mandatory === 0 && has(0xf3))
    return 'F3 makes it a later instruction';
  if (/^loopn?e$/.test(row.mnemonic) && (has(0xf2) || has(0xf3)))
    return 'AMD takes a repeat prefix for the condition of loop';
  return whyLeftOut(row);
}

/** Whether these bytes, which decode to nothing, may mean something to another processor. */
function isRefused(bytes: Uint8Array): boolean {
  let at = 0;
  while (/^(26|2e|36|3e|64|65|66|67|f0|f2|f3)$/.test((bytes[at] ?? 0).toString(16))) at++;
  const two = bytes[at] === 0x0f;
  const opcode = two ? 0x0f00 + (bytes[++at] ?? 0) : bytes[at]!;
  const modrm = bytes[at + 1] ?? 0;
  const form = modrm >= 0xc0 ? 'reg' : 'mem';
  const digit = (modrm >> 3) & 7;
  return REFUSED.some(
    ({ first, last, digits, mod }) =>
      opcode >= first &&
      opcode <= last &&
      (bytes.length <= at + 1 || (digit >= digits[0] && digit <= digits[1])) &&
      (bytes.length <= at + 1 || mod === 'any' || mod === form),
  );
}

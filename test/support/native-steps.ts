/**
 * Single instructions on the real processor: builds one 32-bit Linux program that loads registers,
 * flags and a scratch area, executes an instruction, and writes down what it left, for many tests
 * at once. Only for instructions that do not fault, jump or need ring 0.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where the scratch area lies, in the native program and in the machine under test. */
export const SCRATCH = 0x300000;
export const SCRATCH_BYTES = 256;

export interface Step {
  readonly code: Uint8Array;
  /** eax ecx edx ebx esp ebp esi edi. */
  readonly registers: readonly number[];
  readonly eflags: number;
  readonly scratch: Uint8Array;
}

export interface StepResult {
  readonly registers: readonly number[];
  readonly eflags: number;
  readonly scratch: Uint8Array;
}

const RESULT_BYTES = 36 + SCRATCH_BYTES;

const bytes = (data: Uint8Array): string => `db ${[...data].join(',')}`;

/**
 * A record: where its code is, esp, then edi esi ebp - ebx edx ecx eax as popa wants them, flags.
 */
function record(step: Step, n: number): string {
  const [eax, ecx, edx, ebx, esp, ebp, esi, edi] = step.registers.map((v) => v >>> 0);
  const popped = [edi, esi, ebp, 0, ebx, edx, ecx, eax].join(', ');
  return `record${n}: dd code${n}, ${esp}, ${popped}, ${step.eflags}
${bytes(step.scratch)}`;
}

function program(steps: readonly Step[]): string {
  const codes = steps.map((step, n) => `code${n}: ${bytes(step.code)}\n  jmp near save`);
  return `bits 32
global _start
section .text
_start:
  cld
  mov dword [current], record0
  mov dword [result], results
next:
  mov esi, [current]
  lea esi, [esi + 44]
  mov edi, ${SCRATCH}
  mov ecx, ${SCRATCH_BYTES / 4}
  rep movsd
  mov esi, [current]
  mov eax, [esi]
  mov [target], eax
  mov eax, [esi + 4]
  mov [stack], eax
  lea esp, [esi + 8]
  popa
  popf
  mov esp, [stack]
  jmp [target]
save:
  mov [stack], esp
  mov esp, saved_end
  pushf
  pusha
  cld
  mov esi, esp
  mov edi, [result]
  mov ecx, 9
  rep movsd
  mov eax, [stack]
  mov edx, [result]
  mov [edx + 12], eax
  mov esi, ${SCRATCH}
  mov ecx, ${SCRATCH_BYTES / 4}
  rep movsd
  mov [result], edi
  add dword [current], ${44 + SCRATCH_BYTES}
  dec dword [left]
  jnz next
  mov ebx, 1
  mov ecx, results
.write:
  mov eax, 4
  mov edx, results_end
  sub edx, ecx
  int 0x80
  add ecx, eax
  cmp ecx, results_end
  jb .write
  mov eax, 1
  xor ebx, ebx
  int 0x80
${codes.join('\n')}
section .data
left: dd ${steps.length}
${steps.map(record).join('\n')}
section .bss
current: resd 1
result: resd 1
target: resd 1
stack: resd 1
saved: resd 16
saved_end:
results: resb ${steps.length * RESULT_BYTES}
results_end:
section .scratch nobits alloc write align=4096
resb 4096
`;
}

/** Runs every step on the real processor. */
export function runNatively(steps: readonly Step[]): StepResult[] {
  const directory = mkdtempSync(join(tmpdir(), 'vmft-native-'));
  try {
    const file = join(directory, 'steps');
    writeFileSync(`${file}.asm`, program(steps));
    execFileSync('nasm', ['-O1', '-f', 'elf32', '-o', `${file}.o`, `${file}.asm`]);
    const place = `--section-start=.scratch=0x${(SCRATCH).toString(16)}`;
    execFileSync('ld', ['-m', 'elf_i386', place, '-o', file, `${file}.o`]);
    const run = spawnSync(file, { maxBuffer: 1 << 30 });
    if (run.status !== 0)
      throw new Error(`the native program ended with ${run.signal ?? run.status}`);
    return steps.map((_, n) => parse(run.stdout, n * RESULT_BYTES));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function parse(output: Buffer, at: number): StepResult {
  const word = (n: number): number => output.readInt32LE(at + 4 * n);
  const [edi, esi, ebp, esp, ebx, edx, ecx, eax] = [0, 1, 2, 3, 4, 5, 6, 7].map(word);
  return {
    registers: [eax!, ecx!, edx!, ebx!, esp!, ebp!, esi!, edi!],
    eflags: word(8),
    scratch: new Uint8Array(output.subarray(at + 36, at + RESULT_BYTES)),
  };
}

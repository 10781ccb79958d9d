/** The disassembler against nasm: what it prints assembles to the same bytes. */
import { expect, it } from 'vitest';
import { decode } from '../../src/isa/decoder.ts';
import { disassemble, format, formatExactly } from '../../src/isa/disassembler.ts';
import { encode } from '../../src/isa/encoder.ts';
import type { Instruction } from '../../src/isa/instruction.ts';
import type { AsmOperand, EncodeRequest } from '../../src/isa/request.ts';
import { runs } from '../support/runs.ts';
import { describeWithTool } from '../support/tools.ts';
import { assembleLines } from './nasm-lines.ts';
import { allAddresses, allRequests, general } from './requests.ts';
import { someBytes } from './some-bytes.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The text of the one instruction in `digits`, at address 0x1000. */
function textOf(digits: string): string {
  const bytes = Buffer.from(digits.replaceAll(' ', ''), 'hex');
  const instruction = decode(bytes, 0, bytes.length, 0x1000);
  return instruction.row ? format(instruction) : `(${instruction.why})`;
}

/**
 * The orders of a source text that bytes do not show: `strict`, the size of a displacement, an
 * override with the segment that is the default.
 */
function isForced(operand: AsmOperand): boolean {
  if (operand.kind === 'imm') return operand.strict === true || operand.basis !== 'number';
  if (operand.kind !== 'mem') return false;
  const { dispSize, disp, segment } = operand;
  return dispSize !== undefined || disp.basis !== 'number' || segment === 3;
}

/** Different encodings that nasm makes without being forced to. */
function canonicalEncodings(): Uint8Array[] {
  const loads = allAddresses().map((address): EncodeRequest => {
    const operands = [general(1, 4), address];
    return { mnemonic: 'mov', operands, prefixes: [], address: 0 };
  });
  const encodings = new Map<string, Uint8Array>();
  for (const request of [...allRequests(), ...loads]) {
    if (request.operands.some(isForced)) continue;
    const encoding = encode(request);
    if ('bytes' in encoding) encodings.set(hex(encoding.bytes), encoding.bytes);
  }
  return [...encodings.values()];
}

/** What nasm has no text for, and jumps: they mean another thing at another address. */
function isUnwritable({ row, operandSize, operands }: Instruction): boolean {
  if (operands.some(({ kind }) => kind === 'rel')) return true;
  return operandSize === 2 && (row.mnemonic === 'bswap' || row.operands[1] === 'Ew');
}

/** What an instruction does, whatever its encoding. */
function meaningOf({ row, operands, lock, repeat }: Instruction): string {
  const parts = operands.map((operand) => {
    if (operand.kind !== 'imm') return JSON.stringify(operand);
    return String(operand.size === 4 ? operand.value : operand.value & 0xffff);
  });
  if (row.mnemonic === 'xchg') parts.sort();
  const idle = row.mnemonic === 'nop' || (row.mnemonic === 'xchg' && parts[0] === parts[1]);
  if (idle) return 'nop';
  return [row.mnemonic, lock, repeat, ...parts].join(' ');
}

/** Lines for `encodings`, each at the address that it has behind the others. */
function linesOf(encodings: readonly Uint8Array[]): string[] {
  let address = 0;
  return encodings.map((bytes) => {
    const decoded = decode(bytes, 0, bytes.length, address);
    address += bytes.length;
    return decoded.row ? formatExactly(decoded, bytes) : `(${decoded.why})`;
  });
}

/** Lines of which nasm makes other bytes. */
function changed(encodings: readonly Uint8Array[], lines: readonly string[]): string[] {
  return assembleLines(lines).flatMap((outcome, i) => {
    const theirs = 'bytes' in outcome ? hex(outcome.bytes) : outcome.error;
    return theirs === hex(encodings[i]!) ? [] : [`${hex(encodings[i]!)} ${lines[i]}: ${theirs}`];
  });
}

/** The instructions that random bytes begin with, and what stands before their opcodes. */
function randomInstructions(perOpcode: number): Uint8Array[] {
  return [...someBytes(perOpcode)].flatMap((bytes) => {
    const { row, length } = decode(bytes, 0, bytes.length, 0);
    return row ? [bytes.subarray(0, length)] : [];
  });
}

describeWithTool('nasm', 'disassembler', () => {
  it('writes a line of which nasm makes the same bytes, whatever the encoding', () => {
    const encodings = randomInstructions(runs(24));
    expect(changed(encodings, linesOf(encodings))).toEqual([]);
  });

  it('says what an instruction means, however it was encoded', () => {
    const instructions = [...someBytes(12)]
      .map((bytes) => decode(bytes, 0, bytes.length, 0))
      .filter(({ row }) => row !== undefined)
      .filter(
        (instruction): instruction is Instruction => !isUnwritable(instruction as Instruction),
      );
    const texts = instructions.map((instruction) => format(instruction));
    const wrong = assembleLines(texts).flatMap((outcome, i) => {
      if ('error' in outcome) return [`${texts[i]}: ${outcome.error}`];
      const again = decode(outcome.bytes, 0, outcome.bytes.length, 0);
      const same = again.row && meaningOf(again) === meaningOf(instructions[i]!);
      return same ? [] : [`${texts[i]}: ${hex(outcome.bytes)}`];
    });
    expect(wrong).toEqual([]);
  });

  it('does so without `db` where nasm would choose the encoding by itself', () => {
    const encodings = canonicalEncodings();
    const lines = linesOf(encodings);
    expect(changed(encodings, lines)).toEqual([]);
    expect(lines.filter((line) => line.startsWith('db '))).toEqual([]);
  });
});

it('writes instructions as nasm does', () => {
  const rows: [string, string][] = [
    ['89 d8', 'mov eax, ebx'],
    ['66 a1 34 12 00 00', 'mov ax, [0x1234]'],
    ['83 c0 ff', 'add eax, -1'],
    ['83 45 f8 05', 'add dword [ebp-8], 5'],
    ['0f b6 04 8d 00 10 00 00', 'movzx eax, byte [ecx*4+0x1000]'],
    ['8d 04 45 00 00 00 00', 'lea eax, [nosplit eax*2]'],
    ['65 8b 0c 24', 'mov ecx, [gs:esp]'],
    ['67 8b 42 10', 'mov eax, [bp+si+0x10]'],
    ['67 a1 f0 ff', 'mov eax, [word 0xfff0]'],
    ['f0 0f b1 0b', 'lock cmpxchg [ebx], ecx'],
    ['f3 a5', 'rep movsd'],
    ['66 f3 a7', 'repe cmpsw'],
    ['f2 64 67 ae', 'repne fs a16 scasb'],
    ['eb fe', 'jmp short 0x1000'],
    ['0f 84 00 00 00 00', 'je near 0x1006'],
    ['66 e8 00 00', 'call word 0x1004'],
    ['ff 18', 'call far [eax]'],
    ['66 ff 2b', 'jmp word far [ebx]'],
    ['ea 00 10 00 00 08 00', 'jmp 8:0x1000'],
    ['66 99', 'cwd'],
    ['98', 'cwde'],
    ['66 cf', 'iretw'],
    ['67 e3 00', 'jcxz 0x1003'],
    ['f3 90', 'pause'],
    ['f3 0f 1e fb', 'endbr32'],
    ['0f 20 c0', 'mov eax, cr0'],
    ['66 c3', 'o16 ret'],
    ['d9 c0', '(ud)'],
  ];
  expect(rows.map(([bytes]) => [bytes, textOf(bytes)])).toEqual(rows);
});

it('forces what nasm would not choose, and writes bytes where no words can', () => {
  const rows: [string, string][] = [
    ['81 c3 05 00 00 00', 'add ebx, strict dword 5'],
    ['8b 43 00', 'mov eax, [byte ebx+0]'],
    ['8b 83 00 00 00 00', 'mov eax, [dword ebx+0]'],
    ['3e 8b 03', 'mov eax, [ds:ebx]'],
    ['26 90', 'es nop'],
    ['67 90', 'a16 nop'],
    ['f3 01 d8', 'rep add eax, ebx'],
    ['e9 00 00 00 00', 'jmp near 0x1005'],
    ['03 c3', 'db 0x03, 0xc3  ; add eax, ebx'],
    ['8b 04 20', 'db 0x8b, 0x04, 0x20  ; mov eax, [eax]'],
    ['66 66 90', 'db 0x66, 0x66, 0x90  ; o16 nop'],
  ];
  const lines = rows.map(([digits]): [string, string] => {
    const bytes = Buffer.from(digits.replaceAll(' ', ''), 'hex');
    const [line] = disassemble(bytes, 0, bytes.length, 0x1000);
    return [digits, line!.text];
  });
  expect(lines).toEqual(rows);
});

it('names jump targets and absolute addresses that have a name', () => {
  const bytes = Uint8Array.from([0xe8, 0, 0, 0, 0, 0xa1, 5, 0x10, 0, 0, 0xa1, 6, 0x10, 0, 0]);
  const names = new Map([[0x1005, 'here']]);
  const lines = [...disassemble(bytes, 0, bytes.length, 0x1000, (at) => names.get(at))];
  expect(lines.map(({ text }) => text)).toEqual([
    'call here',
    'mov eax, [here]',
    'mov eax, [0x1006]',
  ]);
});

it('writes bytes that are no instruction as db, one by one, and goes on', () => {
  const bytes = Uint8Array.from([0x90, 0x0f, 0x05, 0x90, 0xd9, 0x40, 0xe8, 1]);
  const lines = [...disassemble(bytes, 1, 4, 0x2000), ...disassemble(bytes, 4, 8, 0x2003)];
  expect(lines.map(({ address, text }) => `${address.toString(16)} ${text}`)).toEqual([
    '2000 db 0x0f',
    '2001 db 0x05',
    '2002 nop',
    '2003 db 0xd9',
    '2004 inc eax',
    '2005 db 0xe8',
    '2006 db 0x01',
  ]);
});

/**
 * Instruction → the request for it (request.ts): what a source would have to say for the encoder to
 * make the same bytes.
 *
 * An instruction has many encodings, and a source cannot ask for every one of them. The plain form
 * means the same; the exact form also makes the same bytes, by words that force what nasm would not
 * choose by itself: a wide number (`strict dword 5`), a wide displacement (`[dword ebx+0]`), a
 * prefix without effect (`es nop`).
 */
import { encode } from './encoder.ts';
import { type Instruction, type MemoryOperand, type Operand, Reg, Seg } from './instruction.ts';
import { nameOf } from './mnemonics.ts';
import { followsOperandSize, type OperandCode, parseCode } from './operand-code.ts';
import { SEGMENT_PREFIX } from './prefixes.ts';
import { SEGMENTS } from './register-names.ts';
import type {
  AddressTerm,
  AsmImmediate,
  AsmMemory,
  AsmOperand,
  AsmPrefix,
  AsmValue,
  EncodeRequest,
} from './request.ts';

/** What a form says beyond what the instruction means. */
interface Forced {
  readonly strict: boolean;
  readonly dispSize: AsmMemory['dispSize'];
  /** The prefixes as they stand in memory; empty if only those that mean something are wanted. */
  readonly prefixes: readonly number[];
}

const PLAIN: Forced = { strict: false, dispSize: undefined, prefixes: [] };

/** Names that tell the operand size themselves (mnemonics.ts). */
const SIZE_IN_NAME = ['pusha', 'popa', 'pushf', 'popf', 'iret', 'cbw', 'cwd'];

const plainNumber = (value: number): AsmValue => ({ value, basis: 'number' });

/** The request for `instruction` that says no more than it means. */
export function plainForm(instruction: Instruction): EncodeRequest {
  return form(instruction, PLAIN);
}

/**
 * The request for `instruction` of which the encoder, and nasm, make just `bytes` again; undefined
 * if there is none.
 */
export function exactForm(instruction: Instruction, bytes: Uint8Array): EncodeRequest | undefined {
  const prefixes = prefixesOf(bytes);
  for (const forced of [[], prefixes])
    for (const strict of [false, true])
      for (const dispSize of [undefined, 1, 2, 4] as const) {
        const request = form(instruction, { strict, dispSize, prefixes: forced });
        const encoding = encode(request);
        if ('bytes' in encoding && isSame(encoding.bytes, bytes)) return request;
      }
  return undefined;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function prefixesOf(bytes: Uint8Array): number[] {
  const all = [0x66, 0x67, 0xf0, 0xf2, 0xf3, ...SEGMENT_PREFIX];
  const end = bytes.findIndex((byte) => !all.includes(byte));
  return [...bytes.subarray(0, end)];
}

function form(instruction: Instruction, forced: Forced): EncodeRequest {
  const { row, operands, addressSize, address } = instruction;
  const codes = row.operands.map(parseCode);
  const string = codes.some(({ place }) => place === 'X' || place === 'Y');
  const implicit = string || row.mnemonic === 'xlatb';
  const prefixes = prefixWords(instruction, implicit, forced);
  const written = string
    ? []
    : operands.map((o, i) => operandOf(codes[i]!, o, instruction, forced));
  // nasm puts the first register of xchg into ModRM.reg.
  if (row.mnemonic === 'xchg' && operands[0]!.kind === 'reg' && codes[0]!.place === 'E')
    written.reverse();
  if (row.mnemonic.startsWith('loop') && addressSize === 2)
    written.push({ kind: 'reg', reg: Reg.Ecx, size: 2 });
  return { mnemonic: nameOf(instruction), operands: written, prefixes, address };
}

/** Prefixes that the operands do not tell. */
function prefixWords(instruction: Instruction, implicit: boolean, forced: Forced): AsmPrefix[] {
  const { row, lock, repeat, segment, operandSize, addressSize, operands } = instruction;
  const inMemory = !implicit && operands.some(({ kind }) => kind === 'mem');
  const given = forced.prefixes;
  const words: AsmPrefix[] = [];
  if (lock) words.push('lock');
  const repeated = given.findLast((byte) => byte >= 0xf2 && byte !== row.mandatory) ?? repeat;
  if (repeated === 0xf2) words.push('repne');
  if (repeated === 0xf3) words.push(row.repeatable === 'repcc' ? 'repe' : 'rep');
  const override = given.findLast((byte) => SEGMENT_PREFIX.includes(byte as 0x26));
  if (override !== undefined && !inMemory) words.push(segmentName(override));
  else if (implicit && segment !== Seg.Ds) words.push(SEGMENTS[segment] as AsmPrefix);
  const told = row.operands.map(parseCode).some(followsOperandSize);
  if (operandSize === 2 && !told && !SIZE_IN_NAME.includes(row.mnemonic)) words.push('o16');
  const named = row.mnemonic === 'jecxz' || row.mnemonic.startsWith('loop');
  if (addressSize === 2 && (implicit || (given.includes(0x67) && !inMemory && !named)))
    words.push('a16');
  return words;
}

function segmentName(prefix: number): AsmPrefix {
  return SEGMENTS[SEGMENT_PREFIX.indexOf(prefix as 0x26)] as AsmPrefix;
}

function operandOf(
  code: OperandCode,
  operand: Operand,
  instruction: Instruction,
  forced: Forced,
): AsmOperand {
  switch (operand.kind) {
    case 'reg':
    case 'seg':
    case 'control':
      return operand;
    case 'imm':
      return immediateOf(code, operand.value, instruction, forced);
    case 'rel':
      return targetOf(code, operand.target, instruction);
    case 'far': {
      const selector = plainNumber(operand.selector);
      const size = operand.size === 2 ? { size: 2 as const } : {};
      return { kind: 'far', selector, offset: plainNumber(operand.offset), ...size };
    }
    case 'mem':
      return memoryOf(code, operand, instruction, forced);
  }
}

function immediateOf(
  code: OperandCode,
  value: number,
  { row, operandSize }: Instruction,
  { strict }: Forced,
): AsmImmediate {
  const number = plainNumber(code.signed ? value : value >>> 0);
  if (strict && code.place === 'I' && followsOperandSize(code))
    return { kind: 'imm', ...number, strict, size: code.signed ? 1 : operandSize };
  const size = row.mnemonic === 'push' && operandSize === 2 ? { size: 2 as const } : {};
  return { kind: 'imm', ...number, ...size };
}

/** A near jump says so where a short one would do. */
function targetOf(code: OperandCode, target: number, instruction: Instruction): AsmImmediate {
  const { row, operandSize, address, length } = instruction;
  const counted = row.mnemonic.startsWith('loop') || row.mnemonic === 'jecxz';
  const value = { kind: 'imm', ...plainNumber(target) } as const;
  if (code.size === 'b') return counted ? value : { ...value, distance: 'short' };
  const narrow = operandSize === 2 ? { size: 2 as const } : {};
  const distance = (target - (address + length)) | 0;
  const reached = row.mnemonic !== 'call' && distance >= -128 - 5 && distance <= 127 + 5;
  const near = row.opcode > 0xff && operandSize === 2 ? true : reached;
  return { ...value, ...narrow, ...(near && { distance: 'near' as const }) };
}

function memoryOf(
  code: OperandCode,
  operand: MemoryOperand,
  instruction: Instruction,
  { dispSize, prefixes }: Forced,
): AsmMemory {
  const { base, index, shift, disp, segment, addressSize } = operand;
  const registers: AddressTerm[] = [];
  if (base >= 0) registers.push({ reg: base, size: addressSize, times: 1, scaled: false });
  const scaled = shift > 0 || base < 0;
  if (index >= 0) registers.push({ reg: index, size: addressSize, times: 1 << shift, scaled });
  const absolute = registers.length === 0;
  const wrapped = addressSize === 2 ? disp & 0xffff : disp >>> 0;
  const onStack = base === Reg.Esp || base === Reg.Ebp;
  const overridden = prefixes.some((byte) => SEGMENT_PREFIX.includes(byte as 0x26));
  const shown = overridden || segment !== (onStack ? Seg.Ss : Seg.Ds);
  const wanted = dispSize ?? (absolute && addressSize === 2 ? 2 : undefined);
  return {
    kind: 'mem',
    registers,
    disp: plainNumber(absolute ? wrapped : disp),
    ...sizeWords(code, instruction, operand),
    ...(shown && { segment }),
    ...(wanted !== undefined && { dispSize: wanted }),
    // Without the word nasm would write eax*2 as eax+eax.
    ...(base < 0 && index >= 0 && shift < 2 && { nosplit: true }),
  };
}

/** The size of a memory operand, and `far`, where nasm needs the words. */
function sizeWords(
  code: OperandCode,
  { row, operandSize }: Instruction,
  operand: MemoryOperand,
): Pick<AsmMemory, 'size' | 'far'> {
  switch (code.memorySize) {
    case 'p': {
      if (!row.mnemonic.endsWith('f')) return {};
      return operandSize === 2 ? { size: 2, far: true } : { far: true };
    }
    case 'q':
      return { size: 8 };
    case '':
    case 's':
    case 'a':
      return {};
  }
  const sameSize = row.operands
    .map(parseCode)
    .some((other) => other.place === 'G' && other.size === code.memorySize);
  if (code.place !== 'E' || sameSize) return {};
  return { size: operand.size as 1 | 2 | 4 };
}

/**
 * Instruction → text in NASM syntax. nasm makes the same bytes of it again, unless they are an
 * encoding that nasm would not choose (a long displacement for a small number, an empty prefix).
 */
import { decode } from './decoder.ts';
import { type Instruction, type MemoryOperand, type Operand, Reg, Seg } from './instruction.ts';
import { nameOf } from './mnemonics.ts';
import { followsOperandSize, type OperandCode, parseCode } from './operand-code.ts';
import { GENERAL, SEGMENTS } from './register-names.ts';

/** Names an address (unsigned), or says undefined when it has no name. */
export type SymbolFor = (address: number) => string | undefined;

const noSymbols: SymbolFor = () => undefined;

const SIZE_NAME: Readonly<Record<number, string>> = {
  1: 'byte',
  2: 'word',
  4: 'dword',
  8: 'qword',
};

/** Names that tell the operand size themselves (mnemonics.ts). */
const SIZE_IN_NAME = ['pusha', 'popa', 'pushf', 'popf', 'iret', 'cbw', 'cwd'];

/** Small numbers in decimal, others in hexadecimal. */
function number(value: number): string {
  if (value < 0) return `-${number(-value)}`;
  return value < 10 ? String(value) : `0x${value.toString(16)}`;
}

/** The address of a memory operand, between the brackets. */
function addressText(operand: MemoryOperand, symbolFor: SymbolFor): string {
  const { base, index, shift, disp, segment, addressSize } = operand;
  const names = GENERAL[addressSize];
  const onStack = base === Reg.Esp || base === Reg.Ebp;
  const parts: string[] = [];
  if (base >= 0) parts.push(names[base]!);
  if (index >= 0) parts.push(shift || base < 0 ? `${names[index]}*${1 << shift}` : names[index]!);
  const override = segment === (onStack ? Seg.Ss : Seg.Ds) ? '' : `${SEGMENTS[segment]}:`;
  if (parts.length === 0) {
    const wrapped = addressSize === 2 ? disp & 0xffff : disp >>> 0;
    const name = addressSize === 4 ? symbolFor(wrapped) : undefined;
    return `${addressSize === 2 ? 'word ' : ''}${override}${name ?? number(wrapped)}`;
  }
  // Without the word nasm would write eax*2 as eax+eax.
  const nosplit = base < 0 && shift < 2 ? 'nosplit ' : '';
  const sum = parts.join('+');
  const tail = disp === 0 ? '' : disp < 0 ? number(disp) : `+${number(disp)}`;
  return `${nosplit}${override}${sum}${tail}`;
}

/** The size keyword of a memory operand, with a blank after it, where nasm needs one. */
function sizeKeyword(code: OperandCode, instruction: Instruction, operand: MemoryOperand): string {
  switch (code.memorySize) {
    case 'p':
      return `${instruction.row.mnemonic.endsWith('f') ? farKeyword(instruction) : ''}`;
    case 'q':
      return 'qword ';
    case '':
    case 's':
    case 'a':
      return '';
  }
  const sameSize = instruction.row.operands
    .map(parseCode)
    .some((other) => other.place === 'G' && other.size === code.memorySize);
  const plain = code.place !== 'E' || sameSize;
  return plain ? '' : `${SIZE_NAME[operand.size]} `;
}

const farKeyword = ({ operandSize }: Instruction): string =>
  operandSize === 2 ? 'word far ' : 'far ';

/** `short`, or the operand size of a near jump of 16 bits. */
function jumpKeyword(code: OperandCode, { row, operandSize }: Instruction): string {
  if (code.size === 'z' && operandSize === 4) return '';
  if (code.size === 'z') return row.opcode > 0xff ? 'near word ' : 'word ';
  return row.mnemonic.startsWith('loop') || row.mnemonic === 'jecxz' ? '' : 'short ';
}

function immediateText(code: OperandCode, instruction: Instruction, value: number): string {
  const { row, operandSize } = instruction;
  const text = number(code.signed ? value : value >>> 0);
  return row.mnemonic === 'push' && operandSize === 2 ? `word ${text}` : text;
}

function operandText(
  code: OperandCode,
  operand: Operand,
  instruction: Instruction,
  symbolFor: SymbolFor,
): string {
  switch (operand.kind) {
    case 'reg':
      return GENERAL[operand.size][operand.reg]!;
    case 'seg':
      return SEGMENTS[operand.reg]!;
    case 'control':
      return `cr${operand.reg}`;
    case 'imm':
      return immediateText(code, instruction, operand.value);
    case 'rel': {
      const target = symbolFor(operand.target) ?? number(operand.target);
      return jumpKeyword(code, instruction) + target;
    }
    case 'far': {
      const size = operand.size === 2 ? 'word ' : '';
      return `${size}${number(operand.selector)}:${number(operand.offset)}`;
    }
    case 'mem':
      return `${sizeKeyword(code, instruction, operand)}[${addressText(operand, symbolFor)}]`;
  }
}

/** Prefixes that the operands do not tell, each with a blank after it. */
function prefixText(instruction: Instruction, implicit: boolean): string {
  const { row, lock, repeat, segment, operandSize, addressSize } = instruction;
  const words: string[] = [];
  if (lock) words.push('lock');
  if (repeat === 0xf2) words.push('repne');
  if (repeat === 0xf3) words.push(row.repeatable === 'repcc' ? 'repe' : 'rep');
  if (implicit && segment !== Seg.Ds) words.push(SEGMENTS[segment]!);
  const told = row.operands.map(parseCode).some(followsOperandSize);
  if (operandSize === 2 && !told && !SIZE_IN_NAME.includes(row.mnemonic)) words.push('o16');
  if (implicit && addressSize === 2) words.push('a16');
  return words.map((word) => `${word} `).join('');
}

/** The text of `instruction`; jump targets and absolute addresses by name where they have one. */
export function format(instruction: Instruction, symbolFor: SymbolFor = noSymbols): string {
  const { row, operands, addressSize } = instruction;
  const codes = row.operands.map(parseCode);
  const string = codes.some(({ place }) => place === 'X' || place === 'Y');
  const head = prefixText(instruction, string || row.mnemonic === 'xlatb') + nameOf(instruction);
  if (string || operands.length === 0) return head;
  const texts = operands.map((operand, i) =>
    operandText(codes[i]!, operand, instruction, symbolFor),
  );
  // nasm puts the first register of xchg into ModRM.reg.
  if (row.mnemonic === 'xchg' && operands[0]!.kind === 'reg' && codes[0]!.place === 'E')
    texts.reverse();
  if (row.mnemonic.startsWith('loop') && addressSize === 2) texts.push('cx');
  return `${head} ${texts.join(', ')}`;
}

/** One line of a listing. */
export interface Line {
  /** Of its first byte, unsigned. */
  readonly address: number;
  /** Where its bytes begin in the array, and how many they are. */
  readonly offset: number;
  readonly length: number;
  readonly text: string;
  /** Undefined where the byte begins no instruction; `text` is then `db 0x…`. */
  readonly instruction: Instruction | undefined;
}

/** Walks `bytes[offset … end)`, of which the first has the address `address`. */
export function* disassemble(
  bytes: Uint8Array,
  offset: number,
  end: number,
  address: number,
  symbolFor: SymbolFor = noSymbols,
): Generator<Line> {
  for (let at = offset; at < end; ) {
    const here = (address + at - offset) >>> 0;
    const decoded = decode(bytes, at, end, here);
    const instruction = decoded.row ? decoded : undefined;
    const length = instruction ? instruction.length : 1;
    const text = instruction
      ? format(instruction, symbolFor)
      : `db 0x${(bytes[at]! + 0x100).toString(16).slice(1)}`;
    yield { address: here, offset: at, length, text, instruction };
    at += length;
  }
}

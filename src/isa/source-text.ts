/** The line of source, in nasm's syntax, that says what a request (request.ts) says. */
import { GENERAL, SEGMENTS } from './register-names.ts';
import type { AsmImmediate, AsmMemory, AsmOperand, EncodeRequest } from './request.ts';

/** Names an address (unsigned), or says undefined when it has no name. */
export type SymbolFor = (address: number) => string | undefined;

const KEYWORD = { 1: 'byte ', 2: 'word ', 4: 'dword ', 8: 'qword ' } as const;

const keyword = (size: 1 | 2 | 4 | 8 | undefined): string => (size ? KEYWORD[size] : '');

/** Small numbers in decimal, others in hexadecimal. */
function number(value: number): string {
  if (value < 0) return `-${number(-value)}`;
  return value < 10 ? String(value) : `0x${value.toString(16)}`;
}

/** The line for `request`; targets of `jumps` and absolute addresses by name if they have one. */
export function sourceText(request: EncodeRequest, jumps: boolean, symbolFor: SymbolFor): string {
  const { prefixes, mnemonic, operands } = request;
  const texts = operands.map((operand) => operandText(operand, jumps, symbolFor));
  return [...prefixes, mnemonic, texts.join(', ')].join(' ').trimEnd();
}

function operandText(operand: AsmOperand, jumps: boolean, symbolFor: SymbolFor): string {
  switch (operand.kind) {
    case 'reg':
      return GENERAL[operand.size][operand.reg]!;
    case 'seg':
      return SEGMENTS[operand.reg]!;
    case 'control':
      return `cr${operand.reg}`;
    case 'far': {
      const { size, selector, offset } = operand;
      return `${keyword(size)}${number(selector.value)}:${number(offset.value)}`;
    }
    case 'imm':
      return immediateText(operand, jumps ? symbolFor(operand.value) : undefined);
    case 'mem':
      return memoryText(operand, symbolFor);
  }
}

function immediateText(operand: AsmImmediate, name: string | undefined): string {
  const { strict, distance, size, value } = operand;
  const words = (strict ? 'strict ' : '') + (distance ? `${distance} ` : '') + keyword(size);
  return words + (name ?? number(value));
}

function memoryText(memory: AsmMemory, symbolFor: SymbolFor): string {
  const { registers, disp, size, far, segment, dispSize, nosplit } = memory;
  const words = keyword(size) + (far ? 'far ' : '');
  const inside = keyword(dispSize) + (nosplit ? 'nosplit ' : '');
  const override = segment === undefined ? '' : `${SEGMENTS[segment]}:`;
  const sum = registers
    .map(({ reg, size: width, times, scaled }) => {
      const name = GENERAL[width][reg]!;
      return scaled ? `${name}*${times}` : name;
    })
    .join('+');
  const { value } = disp;
  if (registers.length > 0) {
    const tail = value > 0 ? `+${number(value)}` : value < 0 ? number(value) : '';
    return `${words}[${inside}${override}${sum}${tail || (dispSize ? '+0' : '')}]`;
  }
  const name = dispSize === 2 ? undefined : symbolFor(value);
  return `${words}[${inside}${override}${name ?? number(value)}]`;
}

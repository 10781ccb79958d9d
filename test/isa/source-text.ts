/** Operands of the encoder as a source text spells them, for the tests that ask nasm. */

import { GENERAL, SEGMENTS } from '../../src/isa/register-names.ts';
import type { AsmMemory, AsmOperand, AsmValue, EncodeRequest } from '../../src/isa/request.ts';

const KEYWORD = { 1: 'byte ', 2: 'word ', 4: 'dword ', 8: 'qword ' } as const;

const keyword = (size: 1 | 2 | 4 | 8 | undefined): string => (size ? KEYWORD[size] : '');

/** `here` is an address, written so that nasm sees one too; the origin of the text is 0. */
function valueText({ value, basis }: AsmValue): string {
  return basis === 'here' ? `$$+${value}` : String(value);
}

function memoryText(memory: AsmMemory): string {
  const terms = memory.registers.map(({ reg, size, times, scaled }) => {
    const name = GENERAL[size][reg]!;
    return scaled || times !== 1 ? `${name}*${times}` : name;
  });
  const { value, basis } = memory.disp;
  if (value !== 0 || basis !== 'number' || terms.length === 0) {
    terms.push(value < 0 ? `(${value})` : valueText(memory.disp));
  }
  const override = memory.segment === undefined ? '' : `${SEGMENTS[memory.segment]}:`;
  const split = memory.nosplit ? 'nosplit ' : '';
  const size = keyword(memory.size) + (memory.far ? 'far ' : '');
  return `${size}[${keyword(memory.dispSize)}${split}${override}${terms.join('+')}]`;
}

/** One operand. */
export function operandText(operand: AsmOperand): string {
  switch (operand.kind) {
    case 'reg':
      return GENERAL[operand.size][operand.reg]!;
    case 'seg':
      return SEGMENTS[operand.reg]!;
    case 'control':
      return `cr${operand.reg}`;
    case 'far':
      return `${keyword(operand.size)}${operand.selector.value}:${valueText(operand.offset)}`;
    case 'imm': {
      const strict = operand.strict ? 'strict ' : '';
      const distance = operand.distance ? `${operand.distance} ` : '';
      return strict + keyword(operand.size) + distance + valueText(operand);
    }
    case 'mem':
      return memoryText(operand);
  }
}

/** The line that asks for the same as `request`. */
export function sourceText({ prefixes, mnemonic, operands }: EncodeRequest): string {
  return [...prefixes, mnemonic, operands.map(operandText).join(', ')].join(' ').trim();
}

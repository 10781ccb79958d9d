/**
 * Does an operand of a source text fit an operand code of the table? Asked for one operand size at
 * a time.
 */
import { bytesOf, followsOperandSize, type OperandCode } from './operand-code.ts';
import type { AsmImmediate, AsmMemory, AsmOperand } from './request.ts';

/** `size`: it would fit, were it not for a size keyword. */
export type Fit = 'yes' | 'no' | 'size';

const yes = (condition: boolean): Fit => (condition ? 'yes' : 'no');
const sized = (written: number | undefined, bytes: number): Fit =>
  written === undefined || written === bytes ? 'yes' : 'size';

/** True when the low bits of `value` are a sign-extended byte under operand size `operandSize`. */
export function isSignedByte(value: number, operandSize: 2 | 4): boolean {
  const signed = operandSize === 2 ? (value << 16) >> 16 : value | 0;
  return signed >= -128 && signed <= 127;
}

/** Whether a value is the constant 1, or may turn out to be. */
function isOne({ value, basis }: AsmImmediate): boolean {
  return basis === 'unknown' || (basis === 'number' && value === 1);
}

function fitImmediate(code: OperandCode, operand: AsmImmediate, operandSize: 2 | 4): Fit {
  const { size, strict, basis, value } = operand;
  if (operand.distance) return 'no';
  if (!code.signed) return sized(size, bytesOf(code.size, operandSize));
  if (size === 1) return 'yes';
  const short = basis === 'unknown' || (basis === 'number' && isSignedByte(value, operandSize));
  if (strict || !short) return 'no';
  return sized(size, operandSize);
}

function fitMemory(code: OperandCode, operand: AsmMemory, operandSize: 2 | 4): Fit {
  const { place, memorySize } = code;
  if (place === 'O') {
    const plain = operand.registers.length === 0 && operand.dispSize !== 1;
    return plain ? sized(operand.size, bytesOf(memorySize, operandSize)) : 'no';
  }
  if (place !== 'E' && place !== 'M') return 'no';
  if (memorySize === 'p') return sized(operand.size, operandSize);
  if (operand.far) return 'no';
  if (memorySize === '') return 'yes';
  if (memorySize === 's' || memorySize === 'a') return operand.size === undefined ? 'yes' : 'size';
  return sized(operand.size, bytesOf(memorySize, operandSize));
}

/** Whether `operand` can stand where the table has `code`. Jumps: any target, at any distance. */
export function fitOf(code: OperandCode, operand: AsmOperand, operandSize: 2 | 4): Fit {
  switch (operand.kind) {
    case 'mem':
      return fitMemory(code, operand, operandSize);
    case 'reg': {
      if (!['E', 'G', 'R', 'Z', 'reg'].includes(code.place)) return 'no';
      if (code.place === 'reg' && code.reg !== operand.reg) return 'no';
      return yes(operand.size === bytesOf(code.size, operandSize));
    }
    case 'imm':
      if (code.place === 'I') return fitImmediate(code, operand, operandSize);
      if (code.place === 'J') {
        return yes(operand.size === undefined || operand.size === operandSize);
      }
      if (code.place !== 'one') return 'no';
      return yes(isOne(operand) && operand.size === undefined);
    case 'far':
      return code.place === 'A' ? sized(operand.size, operandSize) : 'no';
    case 'seg':
      return yes(code.place === 'S' || (code.place === 'seg' && code.reg === operand.reg));
    case 'control':
      return yes(code.place === 'C');
  }
}

/**
 * What a memory operand without a size keyword would be under `code`, in bytes; 0 where the size
 * is written or does not matter.
 */
export function guessedSize(code: OperandCode, operand: AsmOperand, operandSize: 2 | 4): number {
  if (operand.kind !== 'mem' || operand.size !== undefined) return 0;
  return code.memorySize === '' ? 0 : bytesOf(code.memorySize, operandSize);
}

/** True when `operand` itself says which operand size is meant. */
export function settlesSize(code: OperandCode, operand: AsmOperand): boolean {
  if (!followsOperandSize(code)) return false;
  switch (operand.kind) {
    case 'reg':
      return true;
    case 'mem':
    case 'imm':
    case 'far':
      return operand.size !== undefined && operand.size !== 1;
    default:
      return false;
  }
}

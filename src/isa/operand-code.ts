/**
 * Operand codes of the instruction table (table.ts explains them), taken apart: where the operand
 * stands, and how many bytes it has.
 */
import { assert } from '../base/assert.ts';
import { Reg, type Row, Seg } from './instruction.ts';

/**
 * Where an operand stands: the letter of its code, or `reg`, `seg` (one fixed register) and `one`
 * (the constant 1).
 */
export type Place =
  | 'E'
  | 'G'
  | 'R'
  | 'M'
  | 'I'
  | 'J'
  | 'A'
  | 'O'
  | 'S'
  | 'C'
  | 'X'
  | 'Y'
  | 'Z'
  | 'reg'
  | 'seg'
  | 'one';

/** Size letter of a code: fixed (b w d q s) or by operand size (v z p a, and '' of a bare M). */
export type SizeLetter = 'b' | 'w' | 'd' | 'q' | 's' | 'v' | 'z' | 'p' | 'a' | '';

/** An operand code, taken apart. */
export interface OperandCode {
  readonly place: Place;
  readonly size: SizeLetter;
  /** Size where ModRM.rm is memory; differs from `size` in Rv/Mw only. */
  readonly memorySize: SizeLetter;
  /** Sign-extended to the operand size (Ibs). */
  readonly signed: boolean;
  /** The fixed register of `reg` and `seg`, else -1. */
  readonly reg: number;
}

const base = { size: '', memorySize: '', signed: false, reg: -1 } as const;

const NAMED: Readonly<Record<string, OperandCode>> = {
  AL: { ...base, place: 'reg', size: 'b', reg: Reg.Eax },
  CL: { ...base, place: 'reg', size: 'b', reg: Reg.Ecx },
  DX: { ...base, place: 'reg', size: 'w', reg: Reg.Edx },
  eAX: { ...base, place: 'reg', size: 'v', reg: Reg.Eax },
  ES: { ...base, place: 'seg', reg: Seg.Es },
  CS: { ...base, place: 'seg', reg: Seg.Cs },
  SS: { ...base, place: 'seg', reg: Seg.Ss },
  DS: { ...base, place: 'seg', reg: Seg.Ds },
  FS: { ...base, place: 'seg', reg: Seg.Fs },
  GS: { ...base, place: 'seg', reg: Seg.Gs },
  '1': { ...base, place: 'one', size: 'b' },
  'Rv/Mw': { ...base, place: 'E', size: 'v', memorySize: 'w' },
  Ibs: { ...base, place: 'I', size: 'b', memorySize: 'b', signed: true },
};

const known = new Map<string, OperandCode>(Object.entries(NAMED));

/** Takes one code apart; the same object each time. */
export function parseCode(code: string): OperandCode {
  let parsed = known.get(code);
  if (!parsed) {
    parsed = parseLetters(code);
    known.set(code, parsed);
  }
  return parsed;
}

function parseLetters(code: string): OperandCode {
  assert(
    /^[EGRMIJAOSCXYZ][bwdqsvzpa]?$/.test(code),
    () => `instruction table: operand code "${code}"`,
  );
  const size = code.slice(1) as SizeLetter;
  return { ...base, place: code[0] as Place, size, memorySize: size };
}

/** True when the operand size decides what an operand of this code is. */
export function followsOperandSize({ size, signed, place }: OperandCode): boolean {
  return signed || (place !== 'seg' && ['v', 'z', 'p', 'a', ''].includes(size));
}

/** Bytes of a size letter under operand size `operandSize`. A bare M has the operand size. */
export function bytesOf(size: SizeLetter, operandSize: 2 | 4): 1 | 2 | 4 | 6 | 8 {
  switch (size) {
    case 'b':
      return 1;
    case 'w':
      return 2;
    case 'd':
      return 4;
    case 'q':
      return 8;
    case 's':
      return 6;
    case 'p':
      return operandSize === 2 ? 4 : 6;
    case 'a':
      return operandSize === 2 ? 4 : 8;
    default:
      return operandSize;
  }
}

/** True when the instruction has a ModRM byte. */
export function hasModrm(row: Row): boolean {
  return row.digit >= 0 || row.operands.some((code) => 'EGRMSC'.includes(parseCode(code).place));
}

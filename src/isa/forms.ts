/** Hints for a source text that fits no row: what a mnemonic takes, and why some are missing. */
import type { Row } from './instruction.ts';
import { type OperandCode, parseCode } from './operand-code.ts';
import { REFUSED } from './refused.ts';
import { GENERAL, SEGMENTS } from './register-names.ts';

const BITS: Readonly<Record<string, string>> = { b: '8', w: '16', d: '32', q: '64' };

/** One operand code in the words of assembler manuals: r/m8, r, imm, label … */
function codeText({ place, size, memorySize, reg }: OperandCode): string {
  const bits = BITS[size] ?? '';
  switch (place) {
    case 'E':
      return `r/m${bits}`;
    case 'M':
      return memorySize === 'p' ? 'far pointer in memory' : 'memory';
    case 'G':
    case 'R':
    case 'Z':
      return `r${bits}`;
    case 'I':
      return `imm${bits}`;
    case 'J':
      return 'label';
    case 'A':
      return 'selector:offset';
    case 'S':
      return 'sreg';
    case 'C':
      return 'cr';
    case 'reg':
      return GENERAL[size === 'b' ? 1 : size === 'w' ? 2 : 4][reg]!;
    case 'seg':
      return SEGMENTS[reg]!;
    case 'one':
      return '1';
    default:
      return 'memory';
  }
}

/** The operands that the rows of one mnemonic take, each form once. */
export function formsHint(mnemonic: string, rows: readonly Row[]): string {
  const texts = rows.map(({ operands }) => {
    const codes = operands.map(parseCode);
    const string = codes.some(({ place }) => place === 'X' || place === 'Y');
    return string ? '' : codes.map(codeText).join(', ');
  });
  const forms = [...new Set(texts)].map((text) => text || 'no operand');
  const list = forms.join(' | ');
  return `${mnemonic} takes ${list}${/\br\b|r\/m\b/.test(list) ? ' (r: 16 or 32 bits)' : ''}`;
}

/** Why `mnemonic` is missing; undefined when nobody has heard of it. */
export function refusalHint(mnemonic: string): string | undefined {
  const found = REFUSED.find(({ name }) => name.split(/[ ,]+/).includes(mnemonic));
  return found && `vmft leaves it out: ${found.reason}`;
}

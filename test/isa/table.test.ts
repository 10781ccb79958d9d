/** The instruction table: every opcode is a row or refused by name, and rows are sound. */
import { describe, expect, it } from 'vitest';
import { decode } from '../../src/isa/decoder.ts';
import type { Row } from '../../src/isa/instruction.ts';
import { hasModrm } from '../../src/isa/operand-code.ts';
import { REFUSED } from '../../src/isa/refused.ts';
import { rowsOfOpcode, TABLE } from '../../src/isa/table.ts';
import { readInstruction } from './second-reader.ts';

const PREFIXES = [0x0f, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3];
const hex = (n: number): string => n.toString(16);

/** Row.opcode of every cell of both maps, prefixes and the escape to the second map aside. */
const OPCODES = Array.from({ length: 512 }, (_, i) => (i < 256 ? i : 0x0e00 + i)).filter(
  (opcode) => !PREFIXES.includes(opcode),
);

function refusals(opcode: number, modrm: number): string[] {
  const digit = (modrm >> 3) & 7;
  return REFUSED.filter(
    ({ first, last, digits, mod }) =>
      first <= opcode &&
      opcode <= last &&
      digits[0] <= digit &&
      digit <= digits[1] &&
      (mod === 'any' || (mod === 'reg') === modrm >= 0xc0),
  ).map(({ name }) => name);
}

describe('instruction table', () => {
  it('holds or refuses by name, never both, every opcode with every ModRM byte', () => {
    const wrong: string[] = [];
    for (const opcode of OPCODES) {
      for (let modrm = 0; modrm < 256; modrm++) {
        const head = opcode > 0xff ? [0x0f, opcode & 0xff, modrm] : [opcode, modrm];
        const bytes = Uint8Array.from([...head, ...new Array<number>(12).fill(0)]);
        const known = decode(bytes, 0, bytes.length, 0).row !== undefined;
        const names = refusals(opcode, modrm);
        if (known === names.length > 0) wrong.push(`${hex(opcode)} ${hex(modrm)} ${names}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('has a ModRM byte for all rows of an opcode or for none', () => {
    for (let index = 0; index < 512; index++) {
      const kinds = new Set(rowsOfOpcode(index).map(hasModrm));
      expect(kinds.size, `opcode index ${hex(index)}`).toBeLessThanOrEqual(1);
    }
  });

  it('says which value an undefined flag gets, and only where there is one', () => {
    const silent = TABLE.filter(
      (row) => (row.undefinedFlags === '') !== (row.undefinedValue === ''),
    );
    expect(silent.map((row) => row.mnemonic)).toEqual([]);
  });

  it('numbers its rows by position', () => {
    TABLE.forEach((row, i) => {
      expect(row.id).toBe(i);
    });
  });

  it('gives the flags that conditions test', () => {
    const tests = (mnemonic: string): string =>
      TABLE.find((row: Row) => row.mnemonic === mnemonic)!.tests;
    expect(tests('jg')).toBe('ZSO');
    expect(tests('setb')).toBe('C');
    expect(tests('cmovl')).toBe('SO');
    expect(tests('adc')).toBe('C');
    expect(tests('add')).toBe('');
  });
});

describe('flags of the instruction table', () => {
  /** An instruction of each row, as short as it goes. */
  const samples = TABLE.map((row) => {
    const modrm = row.rm >= 0 ? 0xc0 | row.rm : row.mod === 'mem' ? 0 : 0xc0;
    const head = row.opcode > 0xff ? [0x0f, row.opcode & 0xff] : [row.opcode];
    const prefix = row.mandatory ? [row.mandatory] : [];
    const rest = [modrm | (Math.max(row.digit, 0) << 3), 2, 2, 2, 2, 2, 2];
    return { row, bytes: Uint8Array.from([...prefix, ...head, ...rest]) };
  });

  it('are those of iced-x86, but that interrupts push all of them', () => {
    const wrong = samples.flatMap(({ row, bytes }) => {
      if (row.mnemonic.startsWith('int')) return row.tests === 'CPAZSO' ? [] : [row.mnemonic];
      const theirs = readInstruction(bytes)!;
      const ours = [row.tests, row.writes, row.undefinedFlags].join(' ');
      const other = [theirs.tests, theirs.writes, theirs.undefinedFlags].join(' ');
      return ours === other ? [] : [`${row.mnemonic} ${row.operands}: ${ours} | ${other}`];
    });
    expect(wrong).toEqual([]);
  });
});

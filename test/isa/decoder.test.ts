/** The decoder: rows by hand, any bytes, and iced-x86 as a second reader. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode } from '../../src/isa/decoder.ts';
import { encode } from '../../src/isa/encoder.ts';
import type { Instruction, NotAnInstruction, Operand } from '../../src/isa/instruction.ts';
import { nameOf } from '../../src/isa/mnemonics.ts';
import { GENERAL, SEGMENTS } from '../../src/isa/register-names.ts';
import type { AsmOperand } from '../../src/isa/request.ts';
import { allRequests } from './requests.ts';
import { readInstruction } from './second-reader.ts';
import { someBytes } from './some-bytes.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Decodes hexadecimal digits at address 0x1000. */
function read(digits: string): Instruction | NotAnInstruction {
  const bytes = Buffer.from(digits.replaceAll(' ', ''), 'hex');
  return decode(bytes, 0, bytes.length, 0x1000);
}

function instructionOf(digits: string): Instruction {
  const decoded = read(digits);
  if (!decoded.row) throw new Error(`${digits}: ${decoded.why}`);
  return decoded;
}

const whyOf = (digits: string): string | undefined => {
  const decoded = read(digits);
  return decoded.row ? undefined : decoded.why;
};

/** Base, index, shift, displacement and segment of the first memory operand. */
function addressOf(digits: string): number[] {
  const memory = instructionOf(digits).operands.find((operand) => operand.kind === 'mem');
  if (memory?.kind !== 'mem') throw new Error(`${digits}: no memory operand`);
  return [memory.base, memory.index, memory.shift, memory.disp, memory.segment];
}

/** An operand as the second reader spells it. */
function operandName(operand: Operand): string {
  switch (operand.kind) {
    case 'reg':
      return GENERAL[operand.size][operand.reg]!;
    case 'seg':
      return SEGMENTS[operand.reg]!;
    case 'control':
      return `cr${operand.reg}`;
    case 'imm':
      return String(operand.size === 2 ? operand.value & 0xffff : operand.value >>> 0);
    case 'rel':
      return `to ${operand.target.toString(16)}`;
    case 'far':
      return `${operand.selector.toString(16)}:${operand.offset.toString(16)}`;
    case 'mem': {
      const { base, index, shift, disp, segment, addressSize } = operand;
      const mask = addressSize === 2 ? disp & 0xffff : disp >>> 0;
      const parts = [`${SEGMENTS[segment]}:${mask.toString(16)}`];
      if (base >= 0) parts.push(GENERAL[addressSize][base]!);
      if (index >= 0) parts.push(`${GENERAL[addressSize][index]}*${1 << shift}`);
      return parts.join('+');
    }
  }
}

/** Where iced-x86 has another name for the same thing. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  iret: 'iretd',
  iretw: 'iret',
  pusha: 'pushad',
  pushaw: 'pusha',
  popa: 'popad',
  popaw: 'popa',
  pushf: 'pushfd',
  pushfw: 'pushf',
  popf: 'popfd',
  popfw: 'popf',
};

describe('decoder', () => {
  it('agrees with iced-x86 on name and length of every instruction that it knows', () => {
    const wrong: string[] = [];
    for (const bytes of someBytes(100)) {
      const ours = decode(bytes, 0, bytes.length, 0);
      if (!ours.row) continue;
      const theirs = readInstruction(bytes);
      const name = nameOf(ours);
      const names = [OTHER_NAMES[name] ?? name];
      // The reserved nops, and /6 of the shifts, which iced-x86 spells otherwise.
      if (name === 'nop') names.push('reservednop');
      if (ours.row.alias) names.push('sal');
      // senduipi is younger than the rule that rdrand takes any prefix.
      if (name === 'rdrand' && bytes.includes(0xf3)) continue;
      if (!theirs || theirs.length !== ours.length || !names.includes(theirs.mnemonic)) {
        wrong.push(`${hex(bytes)} ${name} ${ours.length}: ${theirs?.mnemonic} ${theirs?.length}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('agrees with iced-x86 on every operand', () => {
    const wrong: string[] = [];
    for (const bytes of someBytes(40)) {
      const ours = decode(bytes, 0, bytes.length, 0);
      const theirs = ours.row && readInstruction(bytes);
      // Strings and reserved nops are named otherwise there.
      if (!ours.row || !theirs || /^(?:nop|xlatb)$/.test(ours.row.mnemonic)) continue;
      if (ours.row.repeatable !== 'none') continue;
      const names = ours.operands.map(operandName);
      // A word in a register is all of the register there.
      const same = names.every((name, i) => {
        const other = theirs.operands[i]!;
        return name === other || (ours.row.operands[i] === 'Ew' && `e${name}` === other);
      });
      if (!same || names.length !== theirs.operands.length)
        wrong.push(`${hex(bytes)} ${ours.row.mnemonic} ${names}: ${theirs.operands}`);
    }
    expect(wrong).toEqual([]);
  });

  it('reads back what the encoder wrote', () => {
    const same = (asked: AsmOperand, got: Operand): boolean => {
      if (asked.kind === 'reg') return got.kind === 'reg' && got.reg === asked.reg;
      if (asked.kind !== 'mem' || got.kind !== 'mem') return true;
      return got.base === (asked.registers[0]?.reg ?? -1) && got.disp === asked.disp.value;
    };
    const wrong = allRequests().filter((request) => {
      const encoding = encode(request);
      if ('error' in encoding) return false;
      const { bytes, row } = encoding;
      const decoded = decode(bytes, 0, bytes.length, 0);
      // xchg eax, eax and nop are one encoding.
      if (decoded.row?.mnemonic === 'nop' && row.mnemonic === 'xchg') return false;
      if (!decoded.row || decoded.row.id !== row.id || decoded.length !== bytes.length) return true;
      const { operands } = decoded;
      const commutes = ['xchg', 'test', 'imul'].includes(row.mnemonic);
      if (commutes || operands.length !== request.operands.length) return false;
      return !operands.every((operand, i) => same(request.operands[i]!, operand));
    });
    expect(wrong).toEqual([]);
  });

  it('answers for any bytes, and reads no more than 15 of them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), fc.nat(20), (bytes, offset) => {
        const decoded = decode(bytes, offset, bytes.length, 0xffff_fff8);
        expect(decoded.length).toBeGreaterThanOrEqual(1);
        expect(decoded.length).toBeLessThanOrEqual(15);
      }),
    );
  });

  it('asks for more where bytes end within an instruction, whatever the next byte is', () => {
    for (const bytes of someBytes(10)) {
      const { row, length } = decode(bytes, 0, bytes.length, 0);
      if (!row) continue;
      for (let end = 1; end < length; end++) {
        const cut = decode(bytes, 0, end, 0);
        expect(cut.row ?? cut.why, hex(bytes.subarray(0, end))).toBe('fetch');
      }
    }
  });

  it('takes 15 bytes and refuses 16', () => {
    expect(read(`${'66'.repeat(14)}90`).length).toBe(15);
    expect(whyOf(`${'66'.repeat(15)}90`)).toBe('long');
    expect(whyOf(`${'66'.repeat(11)}b8 01 02`)).toBeUndefined();
    expect(whyOf(`${'2e'.repeat(11)}b8 01 02 03 04`)).toBe('long');
    expect(whyOf(`${'2e'.repeat(10)}b8 01 02 03`)).toBe('fetch');
  });

  it('reads 32-bit addresses', () => {
    expect(addressOf('8b 00')).toEqual([0, -1, 0, 0, 3]);
    expect(addressOf('8b 45 f8')).toEqual([5, -1, 0, -8, 2]);
    expect(addressOf('8b 05 78 56 34 12')).toEqual([-1, -1, 0, 0x12345678, 3]);
    expect(addressOf('8b 04 24')).toEqual([4, -1, 0, 0, 2]);
    expect(addressOf('8b 44 8d 10')).toEqual([5, 1, 2, 16, 2]);
    expect(addressOf('8b 04 cd 00 00 00 80')).toEqual([-1, 1, 3, -0x80000000, 3]);
    expect(addressOf('8b 04 e0')).toEqual([0, -1, 0, 0, 3]);
    expect(addressOf('64 8b 45 00')).toEqual([5, -1, 0, 0, 4]);
    expect(addressOf('36 3e 8b 03')).toEqual([3, -1, 0, 0, 3]);
  });

  it('reads 16-bit addresses', () => {
    expect(addressOf('67 8b 00')).toEqual([3, 6, 0, 0, 3]);
    expect(addressOf('67 8b 01')).toEqual([3, 7, 0, 0, 3]);
    expect(addressOf('67 8b 42 10')).toEqual([5, 6, 0, 16, 2]);
    expect(addressOf('67 8b 83 00 80')).toEqual([5, 7, 0, -0x8000, 2]);
    expect(addressOf('67 8b 06 34 12')).toEqual([-1, -1, 0, 0x1234, 3]);
    expect(addressOf('67 8b 46 00')).toEqual([5, -1, 0, 0, 2]);
    expect(addressOf('67 8b 07')).toEqual([3, -1, 0, 0, 3]);
    expect(addressOf('67 a1 34 12')).toEqual([-1, -1, 0, 0x1234, 3]);
  });

  it('extends immediates as the instruction says', () => {
    const immediate = (digits: string): unknown => {
      const operand = instructionOf(digits).operands.find(({ kind }) => kind === 'imm');
      return operand?.kind === 'imm' ? [operand.value, operand.size] : undefined;
    };
    expect(immediate('83 c0 ff')).toEqual([-1, 4]);
    expect(immediate('66 83 c0 ff')).toEqual([-1, 2]);
    expect(immediate('04 ff')).toEqual([255, 1]);
    expect(immediate('05 00 00 00 80')).toEqual([-0x80000000, 4]);
    expect(immediate('66 05 00 80')).toEqual([0x8000, 2]);
    expect(immediate('6a 80')).toEqual([-128, 4]);
    expect(immediate('cd 80')).toEqual([0x80, 1]);
    expect(immediate('d1 e0')).toEqual([1, 1]);
  });

  it('adds the next address to the distance of a jump, within 16 bits under 66', () => {
    const target = (digits: string): number => {
      const [operand] = instructionOf(digits).operands;
      return operand?.kind === 'rel' ? operand.target : -1;
    };
    expect(target('eb fe')).toBe(0x1000);
    expect(target('e8 00 00 00 00')).toBe(0x1005);
    expect(target('e9 f0 ef ff ff')).toBe(0xfffffff5);
    expect(target('66 e9 00 f0')).toBe(0x0004);
    expect(target('66 eb 80')).toBe(0x0f83);
    expect(target('0f 84 fa ff ff ff')).toBe(0x1000);
  });

  it('takes a lock before a lockable instruction with its destination in memory only', () => {
    expect(instructionOf('f0 01 03').lock).toBe(true);
    expect(instructionOf('f0 0f c7 0b').lock).toBe(true);
    for (const digits of ['f0 01 c3', 'f0 03 03', 'f0 89 03', 'f0 90', 'f0 39 03', 'f0 0f a3 03']) {
      expect(whyOf(digits), digits).toBe('ud');
    }
  });

  it('refuses a register where only memory has a meaning, and the other way round', () => {
    const wrong = ['8d c0', '62 c0', 'c4 c0', 'c5 c0', '0f b2 c0', '0f c7 c8', '0f 01 d0', 'ff d8'];
    for (const digits of [...wrong, '0f c7 30', '0f 01 28'])
      expect(whyOf(digits), digits).toBe('ud');
  });

  it('refuses registers that there are not, and the loading of cs', () => {
    for (const digits of ['8e c8', '8e f0', '8c f0', '0f 20 c8', '0f 22 e8', '0f 21 c0']) {
      expect(whyOf(digits), digits).toBe('ud');
    }
  });

  it('keeps a repeat prefix of string instructions only; the last one counts', () => {
    const repeat = (digits: string): number => instructionOf(digits).repeat;
    expect(repeat('f3 a4')).toBe(0xf3);
    expect(repeat('f2 a4')).toBe(0xf3);
    expect(repeat('f2 a6')).toBe(0xf2);
    expect(repeat('f2 f3 a6')).toBe(0xf3);
    expect(repeat('f3 01 c0')).toBe(0);
  });

  it('reads F3 as part of pause and endbr32, and as nothing before bsf', () => {
    const name = (digits: string): string => instructionOf(digits).row.mnemonic;
    expect(name('f3 90')).toBe('pause');
    expect(name('90')).toBe('nop');
    expect(name('f3 0f 1e fb')).toBe('endbr32');
    expect(name('f3 0f 1e c8')).toBe('nop');
    expect(name('0f 1e fb')).toBe('nop');
    expect(name('f3 0f bc c1')).toBe('bsf');
  });
});

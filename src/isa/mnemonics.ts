/**
 * Spellings: the names by which a source text may call a row of the table, and the name by which
 * the disassembler calls an instruction. The table has one mnemonic for all sizes (table.ts).
 */
import { CONDITIONS } from './conditions.ts';
import type { Instruction } from './instruction.ts';
import { TABLE } from './table.ts';

/** What a spelling stands for: rows, and a size that it settles. */
export interface Spelling {
  /** `Row.mnemonic`. */
  readonly mnemonic: string;
  /** Settled operand size in bytes; 1 picks the byte row of a string instruction. */
  readonly operandSize?: 1 | 2 | 4;
  readonly addressSize?: 2 | 4;
}

const STRINGS = ['movs', 'cmps', 'stos', 'lods', 'scas', 'ins', 'outs'];
const WORD_OR_DOUBLE = ['pusha', 'popa', 'pushf', 'popf', 'iret'];
const SUFFIX = { 1: 'b', 2: 'w', 4: 'd' } as const;

/** Names without a rule: spelling → row. */
const SYNONYMS: Readonly<Record<string, string>> = {
  sal: 'shl',
  xlat: 'xlatb',
  retn: 'ret',
  loopz: 'loope',
  loopnz: 'loopne',
  icebp: 'int1',
};

function allSpellings(): Map<string, Spelling> {
  const map = new Map<string, Spelling>();
  for (const { mnemonic } of TABLE) map.set(mnemonic, { mnemonic });
  for (const name of ['callf', 'jmpf', ...STRINGS]) map.delete(name);
  for (const name of STRINGS) {
    for (const size of [1, 2, 4] as const) {
      map.set(name + SUFFIX[size], { mnemonic: name, operandSize: size });
    }
  }
  for (const name of WORD_OR_DOUBLE) {
    map.set(name, { mnemonic: name, operandSize: 4 });
    map.set(`${name}d`, { mnemonic: name, operandSize: 4 });
    map.set(`${name}w`, { mnemonic: name, operandSize: 2 });
  }
  for (const [narrow, wide] of [
    ['cbw', 'cwde'],
    ['cwd', 'cdq'],
  ] as const) {
    map.set(narrow, { mnemonic: narrow, operandSize: 2 });
    map.set(wide, { mnemonic: narrow, operandSize: 4 });
  }
  map.set('jecxz', { mnemonic: 'jecxz', addressSize: 4 });
  map.set('jcxz', { mnemonic: 'jecxz', addressSize: 2 });
  map.set('bswap', { mnemonic: 'bswap', operandSize: 4 });
  for (const { name, aliases } of CONDITIONS) {
    for (const alias of aliases) {
      for (const stem of ['j', 'set', 'cmov']) map.set(stem + alias, { mnemonic: stem + name });
    }
  }
  for (const [name, mnemonic] of Object.entries(SYNONYMS)) map.set(name, { mnemonic });
  return map;
}

const spellings = allSpellings();

/** What `name` (lower case) stands for; undefined when it is no instruction of the table. */
export function spellingOf(name: string): Spelling | undefined {
  return spellings.get(name);
}

/** All names of instructions that the assembler knows, in no particular order. */
export function allMnemonics(): Iterable<string> {
  return spellings.keys();
}

/** The name that the disassembler prints for `instruction`. */
export function nameOf(instruction: Instruction): string {
  const { row, operandSize, addressSize, operands } = instruction;
  const { mnemonic } = row;
  if (STRINGS.includes(mnemonic)) {
    const byte = operands.some((operand) => operand.kind === 'mem' && operand.size === 1);
    return mnemonic + SUFFIX[byte ? 1 : operandSize];
  }
  if (WORD_OR_DOUBLE.includes(mnemonic)) return operandSize === 2 ? `${mnemonic}w` : mnemonic;
  if (mnemonic === 'cbw') return operandSize === 2 ? 'cbw' : 'cwde';
  if (mnemonic === 'cwd') return operandSize === 2 ? 'cwd' : 'cdq';
  if (mnemonic === 'jecxz') return addressSize === 2 ? 'jcxz' : 'jecxz';
  if (mnemonic === 'callf') return 'call';
  return mnemonic === 'jmpf' ? 'jmp' : mnemonic;
}

/**
 * The one instruction table. Decoder, encoder, disassembler, processor, documentation and test
 * generators read it. The rows themselves are text, laid out to be read beside the opcode maps of
 * volume 2, appendix A: one-byte.ts, two-byte.ts; what is left out stands in refused.ts.
 *
 * A row is `opcode mnemonic operands flags attributes`, separated by blanks, `-` for no operand.
 *
 * Opcode, in hexadecimal; `+r` eight opcodes, the register in the low three bits; `+cc` sixteen
 * opcodes, the condition in the low four bits and its name at the end of the mnemonic; `/d` the
 * ModRM byte extends the opcode; `=hh` the ModRM byte is hh and nothing else; `F3:` that prefix is
 * part of the opcode. Where two rows fit the same bytes, the upper one is meant.
 *
 * Mnemonics are nasm's, but one name for all sizes where the operand size tells them apart:
 * movs cmps stos lods scas ins outs (…b …w …d), pusha popa pushf popf iret (…w for 16 bits),
 * cbw (cwde), cwd (cdq), jecxz (jcxz, by address size); and callf, jmpf for `call far`, `jmp far`.
 *
 * Operands are a letter for the place and a letter for the size, destination first:
 *   E ModRM.rm, register or memory   G ModRM.reg    R ModRM.rm, a register   M ModRM.rm, memory
 *   I immediate    J relative target    A far pointer    O memory at an absolute offset
 *   S segment register in ModRM.reg    C control register in ModRM.reg
 *   X memory at ds:[esi]    Y memory at es:[edi]    Z register in the low bits of the opcode
 *   b byte   w word   d doubleword   v, z operand size   q 8 bytes   p far pointer (2 + v)
 *   s descriptor-table pointer (6 bytes)   a pair of v
 * Ibs is a byte, sign-extended to the operand size. Rv/Mw is Rv or, in memory, Mw. AL CL DX eAX
 * (al, or by operand size ax or eax), ES … GS and 1 are themselves. Implicit operands (mul's edx,
 * the stack, the count of rep) are not written.
 *
 * Flags, a column each for C P A Z S O:  . left alone   t tested   w written   b tested and written
 * u written, the manual does not say with what (undefined-flags.ts does)   cond: as the condition.
 *
 * Attributes: `lock` the prefix is legal when the destination is memory; `rep`, `repcc` (also while
 * equal or not equal) a repeat prefix has a meaning; `alias` a second encoding of a row that an
 * assembler does not choose.
 */
import { BugError } from '../base/assert.ts';
import { CONDITIONS } from './conditions.ts';
import type { Row } from './instruction.ts';
import { ONE_BYTE } from './one-byte.ts';
import { TWO_BYTE } from './two-byte.ts';
import { UNDEFINED_VALUES } from './undefined-flags.ts';

/** The arithmetic flags in the order of the table's columns. */
const FLAGS = 'CPAZSO';

/** Prefix, byte, span, digit or whole ModRM byte. */
const OPCODE = String.raw`(?:(F[23]):)?([0-9A-F]{2})(\+r|\+cc)?(?:/([0-7])|=([0-9A-F]{2}))?`;

/** Opcode, mnemonic, operands, flags, attributes. */
const ROW = new RegExp(String.raw`^ *${OPCODE} +(\w+) +(\S+) +(\S+) *(.*)$`);

const rows: Row[] = [];

/** Rows by opcode: index 0 … 255 one-byte, 256 … 511 two-byte; the first that fits is meant. */
const cells: Row[][] = Array.from({ length: 512 }, () => []);

/** All rows, in the order of the text; `Row.id` is the index. */
export const TABLE: readonly Row[] = rows;

/**
 * The rows that a one-byte opcode (0 … 255) or 256 + the second byte of a two-byte opcode may
 * mean, in order of precedence; none where the cell is a prefix or refused.
 */
export function rowsOfOpcode(index: number): readonly Row[] {
  return cells[index]!;
}

/** The index that {@link rowsOfOpcode} takes, of a row's first opcode. */
export function opcodeIndex(row: Row): number {
  return row.opcode > 0xff ? 0x100 + (row.opcode & 0xff) : row.opcode;
}

/** The flags of a row, by what happens to them. */
interface FlagUse {
  readonly tests: string;
  readonly writes: string;
  readonly undefinedFlags: string;
}

/** Flag columns repeat, so each is read once. */
const flagUses = new Map<string, FlagUse>([
  ['cond', { tests: '', writes: '', undefinedFlags: '' }],
]);

function flagUse(columns: string): FlagUse {
  const known = flagUses.get(columns);
  if (known) return known;
  const letters = (kinds: string): string =>
    [...FLAGS].filter((_, column) => kinds.includes(columns[column]!)).join('');
  const use = { tests: letters('tb'), writes: letters('wb'), undefinedFlags: letters('u') };
  flagUses.set(columns, use);
  return use;
}

function modOf(operands: readonly string[]): Row['mod'] {
  if (operands.includes('Rv')) return 'reg';
  return operands.some((code) => code[0] === 'M') ? 'mem' : 'any';
}

function repeatableOf(attributes: string): Row['repeatable'] {
  if (attributes.includes('repcc')) return 'repcc';
  return attributes.includes('rep') ? 'rep' : 'none';
}

/** Adds the rows of one line; `map` is 0 or 0x0F00. */
function addLine(line: string, map: number): void {
  const match = ROW.exec(line);
  if (!match) throw new BugError(`instruction table: cannot read "${line}"`);
  const [, prefix, byte, span, digit, whole, name, codes, columns, attributes] = match;
  const operands = codes === '-' ? [] : codes!.split(',');
  const modrm = whole === undefined ? -1 : Number.parseInt(whole, 16);
  const flags = flagUse(columns!);
  const add = (opcode: number, count: number, mnemonic: string, tests: string): void => {
    const row: Row = {
      id: rows.length,
      mnemonic,
      opcode,
      digit: modrm >= 0 ? (modrm >> 3) & 7 : Number(digit ?? -1),
      mod: modrm >= 0 ? 'reg' : modOf(operands),
      mandatory: prefix ? (Number.parseInt(prefix, 16) as 0xf2 | 0xf3) : 0,
      rm: modrm >= 0 ? modrm & 7 : -1,
      operands,
      lockable: attributes!.includes('lock'),
      repeatable: repeatableOf(attributes!),
      alias: attributes!.includes('alias'),
      tests,
      writes: flags.writes,
      undefinedFlags: flags.undefinedFlags,
      undefinedValue: flags.undefinedFlags ? (UNDEFINED_VALUES.get(mnemonic) ?? '') : '',
    };
    rows.push(row);
    for (let i = 0; i < count; i++) cells[opcodeIndex(row) + i]!.push(row);
  };
  const first = map + Number.parseInt(byte!, 16);
  if (span === '+cc') {
    for (const [i, condition] of CONDITIONS.entries()) {
      add(first + i, 1, name + condition.name, condition.tests);
    }
  } else add(first, span === '+r' ? 8 : 1, name!, flags.tests);
}

function addMap(text: string, map: number): void {
  for (const line of text.split('\n')) {
    if (line !== '' && line[0] !== ';') addLine(line, map);
  }
}

addMap(ONE_BYTE, 0);
addMap(TWO_BYTE, 0x0f00);

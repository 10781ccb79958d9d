/**
 * Bytes → instruction (volume 2, chapter 2). Knows the format of instructions; which ones there are
 * it asks the table. The code segment is 32-bit.
 *
 *   prefixes (any order, any number)  opcode (1 or 2 bytes)  ModRM  SIB  displacement  immediates
 *
 * Of several prefixes of one group the last counts. Any bytes give an answer and none throw.
 */
import type { Instruction, MemoryOperand, NotAnInstruction, Operand, Row } from './instruction.ts';
import { Reg, Seg } from './instruction.ts';
import { bytesOf, hasModrm, type OperandCode, parseCode } from './operand-code.ts';
import { rowsOfOpcode, TABLE } from './table.ts';

/** Bytes of the longest instruction; the processor refuses more with #GP. */
export const MAX_INSTRUCTION_BYTES = 15;

const codesOf: readonly (readonly OperandCode[])[] = TABLE.map((row) =>
  row.operands.map(parseCode),
);

/** For each opcode index: what it may mean, and whether a ModRM byte follows. */
const cells = Array.from({ length: 512 }, (_, index) => {
  const rows = rowsOfOpcode(index);
  return { rows, modrm: rows.some(hasModrm) };
});

/** Base and index registers of 16-bit addressing by ModRM.rm (table 2-1). */
const BASE16 = [Reg.Ebx, Reg.Ebx, Reg.Ebp, Reg.Ebp, Reg.Esi, Reg.Edi, Reg.Ebp, Reg.Ebx];
const INDEX16 = [Reg.Esi, Reg.Edi, Reg.Esi, Reg.Edi, -1, -1, -1, -1];

/** Reads one instruction from left to right. After a failure it reads zeros, so every path ends. */
class Decoding {
  readonly #bytes: Uint8Array;
  readonly #start: number;
  readonly #end: number;
  readonly #address: number;
  #at: number;
  #why: NotAnInstruction['why'] | undefined;

  #operandSize: 2 | 4 = 4;
  #addressSize: 2 | 4 = 4;
  #override: Seg | undefined;
  #repeat: 0 | 0xf2 | 0xf3 = 0;
  #lock = false;
  #opcode = 0;
  #modrm = 0;
  #base = -1;
  #index = -1;
  #shift = 0;
  #disp = 0;

  constructor(bytes: Uint8Array, offset: number, end: number, address: number) {
    this.#bytes = bytes;
    this.#start = offset;
    this.#end = end;
    this.#address = address >>> 0;
    this.#at = offset;
  }

  #byte(): number {
    if (this.#why) return 0;
    const at = this.#at;
    if (at - this.#start >= MAX_INSTRUCTION_BYTES) this.#why = 'long';
    else if (at >= this.#end) this.#why = 'fetch';
    else {
      this.#at = at + 1;
      return this.#bytes[at]!;
    }
    return 0;
  }

  #signedByte(): number {
    return (this.#byte() << 24) >> 24;
  }

  #word(): number {
    return this.#byte() | (this.#byte() << 8);
  }

  #doubleword(): number {
    return this.#word() | (this.#word() << 16);
  }

  /** A displacement or offset of `size` bytes, sign-extended. */
  #signed(size: 2 | 4): number {
    return size === 2 ? (this.#word() << 16) >> 16 : this.#doubleword();
  }

  /** Takes all prefixes; returns the byte after them. */
  #prefixes(): number {
    for (;;) {
      const byte = this.#byte();
      switch (byte) {
        case 0x26:
        case 0x2e:
        case 0x36:
        case 0x3e:
          this.#override = (byte >> 3) & 3;
          break;
        case 0x64:
        case 0x65:
          this.#override = byte - 0x64 + Seg.Fs;
          break;
        case 0x66:
          this.#operandSize = 2;
          break;
        case 0x67:
          this.#addressSize = 2;
          break;
        case 0xf0:
          this.#lock = true;
          break;
        case 0xf2:
        case 0xf3:
          this.#repeat = byte;
          break;
        default:
          return byte;
      }
    }
  }

  /** ModRM with SIB and displacement, 32-bit addressing (tables 2-2 and 2-3). */
  #address32(mod: number, rm: number): void {
    this.#base = rm;
    if (rm === Reg.Esp) {
      const sib = this.#byte();
      this.#base = sib & 7;
      this.#index = (sib >> 3) & 7;
      if (this.#index === Reg.Esp) this.#index = -1;
      else this.#shift = sib >> 6;
    }
    if (mod === 1) this.#disp = this.#signedByte();
    else if (mod === 2) this.#disp = this.#doubleword();
    else if (this.#base === Reg.Ebp) {
      this.#base = -1;
      this.#disp = this.#doubleword();
    }
  }

  #address16(mod: number, rm: number): void {
    this.#base = BASE16[rm]!;
    this.#index = INDEX16[rm]!;
    if (mod === 1) this.#disp = this.#signedByte();
    else if (mod === 2) this.#disp = this.#signed(2);
    else if (rm === 6) {
      this.#base = -1;
      this.#disp = this.#signed(2);
    }
  }

  #memory(size: MemoryOperand['size']): MemoryOperand {
    const onStack = this.#base === Reg.Esp || this.#base === Reg.Ebp;
    return {
      kind: 'mem',
      size,
      base: this.#base,
      index: this.#index,
      shift: this.#shift,
      disp: this.#disp,
      segment: this.#override ?? (onStack ? Seg.Ss : Seg.Ds),
      addressSize: this.#addressSize,
    };
  }

  /** An operand without ModRM in memory: a moffs, or the source or destination of a string. */
  #implicit(size: MemoryOperand['size'], base: number, disp: number, segment: Seg): MemoryOperand {
    const addressSize = this.#addressSize;
    return { kind: 'mem', size, base, index: -1, shift: 0, disp, segment, addressSize };
  }

  #immediate(code: OperandCode): Operand {
    if (code.signed) {
      return { kind: 'imm', value: this.#signedByte(), size: this.#operandSize };
    }
    const size = bytesOf(code.size, this.#operandSize) as 1 | 2 | 4;
    const value = size === 1 ? this.#byte() : size === 2 ? this.#word() : this.#doubleword();
    return { kind: 'imm', value, size };
  }

  #relative(code: OperandCode): Operand {
    const size = code.size === 'b' ? 1 : this.#operandSize;
    const distance = size === 1 ? this.#signedByte() : this.#signed(size);
    const target = (this.#address + this.#at - this.#start + distance) >>> 0;
    return { kind: 'rel', target: this.#operandSize === 2 ? target & 0xffff : target, size };
  }

  #segmentRegister(row: Row): Operand {
    const reg = (this.#modrm >> 3) & 7;
    const loadsCs = reg === Seg.Cs && row.operands[0] === 'Sw';
    if (reg > Seg.Gs || loadsCs) this.#why ??= 'ud';
    return { kind: 'seg', reg };
  }

  #controlRegister(): Operand {
    const reg = (this.#modrm >> 3) & 7;
    if (reg === 1 || reg > 4) this.#why ??= 'ud';
    return { kind: 'control', reg };
  }

  #operand(code: OperandCode, row: Row): Operand {
    const segment = this.#override ?? Seg.Ds;
    const bytes = bytesOf(code.size, this.#operandSize);
    const size = bytes as 1 | 2 | 4;
    switch (code.place) {
      case 'E':
      case 'M':
        if (this.#modrm < 0xc0) return this.#memory(bytesOf(code.memorySize, this.#operandSize));
        return { kind: 'reg', reg: this.#modrm & 7, size };
      case 'R':
        return { kind: 'reg', reg: this.#modrm & 7, size };
      case 'G':
        return { kind: 'reg', reg: (this.#modrm >> 3) & 7, size };
      case 'Z':
        return { kind: 'reg', reg: this.#opcode & 7, size };
      case 'reg':
        return { kind: 'reg', reg: code.reg, size };
      case 'seg':
        return { kind: 'seg', reg: code.reg };
      case 'one':
        return { kind: 'imm', value: 1, size: 1 };
      case 'I':
        return this.#immediate(code);
      case 'J':
        return this.#relative(code);
      case 'A': {
        const offset = this.#operandSize === 2 ? this.#word() : this.#doubleword() >>> 0;
        return { kind: 'far', offset, selector: this.#word(), size: this.#operandSize };
      }
      case 'O':
        return this.#implicit(bytes, -1, this.#signed(this.#addressSize), segment);
      case 'X':
        return this.#implicit(bytes, Reg.Esi, 0, segment);
      case 'Y':
        return this.#implicit(bytes, Reg.Edi, 0, Seg.Es);
      case 'S':
        return this.#segmentRegister(row);
      case 'C':
        return this.#controlRegister();
    }
  }

  /** The first row of the cell that fits prefixes and ModRM. */
  #match(rows: readonly Row[]): Row | undefined {
    const modrm = this.#modrm;
    for (const row of rows) {
      if (row.mandatory !== 0 && row.mandatory !== this.#repeat) continue;
      if (row.digit >= 0 && row.digit !== ((modrm >> 3) & 7)) continue;
      if (row.mod !== 'any' && (row.mod === 'reg') !== modrm >= 0xc0) continue;
      if (row.rm >= 0 && row.rm !== (modrm & 7)) continue;
      return row;
    }
    return undefined;
  }

  #failure(why: NotAnInstruction['why']): NotAnInstruction {
    const length = Math.max(1, this.#at - this.#start);
    return { row: undefined, why, address: this.#address, length };
  }

  decode(): Instruction | NotAnInstruction {
    this.#opcode = this.#prefixes();
    if (this.#opcode === 0x0f) this.#opcode = 0x100 | this.#byte();
    const cell = cells[this.#opcode]!;
    if (cell.modrm) this.#modrm = this.#byte();
    const row = this.#match(cell.rows);
    if (this.#why || !row) return this.#failure(this.#why ?? 'ud');
    const codes = codesOf[row.id]!;
    const inMemory = this.#modrm < 0xc0 && codes.some((code) => 'EM'.includes(code.place));
    if (cell.modrm && inMemory) {
      const mod = this.#modrm >> 6;
      if (this.#addressSize === 4) this.#address32(mod, this.#modrm & 7);
      else this.#address16(mod, this.#modrm & 7);
    }
    const operands: Operand[] = [];
    for (const code of codes) operands.push(this.#operand(code, row));
    if (this.#lock && !(row.lockable && operands[0]!.kind === 'mem')) this.#why ??= 'ud';
    if (this.#why) return this.#failure(this.#why);
    return {
      row,
      address: this.#address,
      length: this.#at - this.#start,
      operandSize: this.#operandSize,
      addressSize: this.#addressSize,
      lock: this.#lock,
      repeat: this.#repeatOf(row),
      segment: this.#override ?? Seg.Ds,
      operands,
    };
  }

  #repeatOf(row: Row): Instruction['repeat'] {
    if (row.repeatable === 'none' || this.#repeat === 0) return 0;
    return row.repeatable === 'rep' ? 0xf3 : this.#repeat;
  }
}

/**
 * The instruction that begins at `bytes[offset]`, reading nothing at or beyond `end` (≤ the length
 * of `bytes`). `address` is its linear address.
 */
export function decode(
  bytes: Uint8Array,
  offset: number,
  end: number,
  address: number,
): Instruction | NotAnInstruction {
  return new Decoding(bytes, offset, end, address).decode();
}

/**
 * What the assembler asks of the encoder, and what it gets back. Pure data.
 *
 * The assembler runs passes until no address moves, and asks anew in each of them; so an operand
 * says not only what its value is now, but also how far that value can be trusted.
 */
import type { Row, Seg } from './instruction.ts';

/**
 * What a value rests on. It decides which short forms may be chosen; nasm does the same, so that
 * where a label ends up never decides the size of an instruction other than a jump.
 * - `number`: a plain number · `here`: an address in the section of this instruction
 * - `elsewhere`: an address in another section
 * - `unknown`: a symbol that no pass has met yet; the value is a placeholder
 */
export type Basis = 'number' | 'here' | 'elsewhere' | 'unknown';

/** A number in an operand; a safe integer, of which as many low bits count as the field has. */
export interface AsmValue {
  readonly value: number;
  readonly basis: Basis;
}

/** One register of an address, `eax` or `eax*4`. */
export interface AddressTerm {
  /** 0 … 7. */
  readonly reg: number;
  readonly size: 2 | 4;
  /** How often it counts, after like terms are joined (`eax+eax` is 2); not 0. */
  readonly times: number;
  /** Where it stands first in the source it has a factor, be it `*1`. */
  readonly scaled: boolean;
}

/** `[…]` with the keywords before it and in it. */
export interface AsmMemory {
  readonly kind: 'mem';
  /** In the order in which the source first names them: nasm's choice of the base depends on it. */
  readonly registers: readonly AddressTerm[];
  readonly disp: AsmValue;
  /** Bytes of the operand: byte 1, word 2, dword 4, qword 8. */
  readonly size?: 1 | 2 | 4 | 8;
  /** A written override. It is encoded even where it is the default segment, as nasm does. */
  readonly segment?: Seg;
  /** `[byte …]`, `[word …]`, `[dword …]`: bytes of the displacement. */
  readonly dispSize?: 1 | 2 | 4;
  /** `[nosplit …]`: eax*2 stays an index. */
  readonly nosplit?: boolean;
  /** `far`: the operand holds a far pointer. */
  readonly far?: boolean;
}

/** An immediate, or the target of a jump or call. */
export interface AsmImmediate extends AsmValue {
  readonly kind: 'imm';
  readonly size?: 1 | 2 | 4;
  readonly strict?: boolean;
  readonly distance?: 'short' | 'near';
}

/** One operand of a source line. */
export type AsmOperand =
  | { readonly kind: 'reg'; readonly reg: number; readonly size: 1 | 2 | 4 }
  | { readonly kind: 'seg'; readonly reg: Seg }
  | { readonly kind: 'control'; readonly reg: number }
  | AsmImmediate
  | AsmMemory
  /** `selector:offset`; size 2 or 4 is that of the offset. */
  | {
      readonly kind: 'far';
      readonly selector: AsmValue;
      readonly offset: AsmValue;
      readonly size?: 2 | 4;
    };

/** Prefixes that a source line may name before the mnemonic. */
export type AsmPrefix =
  | 'lock'
  | 'rep'
  | 'repe'
  | 'repz'
  | 'repne'
  | 'repnz'
  | 'o16'
  | 'o32'
  | 'a16'
  | 'a32'
  | 'es'
  | 'cs'
  | 'ss'
  | 'ds'
  | 'fs'
  | 'gs';

/** One instruction of a source text, for 32-bit code. */
export interface EncodeRequest {
  /** Lower case, any of nasm's spellings. */
  readonly mnemonic: string;
  readonly operands: readonly AsmOperand[];
  readonly prefixes: readonly AsmPrefix[];
  /** Address of its first byte. */
  readonly address: number;
}

/** The bytes, or why there are none, in nasm's words, with a hint at the remedy. */
export type Encoding =
  | { readonly row: Row; readonly bytes: Uint8Array; readonly warnings: readonly string[] }
  | EncodingError;

/** Why there are no bytes. */
export interface EncodingError {
  readonly error: string;
  readonly hint?: string;
}

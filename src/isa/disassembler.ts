/**
 * Instruction → text in NASM syntax. {@link format} says what an instruction means;
 * {@link disassemble} writes lines of which nasm makes the same bytes again: an encoding that no
 * source can ask for (`add eax, ebx` as 03 C3) is written as its bytes, with the meaning behind.
 */
import { decode } from './decoder.ts';
import type { Instruction } from './instruction.ts';
import { exactForm, plainForm } from './source-form.ts';
import { type SymbolFor, sourceText } from './source-text.ts';

export type { SymbolFor } from './source-text.ts';

const noSymbols: SymbolFor = () => undefined;

const isJump = ({ operands }: Instruction): boolean => operands[0]?.kind === 'rel';

/** The text of `instruction`; jump targets and absolute addresses by name where they have one. */
export function format(instruction: Instruction, symbolFor: SymbolFor = noSymbols): string {
  return sourceText(plainForm(instruction), isJump(instruction), symbolFor);
}

/**
 * The line of which nasm makes `bytes`, those of `instruction`, at its address: its text, or
 * `db 0x03, 0xc3  ; add eax, ebx`.
 */
export function formatExactly(
  instruction: Instruction,
  bytes: Uint8Array,
  symbolFor: SymbolFor = noSymbols,
): string {
  const exact = exactForm(instruction, bytes);
  if (exact) return sourceText(exact, isJump(instruction), symbolFor);
  return `${byteList(bytes)}  ; ${format(instruction, symbolFor)}`;
}

function byteList(bytes: Uint8Array): string {
  return `db ${[...bytes].map((byte) => `0x${(byte + 0x100).toString(16).slice(1)}`).join(', ')}`;
}

/** One line of a listing. */
export interface Line {
  /** Of its first byte, unsigned. */
  readonly address: number;
  /** Where its bytes begin in the array, and how many they are. */
  readonly offset: number;
  readonly length: number;
  readonly text: string;
  /** Undefined where the byte begins no instruction; `text` is then `db 0x…`. */
  readonly instruction: Instruction | undefined;
}

/** Walks `bytes[offset … end)`, of which the first has the address `address`. */
export function* disassemble(
  bytes: Uint8Array,
  offset: number,
  end: number,
  address: number,
  symbolFor: SymbolFor = noSymbols,
): Generator<Line> {
  for (let at = offset; at < end; ) {
    const here = (address + at - offset) >>> 0;
    const decoded = decode(bytes, at, end, here);
    const instruction = decoded.row ? decoded : undefined;
    const length = instruction ? instruction.length : 1;
    const own = bytes.subarray(at, at + length);
    const text = instruction ? formatExactly(instruction, own, symbolFor) : byteList(own);
    yield { address: here, offset: at, length, text, instruction };
    at += length;
  }
}

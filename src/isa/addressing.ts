/**
 * An address as the source writes it → ModRM, SIB and displacement (volume 2, tables 2-1 to 2-3),
 * with nasm's choices: which register is the base, eax*2 as eax+eax, eax*5 as eax+eax*4, the
 * shortest displacement.
 */
import { Reg } from './instruction.ts';
import type { AddressTerm, AsmMemory, EncodingError } from './request.ts';

/** An encoded address. */
export interface EncodedAddress {
  readonly addressSize: 2 | 4;
  /** ModRM without its reg field. */
  readonly modrm: number;
  /** SIB and displacement. */
  readonly tail: readonly number[];
  readonly warnings: readonly string[];
}

/** nasm sorts the registers of a sum by name; these are their places. */
const BY_NAME = [Reg.Eax, Reg.Ebp, Reg.Ebx, Reg.Ecx, Reg.Edi, Reg.Edx, Reg.Esi, Reg.Esp] as const;

/** ModRM.rm of 16-bit addressing by the registers, in the order of their numbers. */
const RM16: ReadonlyMap<string, number> = new Map([
  [`${Reg.Ebx},${Reg.Esi}`, 0],
  [`${Reg.Ebx},${Reg.Edi}`, 1],
  [`${Reg.Ebp},${Reg.Esi}`, 2],
  [`${Reg.Ebp},${Reg.Edi}`, 3],
  [`${Reg.Esi}`, 4],
  [`${Reg.Edi}`, 5],
  [`${Reg.Ebp}`, 6],
  [`${Reg.Ebx}`, 7],
]);

const MIXED = 'impossible combination of address sizes';

const NO_BASE = 5;
const SIB_FOLLOWS = 4;

/** `value` as `size` bytes, least significant first. */
export function littleEndian(value: number, size: number): number[] {
  return Array.from({ length: size }, (_, i) => (value >>> (8 * i)) & 0xff);
}

function invalid(bits: '16' | '32', hint: string): EncodingError {
  return { error: `invalid ${bits}-bit effective address`, hint };
}

interface Parts {
  base: number;
  index: number;
  scale: number;
}

/** Which register is base and which is index, before any rewriting. */
function assignRoles(terms: readonly AddressTerm[]): Parts | EncodingError {
  const place = (term: AddressTerm): number => BY_NAME.indexOf(term.reg as Reg);
  const parts: Parts = { base: -1, index: -1, scale: 1 };
  for (const { reg, times } of [...terms].sort((a, b) => place(a) - place(b))) {
    if (times === 1 && parts.base < 0) parts.base = reg;
    else if (parts.index < 0) {
      parts.index = reg;
      parts.scale = times;
    } else return invalid('32', 'an address has at most a base and one index register');
  }
  const [first] = terms;
  const { base, index, scale } = parts;
  const swapped = first?.scaled ? first.reg === base : first?.reg === index;
  if (scale === 1 && base >= 0 && index >= 0 && swapped) {
    return { base: index, index: base, scale };
  }
  return parts;
}

/** nasm's rewriting of factors that have a shorter or only another form. */
function rewrite({ base, index, scale }: Parts, memory: AsmMemory): Parts {
  if (base < 0 && index >= 0) {
    const halves = scale === 2 && index !== Reg.Esp && !memory.nosplit;
    if (halves || scale === 3 || scale === 5 || scale === 9) {
      return { base: index, index, scale: scale - 1 };
    }
  }
  const plain = index < 0 && base >= 0 && base !== Reg.Esp;
  if (plain && memory.nosplit && memory.registers[0]?.scaled) {
    return { base: -1, index: base, scale: 1 };
  }
  if (scale === 1 && index === Reg.Esp) return { base: index, index: base, scale };
  return { base, index, scale };
}

/** Bytes of the displacement after a base register: 0, 1 or `wide`. `value` is sign-extended. */
function dispBytes(memory: AsmMemory, value: number, wide: 2 | 4, zeroFits: boolean): number {
  if (memory.dispSize !== undefined) return memory.dispSize === 1 ? 1 : wide;
  if (memory.disp.basis !== 'number') return wide;
  if (value === 0 && zeroFits) return 0;
  return value >= -128 && value <= 127 ? 1 : wide;
}

const modOf = (bytes: number): number => (bytes === 0 ? 0 : bytes === 1 ? 0x40 : 0x80);

function warningsOf({ disp, dispSize, registers }: AsmMemory, bytes: number): string[] {
  const warnings: string[] = [];
  if (dispSize === 1 && registers.length === 0)
    warnings.push('displacement size ignored on absolute address');
  const { value, basis } = disp;
  if (basis !== 'number') return warnings;
  const limit = 2 ** (8 * bytes);
  if (bytes === 1 && (value < -128 || value > 127)) warnings.push('byte data exceeds bounds');
  if (bytes > 1 && (value < -limit || value >= limit))
    warnings.push(`${bytes === 2 ? 'word' : 'dword'} data exceeds bounds`);
  return warnings;
}

function encode16(memory: AsmMemory): EncodedAddress | EncodingError {
  const disp = (memory.disp.value << 16) >> 16;
  if (memory.registers.length === 0) {
    const warnings = warningsOf(memory, 2);
    return { addressSize: 2, modrm: 6, tail: littleEndian(disp, 2), warnings };
  }
  const numbers = memory.registers.map(({ reg }) => reg).sort((a, b) => a - b);
  const rm = RM16.get(numbers.join(','));
  if (rm === undefined || memory.registers.some(({ times }) => times !== 1)) {
    return invalid('16', '16-bit addresses are bx or bp, plus si or di');
  }
  const bytes = dispBytes(memory, disp, 2, rm !== 6);
  const warnings = warningsOf(memory, bytes);
  return { addressSize: 2, modrm: modOf(bytes) | rm, tail: littleEndian(disp, bytes), warnings };
}

function encode32(memory: AsmMemory): EncodedAddress | EncodingError {
  const roles = assignRoles(memory.registers);
  if ('error' in roles) return roles;
  const { base, index, scale } = rewrite(roles, memory);
  const disp = memory.disp.value | 0;
  const shift = [1, 2, 4, 8].indexOf(scale);
  if (index === Reg.Esp) return invalid('32', 'esp cannot be an index register');
  if (shift < 0) return invalid('32', 'an index register counts 1, 2, 4 or 8 times');
  const sib = (rest: number): number => (shift << 6) | ((index < 0 ? 4 : index) << 3) | rest;
  if (base < 0) {
    const tail = littleEndian(disp, 4);
    const warnings = warningsOf(memory, 4);
    if (index < 0) return { addressSize: 4, modrm: NO_BASE, tail, warnings };
    return { addressSize: 4, modrm: SIB_FOLLOWS, tail: [sib(NO_BASE), ...tail], warnings };
  }
  const bytes = dispBytes(memory, disp, 4, base !== Reg.Ebp);
  const tail = littleEndian(disp, bytes);
  const warnings = warningsOf(memory, bytes);
  const mod = modOf(bytes);
  if (index < 0 && base !== Reg.Esp) return { addressSize: 4, modrm: mod | base, tail, warnings };
  return { addressSize: 4, modrm: mod | SIB_FOLLOWS, tail: [sib(base), ...tail], warnings };
}

/** Encodes the address of `memory`; `forced` is the address size of an a16 or a32 prefix. */
export function encodeAddress(
  memory: AsmMemory,
  forced: 2 | 4 | undefined,
): EncodedAddress | EncodingError {
  const sizes = new Set(memory.registers.map(({ size }) => size));
  if (sizes.size > 1) return { error: MIXED, hint: 'the registers of an address have one size' };
  const [size] = sizes;
  const byKeyword = memory.dispSize === 1 ? undefined : memory.dispSize;
  if (size !== undefined && byKeyword !== undefined && size !== byKeyword)
    return invalid('32', 'the displacement has the size of the registers, or is a byte');
  const wanted = size ?? byKeyword ?? forced ?? 4;
  if (forced !== undefined && forced !== wanted) {
    return { error: MIXED, hint: 'the prefix and the registers name different sizes' };
  }
  return wanted === 2 ? encode16(memory) : encode32(memory);
}

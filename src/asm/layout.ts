/**
 * Where sections go in memory.
 *
 * bin: at the origin (`org`, default 0) .text, then the sections with bytes in the order in which
 * the program first names them, then those without. Each but .text starts at a multiple of its
 * alignment, 4 if it asks for none, and the gap is filled with zeros.
 *
 * elf: at the origin (default 1 MiB) code; from the next page on data; then room without bytes. So
 * that a store never hits a page that holds code.
 */

import { PAGE_BYTES } from '../base/limits.ts';
import type { Section, SectionKind } from './sections.ts';

/** The kinds of file that are written. */
export type Format = 'bin' | 'elf';

/** Where an ELF image starts unless the program says `org`: the first byte above 1 MiB. */
export const DEFAULT_ELF_ORIGIN = 0x10_0000;

const DEFAULT_ALIGN = 4;

/** `address`, or the next multiple of `align` above it. */
export function alignUp(address: number, align: number): number {
  return Math.ceil(address / align) * align;
}

/** `sections` in the order of their addresses. */
export function inMemoryOrder(sections: readonly Section[], format: Format): Section[] {
  const rank = ({ name, kind }: Section): number => {
    if (format === 'elf') return (['text', 'data', 'bss'] as SectionKind[]).indexOf(kind);
    return name === '.text' ? 0 : kind === 'bss' ? 2 : 1;
  };
  return [...sections].sort((a, b) => rank(a) - rank(b));
}

/** Gives each section its base. True if one has moved. */
export function layOut(sections: readonly Section[], format: Format, origin: number): boolean {
  let at = origin;
  let moved = false;
  let kind: SectionKind = 'text';
  for (const section of inMemoryOrder(sections, format)) {
    const first = format === 'bin' && section.name === '.text';
    let align = section.align ?? (first ? 1 : DEFAULT_ALIGN);
    if (format === 'elf' && kind === 'text' && section.kind !== 'text') align = PAGE_BYTES;
    kind = section.kind;
    at = alignUp(at, align);
    moved ||= section.base !== at;
    section.base = at;
    at += section.length;
  }
  return moved;
}

/** The bytes of a flat image: all sections that have any, at their distances from `origin`. */
export function flatImage(sections: readonly Section[], origin: number): Uint8Array {
  const withBytes = sections.filter(({ kind, length }) => kind !== 'bss' && length > 0);
  const end = Math.max(origin, ...withBytes.map(({ base, length }) => base + length));
  const image = new Uint8Array(end - origin);
  for (const { base, bytes } of withBytes) image.set(bytes, base - origin);
  return image;
}

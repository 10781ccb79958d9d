/**
 * Where sections go in memory.
 *
 * bin: at the origin (`org`, default 0) .text, then the sections with bytes in the order in which
 * the program first names them, then those without. Each but .text starts at a multiple of its
 * alignment, 4 if it asks for none, and the gap is filled with zeros. A section may say otherwise:
 * `start=`, `follows=` and `align=` are about its place in the file, `vstart=`, `vfollows=` and
 * `valign=` about the addresses that its labels have (NASM manual, 8.1.3).
 *
 * elf: at the origin (default 1 MiB) code; from the next page on data; then room without bytes. So
 * that a store never hits a page that holds code.
 */

import { PAGE_BYTES } from '../base/limits.ts';
import { Failure } from './errors.ts';
import { MAX_IMAGE_BYTES } from './limits.ts';
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

/** Gives each section its place. True if one has moved. Throws a Failure if one cannot have any. */
export function layOut(sections: readonly Section[], format: Format, origin: number): boolean {
  const before = sections.map(({ base }) => base);
  if (format === 'elf') layOutElf(sections, origin);
  else layOutFlat(sections, origin);
  return sections.some(({ base }, i) => base !== before[i]);
}

function layOutElf(sections: readonly Section[], origin: number): void {
  let at = origin;
  let kind: SectionKind = 'text';
  for (const section of inMemoryOrder(sections, 'elf')) {
    let align = section.align ?? DEFAULT_ALIGN;
    if (kind === 'text' && section.kind !== 'text') align = PAGE_BYTES;
    kind = section.kind;
    at = alignUp(at, align);
    section.base = at;
    section.start = at;
    at += section.length;
  }
}

function layOutFlat(sections: readonly Section[], origin: number): void {
  const ordered = inMemoryOrder(sections, 'bin');
  const inFile = ordered.filter(({ kind }) => kind !== 'bss');
  for (const section of inFile) section.start = -1;
  for (const section of inFile) placeInFile(section, inFile, origin, 0);
  for (const section of inFile) {
    const { places, start } = section;
    section.base = places.vstart ?? alignUp(start, places.valign ?? 1);
  }
  for (const section of inFile) {
    const other = section.places.vfollows && named(section.places.vfollows, sections);
    if (other) section.base = alignUp(other.base + other.length, section.places.valign ?? 1);
  }
  let last = inFile.reduce((a, b) => (b.start >= a.start ? b : a));
  for (const section of ordered.filter(({ kind }) => kind === 'bss')) {
    const { places, align = DEFAULT_ALIGN } = section;
    const after = places.vfollows ?? places.follows;
    if (after) last = named(after, sections);
    const given = places.vstart ?? places.start;
    section.base = given ?? alignUp(last.base + last.length, Math.max(align, places.valign ?? 1));
    section.start = section.base;
    last = section;
  }
}

function named(name: string, sections: readonly Section[]): Section {
  const found = sections.find((section) => section.name === name);
  if (!found) throw new Failure(1, `a section follows \`${name}', which there is not`);
  return found;
}

/** Places `section`, and before it what it follows: by default the one that was named before it. */
function placeInFile(
  section: Section,
  inFile: readonly Section[],
  origin: number,
  depth: number,
): void {
  if (section.start >= 0) return;
  if (depth > inFile.length) throw new Failure(1, `section ${section.name} follows itself`);
  const { places } = section;
  const first = section.name === '.text';
  const align = section.align ?? (first ? 1 : DEFAULT_ALIGN);
  let after = places.follows ? named(places.follows, inFile) : inFile[inFile.indexOf(section) - 1];
  // Of two that would follow each other the one that does not say so gives way.
  while (!places.follows && after && followsAtLast(after, section, inFile))
    after = inFile[inFile.indexOf(after) - 1];
  if (after) placeInFile(after, inFile, origin, depth + 1);
  const end = after ? after.start + after.length : origin;
  section.start = places.start ?? alignUp(end, align);
}

function followsAtLast(from: Section, to: Section, inFile: readonly Section[]): boolean {
  let at: Section | undefined = from;
  for (let left = inFile.length; at?.places.follows && left > 0; left--) {
    at = inFile.find(({ name }) => name === at!.places.follows);
    if (at === to) return true;
  }
  return false;
}

/** The bytes of a flat image: all sections that have any, at their distances from `origin`. */
export function flatImage(sections: readonly Section[], origin: number): Uint8Array {
  const withBytes = sections
    .filter(({ kind, length }) => kind !== 'bss' && length > 0)
    .sort((a, b) => a.start - b.start);
  let end = origin;
  for (const { name, start, length } of withBytes) {
    if (start < end) throw new Failure(1, `section ${name} overlaps the one before it`);
    end = start + length;
    if (end - origin > MAX_IMAGE_BYTES)
      throw new Failure(
        1,
        `section ${name} ends more than ${MAX_IMAGE_BYTES} bytes from the origin`,
      );
  }
  const image = new Uint8Array(end - origin);
  for (const { start, bytes } of withBytes) image.set(bytes, start - origin);
  return image;
}

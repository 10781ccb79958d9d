/**
 * An executable ELF32 file for the board's loader (machine.md, Loading; Tool Interface Standard ELF
 * 1.2; Xen's PVH note). Nothing is left to relocate.
 *
 *     ELF header | program headers | PVH note | pages of code | pages of data | symbols, strings |
 *     section headers
 *
 * Program headers: PT_NOTE (name "Xen", type 18, the 32-bit entry), PT_LOAD read+execute for code,
 * PT_LOAD read+write for data and the room after it. File offsets and addresses agree modulo a
 * page.
 */

import { assert } from '../base/assert.ts';
import { ByteWriter } from '../base/bytes.ts';
import { PAGE_BYTES } from '../base/limits.ts';
import { alignUp, inMemoryOrder } from './layout.ts';
import type { Section } from './sections.ts';

/** A label for the symbol table. */
export interface ElfSymbol {
  readonly name: string;
  readonly address: number;
  readonly section: Section;
}

const EHDR_BYTES = 52;
const PHDR_BYTES = 32;
const SHDR_BYTES = 40;
const SYMBOL_BYTES = 16;

const enum Load {
  Execute = 1,
  Write = 2,
  Read = 4,
}

const enum SectionType {
  ProgramBits = 1,
  Symbols = 2,
  Strings = 3,
  Note = 7,
  NoBits = 8,
}

const enum SectionFlag {
  Write = 1,
  Allocate = 2,
  Execute = 4,
}

interface SectionHeader {
  readonly name: string;
  readonly type: SectionType;
  readonly flags: number;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
  readonly align: number;
  readonly entrySize: number;
}

const PLAIN = { flags: 0, address: 0, link: 0, info: 0, align: 1, entrySize: 0 };

interface Segment {
  readonly flags: number;
  readonly address: number;
  readonly offset: number;
  readonly sections: readonly Section[];
}

/** The file for `sections`, which are laid out, entered at `entry`. */
export function elfImage(
  sections: readonly Section[],
  symbols: readonly ElfSymbol[],
  entry: number,
): Uint8Array {
  const ordered = inMemoryOrder(sections, 'elf').filter(({ length }) => length > 0);
  const note = pvhNote(entry);
  const { segments, noteOffset, end } = place(ordered, note.length);
  const headers = loadedHeaders(ordered, segments);
  headers.push({ ...PLAIN, ...NOTE, offset: noteOffset, size: note.length });
  const tables = appendTables(headers, symbols, ordered, alignUp(end, 4));
  const headersAt = alignUp(tables.end, 4);
  const image = new Uint8Array(headersAt + SHDR_BYTES * headers.length);
  image.set(fileHeader(entry, segments.length + 1, headersAt, headers.length));
  image.set(programHeaders(segments, noteOffset, note.length), EHDR_BYTES);
  image.set(note, noteOffset);
  for (const segment of segments)
    for (const { kind, base, bytes } of segment.sections)
      if (kind !== 'bss') image.set(bytes, segment.offset + base - segment.address);
  for (const { offset, bytes } of tables.contents) image.set(bytes, offset);
  image.set(sectionHeaders(headers, tables.names), headersAt);
  return image;
}

interface Content {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Adds the headers of symbol table, its strings and the headers' names, which stand at `from`. */
function appendTables(
  headers: SectionHeader[],
  symbols: readonly ElfSymbol[],
  ordered: readonly Section[],
  from: number,
): { contents: Content[]; names: Strings; end: number } {
  const contents: Content[] = [];
  let end = from;
  const append = (header: Pick<SectionHeader, 'name' | 'type'>, bytes: Uint8Array, more = {}) => {
    headers.push({ ...PLAIN, ...header, offset: end, size: bytes.length, ...more });
    contents.push({ offset: end, bytes });
    end += bytes.length;
  };
  const strings = new Strings();
  const { bytes, locals } = symbolTable(symbols, ordered, strings);
  const linked = { align: 4, entrySize: SYMBOL_BYTES, link: headers.length + 1, info: locals };
  append({ name: '.symtab', type: SectionType.Symbols }, bytes, linked);
  append({ name: '.strtab', type: SectionType.Strings }, strings.bytes());
  const names = new Strings();
  for (const { name } of headers) names.add(name);
  names.add('.shstrtab');
  append({ name: '.shstrtab', type: SectionType.Strings }, names.bytes());
  return { contents, names, end };
}

const NOTE = { name: '.note.Xen', type: SectionType.Note, align: 4 };

function pvhNote(entry: number): Uint8Array {
  const note = new ByteWriter(20);
  return note
    .u32(4)
    .u32(4)
    .u32(18)
    .raw(Uint8Array.of(0x58, 0x65, 0x6e, 0))
    .u32(entry)
    .take();
}

/** Where the segments go in the file; each starts on a page of its own, as in memory. */
function place(
  ordered: readonly Section[],
  noteBytes: number,
): { segments: Segment[]; noteOffset: number; end: number } {
  const groups = [
    { flags: Load.Read | Load.Execute, sections: ordered.filter(({ kind }) => kind === 'text') },
    { flags: Load.Read | Load.Write, sections: ordered.filter(({ kind }) => kind !== 'text') },
  ].filter(({ sections }) => sections.length > 0);
  const noteOffset = EHDR_BYTES + PHDR_BYTES * (groups.length + 1);
  let end = noteOffset + noteBytes;
  const segments = groups.map(({ flags, sections }) => {
    const address = sections[0]!.base;
    const offset = alignUp(end, PAGE_BYTES) + (address % PAGE_BYTES);
    const segment = { flags, address, offset, sections };
    end = offset + fileSize(segment);
    return segment;
  });
  return { segments, noteOffset, end };
}

function fileSize({ sections, address }: Segment): number {
  const last = sections.findLast(({ kind }) => kind !== 'bss');
  return last ? last.base + last.length - address : 0;
}

function memorySize({ sections, address }: Segment): number {
  const last = sections.at(-1)!;
  return last.base + last.length - address;
}

function fileHeader(entry: number, segments: number, headersAt: number, headers: number) {
  const IDENTIFICATION = [0x7f, 0x45, 0x4c, 0x46, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  const header = new ByteWriter(EHDR_BYTES);
  header.raw(Uint8Array.from(IDENTIFICATION)).u16(2).u16(3).u32(1);
  header.u32(entry).u32(EHDR_BYTES).u32(headersAt).u32(0);
  header.u16(EHDR_BYTES).u16(PHDR_BYTES).u16(segments).u16(SHDR_BYTES).u16(headers);
  return header.u16(headers - 1).take();
}

function programHeaders(segments: readonly Segment[], noteOffset: number, noteBytes: number) {
  const PT_LOAD = 1;
  const PT_NOTE = 4;
  const out = new ByteWriter(PHDR_BYTES * (segments.length + 1));
  out.u32(PT_NOTE).u32(noteOffset).u32(0).u32(0);
  out.u32(noteBytes).u32(noteBytes).u32(Load.Read).u32(4);
  for (const segment of segments) {
    const { flags, address, offset } = segment;
    out.u32(PT_LOAD).u32(offset).u32(address).u32(address);
    out.u32(fileSize(segment)).u32(memorySize(segment)).u32(flags).u32(PAGE_BYTES);
  }
  return out.take();
}

/** Headers of the sections in memory, behind the null header that every table begins with. */
function loadedHeaders(ordered: readonly Section[], segments: readonly Segment[]): SectionHeader[] {
  const headers: SectionHeader[] = [
    { ...PLAIN, name: '', type: 0 as SectionType, offset: 0, size: 0, align: 0 },
  ];
  for (const section of ordered) {
    const { name, kind, base: address, length: size } = section;
    const segment = segments.find(({ sections }) => sections.includes(section));
    assert(segment, () => `section ${name} in no segment`);
    const type = kind === 'bss' ? SectionType.NoBits : SectionType.ProgramBits;
    const access = kind === 'text' ? SectionFlag.Execute : SectionFlag.Write;
    const flags = SectionFlag.Allocate | access;
    const offset = segment.offset + address - segment.address;
    const align = section.align ?? 1;
    headers.push({ ...PLAIN, name, type, flags, address, offset, size, align });
  }
  return headers;
}

function sectionHeaders(headers: readonly SectionHeader[], names: Strings): Uint8Array {
  const out = new ByteWriter(SHDR_BYTES * headers.length);
  for (const header of headers) {
    out.u32(names.add(header.name)).u32(header.type).u32(header.flags).u32(header.address);
    out.u32(header.offset).u32(header.size).u32(header.link).u32(header.info);
    out.u32(header.align).u32(header.entrySize);
  }
  return out.take();
}

/** Local labels bind locally and come first, as the format demands; the rest is global. */
function symbolTable(
  symbols: readonly ElfSymbol[],
  ordered: readonly Section[],
  names: Strings,
): { bytes: Uint8Array; locals: number } {
  const known = symbols.filter(({ section }) => ordered.includes(section));
  const isLocal = ({ name }: ElfSymbol): boolean => name.includes('.');
  const locals = known.filter(isLocal);
  const out = new ByteWriter(SYMBOL_BYTES * (known.length + 1));
  out.raw(new Uint8Array(SYMBOL_BYTES));
  for (const symbol of [...locals, ...known.filter((other) => !isLocal(other))]) {
    out.u32(names.add(symbol.name)).u32(symbol.address).u32(0);
    const binding = isLocal(symbol) ? 0x00 : 0x10;
    out
      .u8(binding)
      .u8(0)
      .u16(ordered.indexOf(symbol.section) + 1);
  }
  return { bytes: out.take(), locals: locals.length + 1 };
}

/** A string table: each string ends in a zero byte, the first is empty. */
class Strings {
  readonly #offsets = new Map<string, number>();
  #text = new ByteWriter().u8(0);

  /** Offset of `text` in the table. */
  add(text: string): number {
    if (text === '') return 0;
    const known = this.#offsets.get(text);
    if (known !== undefined) return known;
    const offset = this.#text.length;
    this.#text.raw(new TextEncoder().encode(text)).u8(0);
    this.#offsets.set(text, offset);
    return offset;
  }

  bytes(): Uint8Array {
    return this.#text.take();
  }
}

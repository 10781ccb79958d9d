/** ELF32 images for tests of the loader, sound or wrong in one place. */
import { ByteWriter } from '../../src/base/bytes.ts';

export interface ElfParts {
  readonly entry: number;
  readonly segments: readonly {
    readonly physical: number;
    readonly virtual: number;
    readonly bytes: Uint8Array;
    readonly memoryBytes: number;
    /** Where the header says that the bytes are, if not where they are. */
    readonly fileOffset?: number;
  }[];
  /** Adds a PVH note with this entry. */
  readonly pvhEntry?: number;
  /** The size that the note claims for its data; 4 is right. */
  readonly noteDataBytes?: number;
  /** Adds a symbol table; `section` 1 unless given. */
  readonly symbols?: readonly {
    readonly name: string;
    readonly address: number;
    readonly size: number;
    readonly type: number;
    readonly section?: number;
  }[];
  /** The section that the symbol table takes its names from; 2 is right. */
  readonly namesSection?: number;
  /** Adds a PT_INTERP header. */
  readonly interpreter?: boolean;
}

const HEADER_BYTES = 52;

function note(parts: ElfParts): Uint8Array {
  const writer = new ByteWriter()
    .u32(4)
    .u32(parts.noteDataBytes ?? 4)
    .u32(18);
  return writer.u32(0x006e6558).u32(parts.pvhEntry!).take();
}

function symbolTables(parts: ElfParts): { symbols: Uint8Array; names: Uint8Array } {
  const symbols = new ByteWriter().raw(new Uint8Array(16));
  const names = new ByteWriter().u8(0);
  for (const { name, address, size, type, section = 1 } of parts.symbols ?? []) {
    symbols.u32(names.length).u32(address).u32(size).u8(type).u8(0).u16(section);
    names.raw(new TextEncoder().encode(`${name}\0`));
  }
  return { symbols: symbols.take(), names: names.take() };
}

/** The image: header, program headers, contents in their order, then section headers. */
export function buildElf(parts: ElfParts): Uint8Array {
  const { segments, pvhEntry, interpreter, symbols } = parts;
  const tables = symbolTables(parts);
  const headers = segments.length + (pvhEntry === undefined ? 0 : 1) + (interpreter ? 1 : 0);
  const body = new ByteWriter();
  const place = (bytes: Uint8Array): number => {
    const at = HEADER_BYTES + 32 * Math.max(1, headers) + body.length;
    body.raw(bytes).raw(new Uint8Array(-bytes.length & 3));
    return at;
  };

  const table = new ByteWriter();
  for (const { physical, virtual, bytes, memoryBytes, fileOffset } of segments) {
    const at = place(bytes);
    table
      .u32(1)
      .u32(fileOffset ?? at)
      .u32(virtual)
      .u32(physical);
    table.u32(bytes.length).u32(memoryBytes).u32(5).u32(4096);
  }
  if (pvhEntry !== undefined) {
    const bytes = note(parts);
    table.u32(4).u32(place(bytes)).u32(0).u32(0).u32(bytes.length).u32(bytes.length).u32(4).u32(4);
  }
  if (interpreter) table.u32(3).raw(new Uint8Array(28));
  if (headers === 0) table.u32(6).raw(new Uint8Array(28));

  const [symbolsAt, namesAt] = [place(tables.symbols), place(tables.names)];
  const sections = new ByteWriter().raw(new Uint8Array(40));
  sections.u32(0).u32(2).u32(0).u32(0).u32(symbolsAt).u32(tables.symbols.length);
  sections
    .u32(parts.namesSection ?? 2)
    .u32(1)
    .u32(4)
    .u32(16);
  sections.u32(0).u32(3).u32(0).u32(0).u32(namesAt).u32(tables.names.length);
  sections.u32(0).u32(0).u32(1).u32(0);
  const sectionsAt = symbols ? place(sections.take()) : 0;

  const header = new ByteWriter(HEADER_BYTES).u32(0x464c457f).u8(1).u8(1).u8(1);
  header.raw(new Uint8Array(9)).u16(2).u16(3).u32(1).u32(parts.entry).u32(HEADER_BYTES);
  header.u32(sectionsAt).u32(0).u16(HEADER_BYTES).u16(32).u16(Math.max(1, headers));
  header
    .u16(40)
    .u16(symbols ? 3 : 0)
    .u16(0);
  return header.raw(table.take()).raw(body.take()).take();
}

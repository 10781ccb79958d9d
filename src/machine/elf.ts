/**
 * ELF32 executables for the 80386 (System V ABI, gABI 4.1 chapters 4 and 5), entered in the PVH way
 * (Xen, docs/misc/pvh.pandoc): a note named "Xen" of type 18 holds the 32-bit physical entry; where
 * there is none, e_entry is the entry. PT_LOAD segments go to their physical addresses.
 *
 * Whatever cannot run is refused by name with VmftError 'image': other classes and processors,
 * relocatable, position-independent and dynamic images, truncated and contradictory tables.
 */
import { VmftError } from '../base/errors.ts';
import { MAX_PROGRAM_HEADERS, MAX_SYMBOL_NAME_BYTES, MAX_SYMBOLS } from '../base/limits.ts';
import type { Program, ProgramSymbol, Segment } from './program.ts';

const HEADER_BYTES = 52;
const PROGRAM_HEADER_BYTES = 32;
const SECTION_HEADER_BYTES = 40;
const SYMBOL_BYTES = 16;

const PT_LOAD = 1;
const PT_INTERP = 3;
const PT_NOTE = 4;
const SHT_SYMTAB = 2;
const SHN_UNDEF = 0;
const XEN_ELFNOTE_PHYS32_ENTRY = 18;

const TYPES: Readonly<Record<number, string>> = {
  1: 'a relocatable object: link it (ld -m elf_i386)',
  3: 'position independent: link it with -no-pie -static',
  4: 'a core dump',
};
const MACHINES: Readonly<Record<number, string>> = {
  8: 'MIPS',
  20: 'PowerPC',
  40: 'ARM',
  62: 'x86-64',
  183: 'AArch64',
  243: 'RISC-V',
};

const SYMBOL_KINDS: Readonly<Record<number, ProgramSymbol['kind']>> = {
  0: 'label',
  1: 'object',
  2: 'function',
};

const hex = (value: number): string => `0x${value.toString(16)}`;
const fail = (what: string): VmftError => new VmftError('image', `ELF image: ${what}`);

/** Whether `image` begins like an ELF file. */
export function isElf(image: Uint8Array): boolean {
  return image[0] === 0x7f && image[1] === 0x45 && image[2] === 0x4c && image[3] === 0x46;
}

/** The bytes of the image; every range is checked before it is read. */
class Image {
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  u16(offset: number): number {
    return this.#view.getUint16(offset, true);
  }

  u32(offset: number): number {
    return this.#view.getUint32(offset, true);
  }

  /** Throws unless `what`, `length` bytes at `offset`, lies in the file. */
  check(what: string, offset: number, length: number): void {
    if (offset + length <= this.bytes.length) return;
    throw fail(
      `${what} is said to be ${length} bytes at offset ${hex(offset)}, ` +
        `but the file has ${this.bytes.length} bytes: it is truncated or damaged`,
    );
  }

  range(what: string, offset: number, length: number): Uint8Array {
    this.check(what, offset, length);
    return this.bytes.subarray(offset, offset + length);
  }
}

/** Flag of a segment that may be executed. */
const PF_X = 1;

interface ProgramHeader {
  readonly index: number;
  readonly type: number;
  readonly offset: number;
  readonly virtual: number;
  readonly physical: number;
  readonly fileBytes: number;
  readonly memoryBytes: number;
  readonly flags: number;
}

function checkIdentity(image: Image): void {
  const { bytes } = image;
  if (bytes.length > 4 && bytes[4] === 2)
    throw fail('it is a 64-bit image (ELFCLASS64); vmft runs 32-bit guests: build with -m32');
  image.check('the header', 0, HEADER_BYTES);
  if (bytes[4] !== 1) throw fail(`class ${bytes[4]} at offset 0x4; 1 (32-bit) is expected`);
  if (bytes[5] !== 1) throw fail(`byte order ${bytes[5]} at offset 0x5; 1 (little) is expected`);
  const machine = image.u16(18);
  if (machine !== 3) {
    const name = MACHINES[machine] ?? `machine ${machine}`;
    throw fail(`it is made for ${name}, not for the 80386 (machine 3 at offset 0x12)`);
  }
  const type = image.u16(16);
  if (type !== 2) {
    const what = TYPES[type] ?? `of unknown type ${type}`;
    throw fail(`it is ${what}; an executable (type 2 at offset 0x10) is expected`);
  }
  if (image.u32(20) !== 1) throw fail(`version ${image.u32(20)} at offset 0x14; 1 is expected`);
}

function programHeaders(image: Image): ProgramHeader[] {
  const offset = image.u32(28);
  const entryBytes = image.u16(42);
  const count = image.u16(44);
  if (count === 0) throw fail('it has no program headers, so nothing to load: link it');
  if (count > MAX_PROGRAM_HEADERS)
    throw fail(`${count} program headers; at most ${MAX_PROGRAM_HEADERS} are accepted`);
  if (entryBytes !== PROGRAM_HEADER_BYTES)
    throw fail(`program headers of ${entryBytes} bytes; ${PROGRAM_HEADER_BYTES} are expected`);
  image.check('the program header table', offset, count * PROGRAM_HEADER_BYTES);
  return Array.from({ length: count }, (_, index) => {
    const at = offset + index * PROGRAM_HEADER_BYTES;
    return {
      index,
      type: image.u32(at),
      offset: image.u32(at + 4),
      virtual: image.u32(at + 8),
      physical: image.u32(at + 12),
      fileBytes: image.u32(at + 16),
      memoryBytes: image.u32(at + 20),
      flags: image.u32(at + 24),
    };
  });
}

function segmentOf(image: Image, header: ProgramHeader): Segment {
  const { index, offset, physical, fileBytes, memoryBytes, flags } = header;
  if (fileBytes > memoryBytes)
    throw fail(`segment ${index} has ${fileBytes} bytes in the file, ${memoryBytes} in memory`);
  const bytes = image.range(`segment ${index}`, offset, fileBytes);
  return { address: physical, bytes, memoryBytes, executable: (flags & PF_X) !== 0 };
}

/** The entry that a note segment names, or undefined. Notes are padded to words of 4 bytes. */
function pvhEntry(image: Image, header: ProgramHeader): number | undefined {
  const { index, offset, fileBytes } = header;
  image.check(`note segment ${index}`, offset, fileBytes);
  const end = offset + fileBytes;
  for (let at = offset; at + 12 <= end; ) {
    const nameBytes = image.u32(at);
    const dataBytes = image.u32(at + 4);
    const name = at + 12;
    const data = name + Math.ceil(nameBytes / 4) * 4;
    const next = data + Math.ceil(dataBytes / 4) * 4;
    if (data + dataBytes > end)
      throw fail(`the note at offset ${hex(at)} goes beyond the end of note segment ${index}`);
    const isXen = nameBytes === 4 && image.u32(name) === 0x006e6558;
    if (isXen && image.u32(at + 8) === XEN_ELFNOTE_PHYS32_ENTRY) {
      if (dataBytes < 4) throw fail(`the PVH note at offset ${hex(at)} holds no entry address`);
      return image.u32(data);
    }
    at = next;
  }
  return undefined;
}

/** e_entry is a virtual address: the segment that holds it says where that is in memory. */
function plainEntry(image: Image, loads: readonly ProgramHeader[]): number {
  const entry = image.u32(24);
  for (const { virtual, physical, memoryBytes } of loads)
    if (entry >= virtual && entry < virtual + memoryBytes) return entry - virtual + physical;
  return entry;
}

const utf8 = new TextDecoder();

function symbolName(names: Uint8Array, offset: number): string {
  const bytes = names.subarray(offset, offset + MAX_SYMBOL_NAME_BYTES);
  const end = bytes.indexOf(0);
  return utf8.decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function readSymbols(image: Image, table: number, names: Uint8Array): ProgramSymbol[] {
  const offset = image.u32(table + 16);
  const size = image.u32(table + 20);
  image.check('the symbol table', offset, size);
  const count = Math.floor(size / SYMBOL_BYTES);
  if (count > MAX_SYMBOLS) throw fail(`${count} symbols; at most ${MAX_SYMBOLS} are accepted`);
  const symbols: ProgramSymbol[] = [];
  for (let at = offset; at < offset + count * SYMBOL_BYTES; at += SYMBOL_BYTES) {
    const kind = SYMBOL_KINDS[image.bytes[at + 12]! & 15];
    if (!kind || image.u16(at + 14) === SHN_UNDEF) continue;
    const name = symbolName(names, image.u32(at));
    if (name !== '')
      symbols.push({ name, address: image.u32(at + 4), size: image.u32(at + 8), kind });
  }
  return symbols.sort((a, b) => a.address - b.address);
}

function symbolsOf(image: Image): ProgramSymbol[] {
  const offset = image.u32(32);
  const count = image.u16(48);
  if (offset === 0 || count === 0) return [];
  if (image.u16(46) !== SECTION_HEADER_BYTES)
    throw fail(`section headers of ${image.u16(46)} bytes; ${SECTION_HEADER_BYTES} are expected`);
  image.check('the section header table', offset, count * SECTION_HEADER_BYTES);
  for (let section = 0; section < count; section++) {
    const at = offset + section * SECTION_HEADER_BYTES;
    if (image.u32(at + 4) !== SHT_SYMTAB) continue;
    const link = image.u32(at + 24);
    if (link >= count)
      throw fail(`section ${section} takes its names from section ${link} of ${count}`);
    const strings = offset + link * SECTION_HEADER_BYTES;
    const names = image.range('the string table', image.u32(strings + 16), image.u32(strings + 20));
    return readSymbols(image, at, names);
  }
  return [];
}

/** Reads an ELF image; throws VmftError 'image' naming what is wrong and where. */
export function readElf(bytes: Uint8Array): Program & { readonly pvh: boolean } {
  const image = new Image(bytes);
  checkIdentity(image);
  const headers = programHeaders(image);
  if (headers.some(({ type }) => type === PT_INTERP))
    throw fail('it asks for a dynamic linker: link it with -static -no-pie');
  const loads = headers.filter(({ type, memoryBytes }) => type === PT_LOAD && memoryBytes > 0);
  if (loads.length === 0) throw fail('it has no segment to load (PT_LOAD)');
  const note = headers
    .filter(({ type }) => type === PT_NOTE)
    .map((header) => pvhEntry(image, header))
    .find((entry) => entry !== undefined);
  return {
    format: 'elf',
    entry: note ?? plainEntry(image, loads),
    pvh: note !== undefined,
    segments: loads.map((header) => segmentOf(image, header)),
    symbols: symbolsOf(image),
  };
}

/** The loader: ELF and flat images, the state at entry, and any bytes. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VmftError } from '../../src/base/errors.ts';
import { PAGE_BYTES } from '../../src/base/limits.ts';
import { commandLine, load, readProgram, START_INFO_ADDRESS } from '../../src/machine/loader.ts';
import { GuestMemory } from '../../src/machine/memory.ts';
import type { Program } from '../../src/machine/program.ts';
import type { MachineConfig } from '../../src/machine/types.ts';
import { buildElf, type ElfParts } from '../support/elf.ts';
import { hasher } from '../support/hasher.ts';
import { runs } from '../support/runs.ts';

const CONFIG: MachineConfig = {
  ramBytes: 2 * 1024 * 1024,
  commandLine: 'one two',
  slots: [],
  strict: false,
};

const read = (image: Uint8Array, config: Partial<MachineConfig> = {}): Program =>
  readProgram(image, { ...CONFIG, ...config });

/** The VmftError that reading `image` throws. */
function refusal(image: Uint8Array, config: Partial<MachineConfig> = {}): VmftError {
  try {
    read(image, config);
  } catch (error) {
    expect(error).toBeInstanceOf(VmftError);
    return error as VmftError;
  }
  throw new Error('the image was accepted');
}

describe('flat binaries', () => {
  test('go to 1 MiB and are entered there', () => {
    const image = Uint8Array.of(0xf4, 0x90);
    expect(read(image)).toMatchObject({
      format: 'flat',
      entry: 0x100000,
      segments: [{ address: 0x100000, bytes: image, memoryBytes: 2 }],
    });
  });

  test('may be told where to go and where to begin', () => {
    const program = read(Uint8Array.of(0x90, 0xf4), { loadAddress: 0x7c00, entry: 0x7c01 });
    expect(program).toMatchObject({ entry: 0x7c01, segments: [{ address: 0x7c00 }] });
    expect(read(Uint8Array.of(0x90), { loadAddress: 0x7c00 }).entry).toBe(0x7c00);
  });

  test.each<[string, number[], Partial<MachineConfig>, RegExp]>([
    ['empty', [], {}, /empty/],
    ['beyond RAM', [1], { loadAddress: 2 * 1024 * 1024 }, /RAM ends at 0x200000.*more memory/],
    ['over the boot information', [1], { loadAddress: 0x1fff }, /boot information.*elsewhere/],
    ['entered outside', [1], { entry: 0x100001 }, /entry 0x100001 lies outside/],
    ['a Windows executable', mz(), {}, /Windows/],
    ['a gzip file', [0x1f, 0x8b, 8, 0], {}, /gzip/],
    ['a Mach-O file', [0xcf, 0xfa, 0xed, 0xfe], {}, /Mach-O/],
    ['a WebAssembly module', [0, 0x61, 0x73, 0x6d], {}, /WebAssembly/],
    ['a Multiboot image', multiboot(), {}, /Multiboot.*PVH/],
  ])('%s are refused', (_title, bytes, config, message) => {
    const error = refusal(Uint8Array.from(bytes), config);
    expect(error.code).toBe('image');
    expect(error.message).toMatch(message);
  });
});

function mz(): number[] {
  const bytes = new Array<number>(0x44).fill(0);
  [bytes[0], bytes[1], bytes[0x3c], bytes[0x40], bytes[0x41]] = [0x4d, 0x5a, 0x40, 0x50, 0x45];
  return bytes;
}

function multiboot(): number[] {
  const words = Uint32Array.of(0, 0x1badb002, 3, -(0x1badb002 + 3));
  return [...new Uint8Array(words.buffer)];
}

const CODE = Uint8Array.of(0xf4, 0x90, 0x90, 0x90);

/** A sound image: one segment of code with bss, a PVH note and two symbols. */
const SOUND: ElfParts = {
  entry: 0x100001,
  segments: [{ physical: 0x100000, virtual: 0x100000, bytes: CODE, memoryBytes: 0x100 }],
  pvhEntry: 0x100002,
  symbols: [
    { name: 'later', address: 0x100002, size: 2, type: 2 },
    { name: 'first', address: 0x100000, size: 0, type: 0 },
    { name: 'table', address: 0x100080, size: 16, type: 1 },
    { name: 'file.c', address: 0, size: 0, type: 4 },
    { name: 'undefined', address: 0, size: 0, type: 0, section: 0 },
  ],
};

describe('ELF', () => {
  test('is entered at its PVH note, and its symbols are kept in order', () => {
    const program = read(buildElf(SOUND));
    expect(program.entry).toBe(0x100002);
    expect(program.segments).toEqual([
      { address: 0x100000, executable: true, bytes: CODE, memoryBytes: 0x100 },
    ]);
    expect(program.symbols).toEqual([
      { name: 'first', address: 0x100000, size: 0, kind: 'label' },
      { name: 'later', address: 0x100002, size: 2, kind: 'function' },
      { name: 'table', address: 0x100080, size: 16, kind: 'object' },
    ]);
  });

  test('without a note is entered at e_entry, without sections has no symbols', () => {
    const program = read(buildElf({ entry: 0x100001, segments: SOUND.segments }));
    expect(program).toMatchObject({ entry: 0x100001, symbols: [] });
  });

  test('segments go to physical addresses, and a virtual e_entry follows', () => {
    const program = read(
      buildElf({
        entry: 0xc0100003,
        segments: [{ physical: 0x100000, virtual: 0xc0100000, bytes: CODE, memoryBytes: 4 }],
      }),
    );
    expect(program).toMatchObject({ entry: 0x100003, segments: [{ address: 0x100000 }] });
  });

  const patched = (offset: number, ...bytes: number[]): Uint8Array => {
    const image = buildElf(SOUND);
    image.set(bytes, offset);
    return image;
  };

  test.each<[string, () => Uint8Array, RegExp]>([
    ['64-bit', () => patched(4, 2), /64-bit.*-m32/],
    ['64-bit and short', () => patched(4, 2).subarray(0, 20), /64-bit/],
    ['of no class', () => patched(4, 0), /class 0 at offset 0x4/],
    ['big endian', () => patched(5, 2), /byte order 2 at offset 0x5/],
    ['for ARM', () => patched(18, 40), /made for ARM/],
    ['for an unknown machine', () => patched(18, 0x99), /machine 153/],
    ['relocatable', () => patched(16, 1), /relocatable object: link it/],
    ['position independent', () => patched(16, 3), /-no-pie/],
    ['a core dump', () => patched(16, 4), /core dump/],
    ['of another version', () => patched(20, 2), /version 2/],
    ['without program headers', () => patched(44, 0, 0), /no program headers/],
    ['with too many program headers', () => patched(44, 200), /200 program headers; at most 128/],
    ['with odd program headers', () => patched(42, 31), /headers of 31 bytes/],
    ['with headers outside', () => patched(28, 0, 0, 1), /program header table.*0x10000/],
    ['with odd section headers', () => patched(46, 41), /section headers of 41 bytes/],
    ['with sections outside', () => patched(33, 0, 1), /section header table/],
    ['cut in its header', () => buildElf(SOUND).subarray(0, 51), /the header.*truncated/],
    ['nothing but its magic', () => Uint8Array.of(0x7f, 0x45, 0x4c, 0x46), /truncated/],
  ])('%s is refused', (_title, image, message) => {
    expect(refusal(image()).message).toMatch(message);
  });

  const [segment] = SOUND.segments as [ElfParts['segments'][number]];

  test.each<[string, Partial<ElfParts>, RegExp]>([
    ['no segment', { segments: [] }, /no segment to load/],
    [
      'a segment of more file than memory',
      { segments: [{ ...segment, memoryBytes: 3 }] },
      /segment 0 has 4 bytes in the file, 3 in memory/,
    ],
    [
      'a segment outside the file',
      { segments: [{ ...segment, fileOffset: 0x9000 }] },
      /segment 0 is said to be 4 bytes at offset 0x9000/,
    ],
    [
      'a segment outside RAM',
      { segments: [{ ...segment, memoryBytes: 0x7fff_ffff }] },
      /0x100000 … 0x800ffffe, but RAM ends at 0x200000/,
    ],
    ['a segment that wraps', { segments: [{ ...segment, physical: 0xffff_fff0 }] }, /RAM ends/],
    [
      'a segment over the boot page',
      { segments: [{ ...segment, physical: 0x1800 }] },
      /0x1800 … 0x18ff.*boot information/,
    ],
    [
      'overlapping segments',
      { segments: [segment, { ...segment, physical: 0x1000ff }] },
      /overlap: 0x100000 … 0x1000ff and 0x1000ff … 0x1001fe/,
    ],
    ['an entry outside', { pvhEntry: 0x1234 }, /entry 0x1234 lies outside/],
    ['an interpreter', { interpreter: true }, /dynamic linker.*-static/],
    ['a note that overruns', { noteDataBytes: 0x1000 }, /note at offset .* goes beyond the end/],
    ['a note without address', { noteDataBytes: 0 }, /holds no entry address/],
    ['names in a missing section', { namesSection: 77 }, /takes its names from section 77 of/],
  ])('with %s is refused', (_title, parts, message) => {
    const error = refusal(buildElf({ ...SOUND, ...parts }));
    expect(error.code).toBe('image');
    expect(error.message).toMatch(message);
  });

  test('with a Multiboot header and no note is refused', () => {
    const bytes = Uint8Array.from(multiboot());
    const segments = [{ ...segment, bytes }];
    expect(refusal(buildElf({ entry: 0x100000, segments })).message).toMatch(/Multiboot/);
    expect(read(buildElf({ ...SOUND, segments })).entry).toBe(0x100002);
  });

  test('takes no load address', () => {
    expect(refusal(buildElf(SOUND), { loadAddress: 0x100000 }).code).toBe('usage');
  });

  const survives = (image: Uint8Array): void => {
    try {
      const program = read(image);
      for (const { address, bytes, memoryBytes } of program.segments) {
        expect(address + memoryBytes).toBeLessThanOrEqual(CONFIG.ramBytes);
        expect(bytes.length).toBeLessThanOrEqual(memoryBytes);
      }
    } catch (error) {
      expect(error).toBeInstanceOf(VmftError);
    }
  };

  test('cut anywhere, an image is refused by a VmftError or still sound', () => {
    const image = buildElf(SOUND);
    for (let length = 0; length < image.length; length++) survives(image.subarray(0, length));
  });

  test('any bytes changed, an image is refused by a VmftError or still sound', () => {
    const image = buildElf(SOUND);
    const change = fc.tuple(fc.nat(image.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
        const broken = image.slice();
        for (const [at, value] of changes) broken[at] = value;
        survives(broken);
      }),
      { numRuns: runs(2000) },
    );
  });

  test('random bytes behind the magic are refused by a VmftError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        survives(Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 1, 1, ...bytes));
        survives(bytes);
      }),
    );
  });
});

describe('the command line', () => {
  test('is the user’s words, then each device at its slot', () => {
    const slots = [{ kind: 'block', sectors: 8 }, { kind: 'empty' }, { kind: 'entropy' }] as const;
    expect(commandLine('a b', slots)).toBe(
      'a b virtio_mmio.device=512@0xfeb00000:5 virtio_mmio.device=512@0xfeb00400:7',
    );
    expect(commandLine('', slots.slice(0, 1))).toBe('virtio_mmio.device=512@0xfeb00000:5');
    expect(commandLine('', [])).toBe('');
  });
});

test('RAM after loading: segments, zeros behind them, start_info, memory map, command line', () => {
  const memory = new GuestMemory(CONFIG.ramBytes, hasher, () => {});
  load(read(buildElf(SOUND)), CONFIG, memory);
  expect(memory.read(0x100000, 6)).toEqual(Uint8Array.of(...CODE, 0, 0));
  const word = (offset: number): number => memory.readU32(START_INFO_ADDRESS + offset);
  expect([0, 4, 8, 12, 48].map(word)).toEqual([0x336ec578, 1, 0, 0, 1]);
  expect([16, 20, 28, 32, 36, 44].map(word)).toEqual([0, 0, 0, 0, 0, 0]);
  const [line, map] = [word(24), word(40)];
  expect(Buffer.from(memory.read(line, 8)).toString()).toBe('one two\0');
  expect([0, 4, 8, 12, 16, 20].map((offset) => memory.readU32(map + offset))).toEqual([
    0,
    0,
    CONFIG.ramBytes,
    0,
    1,
    0,
  ]);
  const pages = memory.capture().flatMap((page, n) => (page ? [n] : []));
  expect(pages).toEqual([START_INFO_ADDRESS / PAGE_BYTES, 0x100000 / PAGE_BYTES]);
});

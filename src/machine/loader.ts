/**
 * From an image to RAM (machine.md, "Loading"). An image is an ELF32 executable (elf.ts) or a flat
 * binary, which goes to 0x100000 and is entered there unless the configuration says otherwise.
 *
 * Besides the image RAM gets the boot information of the PVH protocol, in the page at 0x1000; an
 * image must leave that page alone:
 *
 *     0x1000  start_info, 56 bytes (EBX points here)
 *     0x1040  memory map, one entry of 24 bytes: all of RAM
 *     0x1080  command line, ends with a zero byte, at most 3967 characters
 */
import { ByteWriter } from '../base/bytes.ts';
import { VmftError } from '../base/errors.ts';
import { VIRTIO_SLOT_BYTES } from '../base/limits.ts';
import { isElf, readElf } from './elf.ts';
import type { GuestMemory } from './memory.ts';
import type { Program, Segment } from './program.ts';
import type { MachineConfig, VirtioSpec } from './types.ts';

/** Where a flat binary goes unless it is told otherwise. */
export const FLAT_ADDRESS = 0x100000;

/** First of the virtio slots, and the interrupt line of slot 0. */
export const VIRTIO_BASE = 0xfeb00000;
export const VIRTIO_FIRST_IRQ = 5;

/** Address of the PVH start_info structure, EBX at entry. */
export const START_INFO_ADDRESS = 0x1000;
const MEMORY_MAP_ADDRESS = 0x1040;
const COMMAND_LINE_ADDRESS = 0x1080;
const BOOT_END = 0x2000;

const START_INFO_MAGIC = 0x336ec578;
const MEMORY_MAP_RAM = 1;
const MULTIBOOT_MAGIC = 0x1badb002;
const MULTIBOOT_SEARCH_BYTES = 8192;

const hex = (value: number): string => `0x${value.toString(16)}`;

function view(image: Uint8Array): DataView {
  return new DataView(image.buffer, image.byteOffset, image.length);
}

/** Whether a Multiboot 1 header (magic, flags, and a sum of zero) lies in the first 8 KiB. */
function hasMultibootHeader(image: Uint8Array): boolean {
  const words = view(image);
  const end = Math.min(image.length, MULTIBOOT_SEARCH_BYTES) - 12;
  for (let at = 0; at <= end; at += 4) {
    if (words.getUint32(at, true) !== MULTIBOOT_MAGIC) continue;
    const sum = MULTIBOOT_MAGIC + words.getUint32(at + 4, true) + words.getUint32(at + 8, true);
    if (sum % 0x1_0000_0000 === 0) return true;
  }
  return false;
}

/** The name of a format that is not ours, or undefined. */
function foreignFormat(image: Uint8Array): string | undefined {
  const words = view(image);
  const u32 = (at: number): number => (at + 4 <= image.length ? words.getUint32(at, true) : 0);
  const mach = u32(0);
  if ([0xfeedface, 0xfeedfacf, 0xcefaedfe, 0xcffaedfe, 0xbebafeca].includes(mach)) return 'Mach-O';
  if (u32(0x202) === 0x53726448) return 'a Linux bzImage';
  if ((u32(0) & 0xffff) === 0x5a4d && u32(u32(0x3c)) === 0x4550) return 'a Windows executable';
  if ((u32(0) & 0xffffff) === 0x088b1f) return 'compressed with gzip';
  if (u32(0) === 0x6d736100) return 'a WebAssembly module';
  return undefined;
}

function readFlat(image: Uint8Array, config: MachineConfig): Program {
  const foreign = foreignFormat(image);
  if (foreign)
    throw new VmftError('image', `the image is ${foreign}; an ELF32 or flat binary is expected`);
  const address = config.loadAddress ?? FLAT_ADDRESS;
  const entry = config.entry ?? address;
  const segment = { address, bytes: image, memoryBytes: image.length, executable: true };
  return { format: 'flat', entry, segments: [segment], symbols: [] };
}

function readImage(image: Uint8Array, config: MachineConfig): Program {
  if (image.length === 0) throw new VmftError('image', 'the image is empty');
  if (isElf(image) && (config.loadAddress !== undefined || config.entry !== undefined))
    throw new VmftError('usage', 'load address and entry are for flat binaries; this is an ELF');
  const elf = isElf(image) ? readElf(image) : undefined;
  if (!elf?.pvh && hasMultibootHeader(image))
    throw new VmftError(
      'image',
      'the image has a Multiboot header and no PVH note: give it a note "Xen" of type 18',
    );
  return elf ?? readFlat(image, config);
}

function describe({ address, memoryBytes }: Segment): string {
  return `${hex(address)} … ${hex(address + memoryBytes - 1)}`;
}

function overlap(a: Segment, start: number, end: number): boolean {
  return a.address < end && a.address + a.memoryBytes > start;
}

function checkPlaces(program: Program, ramBytes: number): void {
  for (const [i, segment] of program.segments.entries()) {
    const end = segment.address + segment.memoryBytes;
    if (end > ramBytes)
      throw new VmftError(
        'image',
        `the image takes ${describe(segment)}, but RAM ends at ${hex(ramBytes)}: ` +
          'give the machine more memory',
      );
    if (overlap(segment, START_INFO_ADDRESS, BOOT_END))
      throw new VmftError(
        'image',
        `the image takes ${describe(segment)}, but the boot information lies at ` +
          `${hex(START_INFO_ADDRESS)} … ${hex(BOOT_END - 1)}: link or load it elsewhere`,
      );
    const other = program.segments.slice(0, i).find((s) => overlap(s, segment.address, end));
    if (other)
      throw new VmftError(
        'image',
        `two segments overlap: ${describe(other)} and ${describe(segment)}`,
      );
  }
  const { entry } = program;
  if (!program.segments.some((segment) => overlap(segment, entry, entry + 1)))
    throw new VmftError('image', `the entry ${hex(entry)} lies outside the image`);
}

/** Reads an image and checks that it fits; throws VmftError 'image' (or 'usage'). */
export function readProgram(image: Uint8Array, config: MachineConfig): Program {
  const program = readImage(image, config);
  checkPlaces(program, config.ramBytes);
  return program;
}

/** The guest's command line: the user's words, then each virtio slot that is taken. */
export function commandLine(words: string, slots: readonly VirtioSpec[]): string {
  const devices = slots.flatMap((slot, n) => {
    const address = hex(VIRTIO_BASE + n * VIRTIO_SLOT_BYTES);
    const place = `virtio_mmio.device=${VIRTIO_SLOT_BYTES}@${address}:${VIRTIO_FIRST_IRQ + n}`;
    return slot.kind === 'empty' ? [] : [place];
  });
  return (words === '' ? devices : [words, ...devices]).join(' ');
}

function startInfo(ramBytes: number): Uint8Array {
  const writer = new ByteWriter(MEMORY_MAP_ADDRESS - START_INFO_ADDRESS + 24);
  writer.u32(START_INFO_MAGIC).u32(1).u32(0).u32(0).u64(0n);
  writer.u64(BigInt(COMMAND_LINE_ADDRESS)).u64(0n);
  writer.u64(BigInt(MEMORY_MAP_ADDRESS)).u32(1).u32(0);
  writer.raw(new Uint8Array(MEMORY_MAP_ADDRESS - START_INFO_ADDRESS - writer.length));
  writer.u64(0n).u64(BigInt(ramBytes)).u32(MEMORY_MAP_RAM).u32(0);
  return writer.take();
}

/** Puts program and boot information into `memory`, which is all zeros. */
export function load(program: Program, config: MachineConfig, memory: GuestMemory): void {
  const words = new TextEncoder().encode(commandLine(config.commandLine, config.slots));
  const room = BOOT_END - COMMAND_LINE_ADDRESS - 1;
  if (words.length > room)
    throw new VmftError(
      'usage',
      `the command line has ${words.length} bytes with the devices; at most ${room} fit`,
    );
  for (const { address, bytes } of program.segments) memory.write(address, bytes);
  memory.write(START_INFO_ADDRESS, startInfo(config.ramBytes));
  memory.write(COMMAND_LINE_ADDRESS, words);
}

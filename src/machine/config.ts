/** Checks of a machine's configuration that do not need the image. */
import { VmftError } from '../base/errors.ts';
import { MAX_RAM_BYTES, MIN_RAM_BYTES, PAGE_BYTES, VIRTIO_SLOTS } from '../base/limits.ts';
import type { MachineConfig, VirtioSpec } from './types.ts';

const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i;

const usage = (what: string): VmftError => new VmftError('usage', what);

/** The six bytes of a MAC written 52:54:00:12:34:56; throws VmftError 'usage' on any other text. */
export function parseMac(text: string): Uint8Array {
  if (!MAC.test(text)) throw usage(`MAC address "${text}": write it as 52:54:00:12:34:56`);
  const bytes = Uint8Array.from(text.split(':'), (byte) => Number.parseInt(byte, 16));
  if (bytes[0]! & 1) throw usage(`MAC address "${text}" is a group address: clear bit 0 of byte 0`);
  return bytes;
}

function checkSlot(slot: VirtioSpec, n: number): void {
  if (slot.kind === 'net') parseMac(slot.mac);
  if (slot.kind === 'block' && !(Number.isSafeInteger(slot.sectors) && slot.sectors > 0))
    throw usage(`disk in slot ${n}: ${slot.sectors} sectors; a positive whole number is expected`);
}

function checkAddress(what: string, address: number | undefined): void {
  if (address === undefined) return;
  if (!(Number.isInteger(address) && address >= 0 && address < 0x1_0000_0000))
    throw usage(`${what} ${address}: an address of 32 bits is expected`);
}

/** Throws VmftError 'usage' unless a board can be built from `config`. */
export function checkConfig(config: MachineConfig): void {
  const { ramBytes, commandLine, slots } = config;
  const fits = ramBytes >= MIN_RAM_BYTES && ramBytes <= MAX_RAM_BYTES;
  if (!fits || ramBytes % PAGE_BYTES !== 0)
    throw usage(
      `memory of ${ramBytes} bytes: ${MIN_RAM_BYTES} … ${MAX_RAM_BYTES} bytes ` +
        `in pages of ${PAGE_BYTES} are possible`,
    );
  if (commandLine.includes('\0')) throw usage('the command line holds a zero byte');
  if (slots.length > VIRTIO_SLOTS)
    throw usage(`${slots.length} virtio devices; the board has ${VIRTIO_SLOTS} slots`);
  for (const [n, slot] of slots.entries()) checkSlot(slot, n);
  if (slots.filter(({ kind }) => kind === 'net').length > 1)
    throw usage('two network devices; a machine has one at most');
  checkAddress('load address', config.loadAddress);
  checkAddress('entry', config.entry);
}

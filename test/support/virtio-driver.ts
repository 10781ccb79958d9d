/**
 * A virtio driver for tests, working on a transport and guest memory directly: what a guest's
 * driver does, without a guest. Each queue gets its rings at a page of its own from 0x10000 on;
 * buffers are wherever the test says.
 */
import type { Need } from '../../src/cpu/bus.ts';
import { type VirtioDevice, VirtioMmio } from '../../src/machine/devices/virtio-mmio.ts';
import { GuestMemory } from '../../src/machine/memory.ts';
import { hasher } from './hasher.ts';

export const enum Reg {
  Magic = 0x00,
  Version = 0x04,
  DeviceId = 0x08,
  DeviceFeatures = 0x10,
  DeviceFeaturesSel = 0x14,
  DriverFeatures = 0x20,
  DriverFeaturesSel = 0x24,
  QueueSel = 0x30,
  QueueNumMax = 0x34,
  QueueNum = 0x38,
  QueueReady = 0x44,
  QueueNotify = 0x50,
  InterruptStatus = 0x60,
  InterruptAck = 0x64,
  Status = 0x70,
  Config = 0x100,
}

export const RAM_BYTES = 1024 * 1024;
export const NEEDS_RESET = 0x40;
export const INDIRECT = 4;
export const WRITE = 2;
export const NEXT = 1;

/** A buffer of a chain: bytes to read, or room to write. */
export type TestBuffer = { address: number; bytes: Uint8Array } | { address: number; room: number };

function words(...values: number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}

export function u16(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, value >> 8);
}

/** The 16 bytes of a descriptor. */
export function descriptor(
  address: number,
  length: number,
  flags: number,
  next: number,
): Uint8Array {
  return words(address, 0, length, flags | (next << 16));
}

export class VirtioDriver {
  readonly memory = new GuestMemory(RAM_BYTES, hasher, () => {});
  readonly transport: VirtioMmio;
  /** Level of the interrupt line. */
  irq = false;
  /** Size of the queues that {@link bringUp} makes. */
  readonly size: number;
  /** Next free descriptor and available index of each queue. */
  readonly #next: number[] = [];
  readonly #available: number[] = [];
  readonly #seen: number[] = [];

  constructor(device: VirtioDevice, size = 8) {
    this.size = size;
    this.transport = new VirtioMmio(device, this.memory, (level) => {
      this.irq = level;
    });
  }

  read(offset: number): number {
    return this.transport.read(offset, 4);
  }

  write(offset: number, value: number): void {
    this.transport.write(offset, 4, value >>> 0);
  }

  descriptors(queue: number): number {
    return 0x10000 + queue * 0x4000;
  }

  available(queue: number): number {
    return this.descriptors(queue) + 0x2000;
  }

  used(queue: number): number {
    return this.descriptors(queue) + 0x3000;
  }

  /** Reset, features (two words), FEATURES_OK. */
  negotiate(low: number, high = 1): void {
    this.write(Reg.Status, 0);
    this.write(Reg.Status, 1);
    this.write(Reg.Status, 3);
    for (const [i, word] of [low, high].entries()) {
      this.write(Reg.DriverFeaturesSel, i);
      this.write(Reg.DriverFeatures, word);
    }
    this.write(Reg.Status, 0x0b);
  }

  setUpQueue(queue: number): void {
    this.write(Reg.QueueSel, queue);
    this.write(Reg.QueueNum, this.size);
    this.write(0x80, this.descriptors(queue));
    this.write(0x90, this.available(queue));
    this.write(0xa0, this.used(queue));
    this.write(Reg.QueueReady, 1);
    this.#next[queue] = 0;
    this.#available[queue] = 0;
    this.#seen[queue] = 0;
  }

  /** The whole of machine.md's bring-up, for `queues` queues. */
  bringUp(queues: number, features = 0): this {
    this.negotiate(features);
    for (let queue = 0; queue < queues; queue++) this.setUpQueue(queue);
    this.write(Reg.Status, 0x0f);
    return this;
  }

  /** Writes descriptor `index` of a queue. */
  describe(queue: number, index: number, bytes: Uint8Array): void {
    this.memory.write(this.descriptors(queue) + 16 * index, bytes);
  }

  /** Puts `head` into the available ring. */
  offerHead(queue: number, head: number): void {
    const at = this.#available[queue]!;
    this.memory.write(this.available(queue) + 4 + 2 * (at % this.size), u16(head));
    this.#available[queue] = (at + 1) & 0xffff;
    this.setAvailableIndex(queue, this.#available[queue]!);
  }

  setAvailableIndex(queue: number, index: number): void {
    this.memory.write(this.available(queue) + 2, u16(index));
  }

  setAvailableFlags(queue: number, flags: number): void {
    this.memory.write(this.available(queue), u16(flags));
  }

  /** Makes a chain available and returns its head. */
  offer(queue: number, ...buffers: TestBuffer[]): number {
    const head = this.#next[queue]!;
    for (const [i, buffer] of buffers.entries()) {
      const index = (head + i) % this.size;
      const last = i === buffers.length - 1;
      const write = 'room' in buffer;
      if (!write) this.memory.write(buffer.address, buffer.bytes);
      const flags = (write ? WRITE : 0) | (last ? 0 : NEXT);
      const length = write ? buffer.room : buffer.bytes.length;
      const next = last ? 0 : (index + 1) % this.size;
      this.describe(queue, index, descriptor(buffer.address, length, flags, next));
    }
    this.#next[queue] = (head + buffers.length) % this.size;
    this.offerHead(queue, head);
    return head;
  }

  /** What a notification of `queue` would need. */
  need(queue: number): Need | undefined {
    return this.transport.need(Reg.QueueNotify, 4, queue);
  }

  notify(queue: number): void {
    this.write(Reg.QueueNotify, queue);
  }

  /** Chains returned since the last call: head and length. */
  takeUsed(queue: number): [number, number][] {
    const index = this.memory.readU16(this.used(queue) + 2);
    const taken: [number, number][] = [];
    for (let at = this.#seen[queue]!; at !== index; at = (at + 1) & 0xffff) {
      const element = this.used(queue) + 4 + 8 * (at % this.size);
      taken.push([this.memory.readU32(element), this.memory.readU32(element + 4)]);
    }
    this.#seen[queue] = index;
    return taken;
  }

  get needsReset(): boolean {
    return (this.read(Reg.Status) & NEEDS_RESET) !== 0;
  }
}

/**
 * A split virtqueue, device side (virtio 1.2 §2.7): descriptor table, available ring, used ring.
 *
 *     descriptor  { u64 address, u32 length, u16 flags (1 NEXT, 2 WRITE, 4 INDIRECT), u16 next }
 *     available   { u16 flags (1 NO_INTERRUPT), u16 idx, u16 ring[size] }
 *     used        { u16 flags, u16 idx, { u32 id, u32 length } ring[size] }
 *
 * The driver is not trusted. A chain is read and judged as a whole before anything is done with it;
 * `fault` names what makes a chain or ring unusable. Whatever memory holds, work is bounded by the
 * queue size, and only the used ring and buffers that the driver offered for writing are written.
 * A faulty queue stops until the device is reset (the transport sets DEVICE_NEEDS_RESET).
 */
import type { GuestMemory } from '../memory.ts';
import { clonePlain } from '../plain.ts';

const DESCRIPTOR_BYTES = 16;
const USED_ELEMENT_BYTES = 8;
const NO_INTERRUPT = 1;

const enum DescriptorFlag {
  Next = 1,
  Write = 2,
  Indirect = 4,
}

/** Part of RAM. */
export type Buffer = { address: number; length: number };

/** A descriptor chain that the driver has made available: what to read, then what to write. */
export interface Chain {
  /** Index of its first descriptor, by which it is returned. */
  readonly head: number;
  readonly readable: readonly Buffer[];
  readonly writable: readonly Buffer[];
}

/** Total bytes of `buffers`. */
export function lengthOf(buffers: readonly Buffer[]): number {
  return buffers.reduce((sum, { length }) => sum + length, 0);
}

/** The part of `buffers` from byte `from` on, at most `length` bytes. */
export function slice(buffers: readonly Buffer[], from: number, length: number): Buffer[] {
  const parts: Buffer[] = [];
  let skip = from;
  let left = length;
  for (const buffer of buffers) {
    const start = Math.min(skip, buffer.length);
    const size = Math.min(left, buffer.length - start);
    if (size > 0) parts.push({ address: buffer.address + start, length: size });
    skip -= start;
    left -= size;
  }
  return parts;
}

/** Addresses are 64 bits wide, as low and high word; only those with high word 0 can be RAM. */
type Address = { low: number; high: number };

/** State of one queue. */
export type VirtqueueState = {
  size: number;
  ready: boolean;
  faulty: boolean;
  descriptors: Address;
  available: Address;
  used: Address;
  /** Position of the next chain to take from the available ring, and to put into the used ring. */
  taken: number;
  returned: number;
};

/** Which of a queue's three addresses. */
export type RingName = 'descriptors' | 'available' | 'used';

function atReset(size: number): VirtqueueState {
  const nowhere = { low: 0, high: 0 };
  return {
    size,
    ready: false,
    faulty: false,
    descriptors: nowhere,
    available: nowhere,
    used: nowhere,
    taken: 0,
    returned: 0,
  };
}

/** What a chain is made of while it is being read. */
type Draft = { readable: Buffer[]; writable: Buffer[] };

export class Virtqueue {
  readonly maxSize: number;
  #s: VirtqueueState;
  readonly #memory: GuestMemory;
  readonly #onUsed: () => void;
  readonly #onFault: () => void;
  /** Whether the driver has accepted VIRTIO_F_INDIRECT_DESC. */
  readonly #indirectAllowed: () => boolean;

  /** `onUsed` asks for a used buffer notification; `onFault` says that the queue has stopped. */
  constructor(
    memory: GuestMemory,
    maxSize: number,
    transport: { onUsed(): void; onFault(): void; indirectAllowed(): boolean },
  ) {
    this.#memory = memory;
    this.maxSize = maxSize;
    this.#s = atReset(maxSize);
    this.#onUsed = () => transport.onUsed();
    this.#onFault = () => transport.onFault();
    this.#indirectAllowed = () => transport.indirectAllowed();
  }

  /** Whether chains may be taken and returned. */
  get live(): boolean {
    return this.#s.ready && !this.#s.faulty;
  }

  get ready(): boolean {
    return this.#s.ready;
  }

  reset(): void {
    this.#s = atReset(this.maxSize);
  }

  /** Stops the queue until the device is reset. */
  fault(): void {
    this.#s.faulty = true;
    this.#onFault();
  }

  /** QueueNum. Sizes are powers of two up to `maxSize`; any other is a fault. */
  setSize(size: number): void {
    if (this.#s.ready) return;
    const valid = size > 0 && size <= this.maxSize && (size & (size - 1)) === 0;
    if (valid) this.#s.size = size;
    else this.fault();
  }

  /** Sets one word of an address of a queue that is not ready. */
  setAddress(ring: RingName, word: keyof Address, value: number): void {
    if (!this.#s.ready) this.#s[ring] = { ...this.#s[ring], [word]: value };
  }

  /** QueueReady. Rings outside RAM or out of alignment (§2.7: 16, 2, 4) are a fault. */
  setReady(ready: boolean): void {
    const s = this.#s;
    if (!ready || s.ready || s.faulty) {
      s.ready &&= ready;
      return;
    }
    const fits =
      this.#holds(s.descriptors, DESCRIPTOR_BYTES * s.size, 16) &&
      this.#holds(s.available, 4 + 2 * s.size, 2) &&
      this.#holds(s.used, 4 + USED_ELEMENT_BYTES * s.size, 4);
    if (!fits) this.fault();
    else Object.assign(s, { ready: true, taken: 0, returned: 0 });
  }

  #holds({ low, high }: Address, length: number, alignment: number): boolean {
    return high === 0 && low % alignment === 0 && this.#memory.contains(low, length);
  }

  /** Chains waiting in the available ring, or 'fault' when its idx cannot be true. Pure. */
  #waiting(): number | 'fault' {
    const { available, taken, size } = this.#s;
    const waiting = (this.#memory.readU16(available.low + 2) - taken) & 0xffff;
    return waiting > size ? 'fault' : waiting;
  }

  /** Whether there is a chain to take, or a fault to find by taking one. Pure. */
  get hasWaiting(): boolean {
    return this.live && this.#waiting() !== 0;
  }

  /** All chains waiting, oldest first, or 'fault' where one is unusable. Pure. */
  peekAll(): Chain[] | 'fault' {
    const waiting = this.live ? this.#waiting() : 0;
    if (waiting === 'fault') return 'fault';
    const chains: Chain[] = [];
    for (let i = 0; i < waiting; i++) {
      const chain = this.#readChain(this.#s.taken + i);
      if (chain === 'fault') return 'fault';
      chains.push(chain);
    }
    return chains;
  }

  /** Takes the oldest chain waiting, if any; undefined also where a fault has stopped the queue. */
  take(): Chain | undefined {
    if (!this.hasWaiting) return undefined;
    const chain = this.#waiting() === 'fault' ? 'fault' : this.#readChain(this.#s.taken);
    if (chain === 'fault') {
      this.fault();
      return undefined;
    }
    this.#s.taken = (this.#s.taken + 1) & 0xffff;
    return chain;
  }

  /** Returns a chain into which `written` bytes have been written. Nothing where not `live`. */
  return(head: number, written: number): void {
    const s = this.#s;
    if (!this.live) return;
    const element = new Uint8Array(USED_ELEMENT_BYTES);
    const view = new DataView(element.buffer);
    view.setUint32(0, head, true);
    view.setUint32(4, written, true);
    const slot = s.returned & (s.size - 1);
    this.#memory.write(s.used.low + 4 + USED_ELEMENT_BYTES * slot, element);
    s.returned = (s.returned + 1) & 0xffff;
    this.#memory.write(s.used.low + 2, Uint8Array.of(s.returned & 0xff, s.returned >> 8));
    if (!(this.#memory.readU16(s.available.low) & NO_INTERRUPT)) this.#onUsed();
  }

  #readChain(position: number): Chain | 'fault' {
    const { available, descriptors, size } = this.#s;
    const slot = position & (size - 1);
    const head = this.#memory.readU16(available.low + 4 + 2 * slot);
    const draft: Draft = { readable: [], writable: [] };
    if (!this.#walk(draft, descriptors.low, size, head, true)) return 'fault';
    return { head, readable: draft.readable, writable: draft.writable };
  }

  /**
   * Appends to `draft` the buffers of the chain that begins at descriptor `first` of a table of
   * `count`. A chain has at most as many buffers as the queue is long, which also ends loops.
   */
  #walk(draft: Draft, table: number, count: number, first: number, direct: boolean): boolean {
    const memory = this.#memory;
    for (let index = first; ; ) {
      if (index >= count) return false;
      const at = table + DESCRIPTOR_BYTES * index;
      const buffer = { address: memory.readU32(at), length: memory.readU32(at + 8) };
      const flags = memory.readU16(at + 12);
      const inRam = memory.readU32(at + 4) === 0 && memory.contains(buffer.address, buffer.length);
      if (!inRam || buffer.length === 0) return false;
      if (flags & DescriptorFlag.Indirect) {
        // An indirect descriptor ends its chain and does not stand in an indirect table (§2.7.5.3).
        if (!direct || flags & DescriptorFlag.Next || !this.#indirectAllowed()) return false;
        if (buffer.length % DESCRIPTOR_BYTES !== 0) return false;
        return this.#walk(draft, buffer.address, buffer.length / DESCRIPTOR_BYTES, 0, false);
      }
      if (!this.#append(draft, buffer, (flags & DescriptorFlag.Write) !== 0)) return false;
      if (!(flags & DescriptorFlag.Next)) return true;
      index = memory.readU16(at + 14);
    }
  }

  #append({ readable, writable }: Draft, buffer: Buffer, write: boolean): boolean {
    // All readable buffers come before the writable ones (§2.7.4.2).
    if (!write && writable.length > 0) return false;
    (write ? writable : readable).push(buffer);
    return readable.length + writable.length <= this.#s.size;
  }

  /** The bytes of `buffers`, one after the other. */
  gather(buffers: readonly Buffer[]): Uint8Array {
    const bytes = new Uint8Array(lengthOf(buffers));
    let at = 0;
    for (const { address, length } of buffers) {
      bytes.set(this.#memory.read(address, length), at);
      at += length;
    }
    return bytes;
  }

  /** Spreads `bytes` over `buffers`, which have room for them. */
  scatter(buffers: readonly Buffer[], bytes: Uint8Array): void {
    let at = 0;
    for (const { address, length } of slice(buffers, 0, bytes.length)) {
      this.#memory.write(address, bytes.subarray(at, at + length));
      at += length;
    }
  }

  state(): VirtqueueState {
    return clonePlain(this.#s);
  }

  restore(state: VirtqueueState): void {
    this.#s = clonePlain(state);
  }
}

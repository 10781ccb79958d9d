/**
 * What a virtio driver does, good or bad, as a list of accesses: bring-up, chains of descriptors
 * made available, notifications, acknowledges. It does not run anything, so that the same accesses
 * can be made on a board, by a guest on vmft, and by a guest on QEMU.
 *
 * Layout: each queue of each slot has its rings in 16 KiB from RINGS on, its buffers in 16 KiB from
 * BUFFERS on (slots 0 … 2), and an indirect table. Nothing else below 1 MiB is touched.
 */
import fc from 'fast-check';
import type { Access } from './access-guest.ts';

export const QUEUE_SIZE = 8;
const RINGS = 0x1_0000;
const BUFFERS = 0x4_0000;
const TABLES = 0x6_0000;
/** No RAM here on any of our boards, nor a device. */
const NOWHERE = 0x3000_0000;
/** Bytes between two buffers of a chain. */
const STRIDE = 0x800;

const NEXT = 1;
const WRITE = 2;
const INDIRECT = 4;
export const INDIRECT_DESC = 1 << 28;

/** One buffer of a chain: `bytes` for the device to read, or room for `length` to write. */
export type Piece = { readonly length: number; readonly write: boolean };

/** What may be wrong with a chain; the first is nothing. */
const DAMAGES = [
  'none',
  'ends in a loop',
  'points beyond the table',
  'has an empty buffer',
  'lies outside RAM',
  'has an address of 64 bits',
  'has a table with a successor',
  'has a nested table',
  'has a table of broken length',
  'begins beyond the table',
  'comes too far ahead',
] as const;

export type Damage = (typeof DAMAGES)[number];

/** A chain to be offered. */
export type ChainPlan = {
  readonly pieces: readonly Piece[];
  /** Its first descriptor, and whether that one only names a table with the rest. */
  readonly first: number;
  readonly indirect: boolean;
  readonly damage: Damage;
};

/** Chains of the buffers given, most of them undamaged. */
export function chainOf(
  pieces: fc.Arbitrary<Piece[]>,
  damages: readonly Damage[] = DAMAGES,
): fc.Arbitrary<ChainPlan> {
  return fc.record({
    pieces,
    first: fc.nat(QUEUE_SIZE - 1),
    indirect: fc.boolean(),
    damage: fc.oneof(
      { weight: 5, arbitrary: fc.constant<Damage>('none') },
      { weight: 1, arbitrary: fc.constantFrom(...damages) },
    ),
  });
}

type Descriptor = { low: number; high: number; length: number; flags: number; next: number };

/** The driver of the device in one slot. Each access goes to `make` in order. */
export class DriverScript {
  readonly #slot: number;
  readonly #make: (access: Access) => void;
  /** Chains made available on each queue. */
  readonly #offered: number[] = [];

  constructor(slot: number, make: (access: Access) => void) {
    this.#slot = slot;
    this.#make = make;
  }

  get base(): number {
    return 0xfeb0_0000 + 0x200 * this.#slot;
  }

  register(offset: number, value: number): void {
    this.#make(['st4', this.base + offset, value]);
  }

  look(offset: number, mask?: number): void {
    this.#make(['ld4', this.base + offset, mask]);
  }

  descriptors(queue: number): number {
    return RINGS + 0x4000 * (2 * this.#slot + queue);
  }

  available(queue: number): number {
    return this.descriptors(queue) + 0x2000;
  }

  used(queue: number): number {
    return this.descriptors(queue) + 0x3000;
  }

  buffer(queue: number, index: number): number {
    return BUFFERS + 0x4000 * (2 * this.#slot + queue) + STRIDE * index;
  }

  #table(queue: number): number {
    return TABLES + 0x1000 * (2 * this.#slot + queue);
  }

  /** Chains offered on `queue` since bring-up. */
  offered(queue: number): number {
    return this.#offered[queue] ?? 0;
  }

  /** Reset, features, `queues` queues, DRIVER_OK; the rings are empty again. */
  bringUp(queues: number, features = INDIRECT_DESC): void {
    for (const status of [0, 1, 3]) this.register(0x70, status);
    for (const [word, bits] of [features, 1].entries()) {
      this.register(0x24, word);
      this.register(0x20, bits);
    }
    this.register(0x70, 0x0b);
    for (let queue = 0; queue < queues; queue++) {
      this.#make(['st4', this.available(queue), 0]);
      this.#make(['st4', this.used(queue), 0]);
      this.#offered[queue] = 0;
      this.register(0x30, queue);
      this.register(0x38, QUEUE_SIZE);
      this.register(0x80, this.descriptors(queue));
      this.register(0x90, this.available(queue));
      this.register(0xa0, this.used(queue));
      this.register(0x44, 1);
    }
    this.register(0x70, 0x0f);
  }

  #describe(at: number, { low, high, length, flags, next }: Descriptor): void {
    const words = [low, high, length, flags | (next << 16)];
    for (const [i, word] of words.entries()) this.#make(['st4', at + 4 * i, word]);
  }

  /** Writes a chain's descriptors and makes it available; says where each buffer lies. */
  offer(queue: number, plan: ChainPlan): void {
    const { pieces, first, indirect, damage } = plan;
    const list = pieces.map(({ length, write }, i): Descriptor => {
      const last = i === pieces.length - 1;
      const next = indirect ? i + 1 : (first + i + 1) % QUEUE_SIZE;
      const flags = (write ? WRITE : 0) | (last ? 0 : NEXT);
      return { low: this.buffer(queue, i), high: 0, length, flags, next };
    });
    const direct = (i: number): number => this.descriptors(queue) + 16 * ((first + i) % QUEUE_SIZE);
    const place = indirect ? (i: number): number => this.#table(queue) + 16 * i : direct;
    spoil(list, damage, first);
    list.forEach((each, i) => {
      this.#describe(place(i), each);
    });
    if (indirect) this.#describe(direct(0), this.#tableOf(queue, list.length, damage));
    const ordinal = this.offered(queue);
    const head = damage === 'begins beyond the table' ? QUEUE_SIZE : first;
    this.#make(['st2', this.available(queue) + 4 + 2 * (ordinal % QUEUE_SIZE), head]);
    this.#offered[queue] = ordinal + 1;
    const ahead = damage === 'comes too far ahead' ? QUEUE_SIZE + 1 : 1;
    this.#make(['st2', this.available(queue) + 2, (ordinal + ahead) & 0xffff]);
  }

  #tableOf(queue: number, entries: number, damage: Damage): Descriptor {
    const flags = INDIRECT | (damage === 'has a table with a successor' ? NEXT : 0);
    const length = 16 * entries + (damage === 'has a table of broken length' ? 8 : 0);
    return { low: this.#table(queue), high: 0, length, flags, next: 0 };
  }

  notify(queue: number): void {
    this.register(0x50, queue);
  }
}

/** Makes a chain's descriptors wrong, where the damage lies in them. */
function spoil(list: Descriptor[], damage: Damage, first: number): void {
  const last = list.at(-1)!;
  if (damage === 'ends in a loop') Object.assign(last, { flags: last.flags | NEXT, next: first });
  if (damage === 'points beyond the table')
    Object.assign(last, { flags: last.flags | NEXT, next: 0x1000 });
  if (damage === 'has an empty buffer') last.length = 0;
  if (damage === 'lies outside RAM') last.low = NOWHERE;
  if (damage === 'has an address of 64 bits') last.high = 1;
  if (damage === 'has a nested table') last.flags |= INDIRECT;
}

/**
 * Random drivers of a disk, a network card and an entropy device. After each chain that was offered
 * the script looks at everything that the device may have changed: used ring, interrupt and device
 * status, and the first bytes of each buffer.
 *
 * Where QEMU departs from the specification, or does what it leaves open in another way, and what
 * is therefore left out:
 * - A descriptor that is INDIRECT anywhere but at the head of its chain counts as a plain one, and
 *   NEXT beside INDIRECT is ignored. Both are faults here.
 * - A buffer outside RAM is a bounce buffer of up to a page. Here it is a fault.
 * - An available index too far ahead is an error only for the entropy device, an empty buffer is
 *   one only for the others; the disk and the card set flags of the used ring.
 * - Rings out of alignment are accepted; registers of the used feature words above 1 name word 1.
 * - FEATURES_OK is granted whatever the driver has chosen, and Status takes bits back.
 * - QueueNumMax is always 1024; here it is the device's own.
 * - An error of one queue stops the device's others too; it raises both bits of InterruptStatus.
 * - Disk: bits 0 and 31 of a request's type are ignored where they make no sense, and the types
 *   that need features that the driver has not accepted (2, 11, 13) work all the same.
 * - Card: num_buffers of a received frame is not written; chains for both directions can be sent,
 *   as can frames without a byte or above 1514 bytes; a frame too large for its buffer leaves the
 *   buffer where it was. Here such a buffer comes back with length 0.
 * - Entropy: buffers for reading are ignored. Here they are a fault.
 */
import fc from 'fast-check';
import type { VirtioMmioState } from '../../../src/machine/devices/virtio-mmio.ts';
import type { Access } from '../../support/access-guest.ts';
import type { CatalogueDevice } from '../../support/catalogue.ts';
import {
  type ChainPlan,
  chainOf,
  type Damage,
  DriverScript,
  INDIRECT_DESC,
  type Piece,
  QUEUE_SIZE,
} from '../../support/driver-script.ts';
import { SECTORS } from './both.ts';
import { Scribe } from './scribe.ts';

/** The board that the scripts are for; the card comes last. */
export const VIRTIO_DEVICES: readonly CatalogueDevice[] = [
  { kind: 'block', sectors: SECTORS },
  { kind: 'entropy' },
  { kind: 'net' },
];

const RECEIVE = 0;
/** Bytes of the header of a received frame, but for num_buffers. */
const NET_HEADER = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const TRANSMIT = 1;

const damages: readonly Damage[] = [
  'ends in a loop',
  'points beyond the table',
  'has a table of broken length',
  'begins beyond the table',
];

const piece = (write: boolean, length: number): Piece => ({ write, length });
const lengths = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(512, 1024, 1536));

/** Header and status byte where they belong, or anywhere. */
const request = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .record({ data: fc.array(lengths, { maxLength: 3 }), write: fc.boolean() })
      .map(({ data, write }) => [
        piece(false, 16),
        ...data.map((length) => piece(write, length)),
        piece(true, 1),
      ]),
  },
  {
    weight: 2,
    arbitrary: fc.array(fc.record({ length: lengths, write: fc.boolean() }), {
      minLength: 1,
      maxLength: 5,
    }),
  },
);

const blockAction = fc.record({
  plan: chainOf(request, [...damages, 'has an empty buffer']),
  type: fc.constantFrom(0, 0, 1, 1, 4, 8, 99, 0x7ffe),
  sector: fc.oneof(fc.nat(SECTORS + 1), fc.constantFrom(0xffff_ffff)),
  high: fc.constantFrom(0, 0, 0, 0, 1, 0x8000_0000),
});

const entropyAction = fc.record({
  plan: chainOf(
    // One reading of ours has at most 4096 bytes.
    fc.array(
      lengths.map((length) => piece(true, Math.min(length, 1000))),
      { minLength: 1, maxLength: 4 },
    ),
    [...damages, 'comes too far ahead'],
  ),
});

/** A buffer for what comes back, then a frame split anywhere. */
const netAction = fc.record({
  room: chainOf(fc.constantFrom([1526], [12, 1514], [700, 700, 126], [20, 1600]).map(rooms), [
    'none',
  ]),
  frame: chainOf(fc.array(lengths, { minLength: 1, maxLength: 3 }).map(frameOf), [
    ...damages,
    'has an empty buffer',
  ]),
  seed: fc.nat(0xffff),
});

function rooms(sizes: readonly number[]): Piece[] {
  return sizes.map((length) => piece(true, length));
}

/** Buffers of at least a header's and a frame's length, at most 1514 bytes of it. */
function frameOf(sizes: readonly number[]): Piece[] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  return total < 26 || total > 1526 ? [piece(false, 72)] : sizes.map((size) => piece(false, size));
}

const list = <T>(action: fc.Arbitrary<T>) => fc.array(action, { minLength: 3, maxLength: 12 });

/** What {@link blockScript}, {@link entropyScript} and {@link netScript} make scripts of. */
export const blockActions = list(blockAction);
export const entropyActions = list(entropyAction);
export const netActions = list(netAction);

type ActionOf<T> = T extends fc.Arbitrary<(infer Action)[]> ? Action : never;

class VirtioScribe extends Scribe {
  readonly driver: DriverScript;
  readonly #slot: number;
  readonly #queues: number;

  constructor(slot: number, queues: number) {
    super(
      VIRTIO_DEVICES.map((device) =>
        device.kind === 'net' ? { ...device, mac: '52:54:00:12:34:56' } : device,
      ),
    );
    this.#slot = slot;
    this.#queues = queues;
    this.driver = new DriverScript(slot, (access) => this.make(...access));
    this.driver.bringUp(queues);
    for (const offset of [0, 4, 8, 0x60, 0x70, 0x44]) this.driver.look(offset);
  }

  get transport(): VirtioMmioState {
    return this.state(`virtio${this.#slot}`);
  }

  /** What leaves comes back at once. */
  override make(...access: Access): number {
    this.script.push(access);
    const { value, outputs } = this.bench.perform({ access });
    for (const output of outputs)
      if (output.kind === 'frame') this.bench.perform({ packet: output.bytes });
    while (this.bench.board.pendingIo().length > 0) this.bench.perform({ disk: true, fill: 0 });
    return value;
  }

  /** Whether all chains offered on `queue` have come back. */
  #returned(queue: number): boolean {
    return this.transport.queues[queue]!.returned === this.driver.offered(queue);
  }

  /** Notifies `queue`, waits for what comes back on any, and looks at everything but buffers. */
  finish(queue: number, indirect: boolean): void {
    const { driver } = this;
    const queues = Array.from({ length: this.#queues }, (_, i) => i);
    driver.notify(queue);
    const returned = queues.filter((each) => this.#returned(each));
    for (const each of returned)
      this.make('wait1', driver.used(each) + 2, driver.offered(each) & 0xff);
    const failed = returned.length < queues.length;
    if (failed) this.make('wait4', driver.base + 0x70, 0x4f);
    for (const each of queues) {
      this.make('ld4', driver.used(each), 0xffff_0000);
      const element = driver.used(each) + 4 + 8 * ((driver.offered(each) - 1) % QUEUE_SIZE);
      for (const at of [element, element + 4]) this.make('ld4', at);
    }
    driver.look(0x60, failed ? 2 : 3);
    driver.look(0x70);
    driver.register(0x64, 3);
    driver.look(0x60);
    if (failed) driver.bringUp(this.#queues, indirect ? INDIRECT_DESC : 0);
  }

  /** Whether the driver may offer such a chain: tables need their feature. */
  takes({ indirect }: ChainPlan): boolean {
    return !indirect || (this.transport.driverFeatures[0]! & INDIRECT_DESC) !== 0;
  }

  /** Where byte `offset` of a chain for the card to fill lies. */
  placeOf({ pieces }: ChainPlan, offset: number): number {
    let rest = offset;
    const index = pieces.findIndex(({ length }) => {
      if (rest < length) return true;
      rest -= length;
      return false;
    });
    return this.driver.buffer(RECEIVE, index) + rest;
  }

  /** The first and the last bytes of each buffer. */
  see(queue: number, { pieces }: ChainPlan): void {
    for (const [i, { length }] of pieces.entries()) {
      this.make('ld4', this.driver.buffer(queue, i));
      this.make('ld1', this.driver.buffer(queue, i) + length - 1);
    }
  }

  /** Puts a mark at the end of each buffer, and `words` at the beginning of the first, else 0. */
  fill(queue: number, { pieces }: ChainPlan, words: readonly number[]): void {
    for (const [i, { length }] of pieces.entries()) {
      this.make('st1', this.driver.buffer(queue, i) + length - 1, 0xee);
      for (const [j, word] of (i === 0 ? words : [0]).entries())
        this.make('st4', this.driver.buffer(queue, i) + 4 * j, word);
    }
  }
}

/** Requests to a disk. */
export function blockScript(actions: readonly ActionOf<typeof blockActions>[]): Access[] {
  const scribe = new VirtioScribe(0, 1);
  const { driver } = scribe;
  for (const offset of [0x100, 0x104]) driver.look(offset);
  for (const { plan, type, sector, high } of actions) {
    if (!scribe.takes(plan)) continue;
    scribe.fill(0, plan, [type, 0, sector, high]);
    driver.offer(0, plan);
    scribe.finish(0, plan.indirect);
    // What GET_ID says is each board's own.
    if (type !== 8) scribe.see(0, plan);
  }
  return scribe.script;
}

/** Buffers for an entropy device; what comes in them is random. */
export function entropyScript(actions: readonly ActionOf<typeof entropyActions>[]): Access[] {
  const scribe = new VirtioScribe(1, 1);
  for (const { plan } of actions) {
    if (!scribe.takes(plan)) continue;
    scribe.driver.offer(0, plan);
    scribe.finish(0, plan.indirect);
  }
  return scribe.script;
}

/** Frames that the wire sends back. */
export function netScript(actions: readonly ActionOf<typeof netActions>[]): Access[] {
  const scribe = new VirtioScribe(2, 2);
  const { driver } = scribe;
  driver.look(0x100);
  driver.look(0x104, 0xffff);
  for (const { room, frame, seed } of actions) {
    if (!scribe.takes(room) || !scribe.takes(frame)) continue;
    driver.offer(RECEIVE, room);
    driver.offer(TRANSMIT, frame);
    scribe.fill(TRANSMIT, frame, [0, 0, 0, seed, seed * 7, seed * 13]);
    scribe.finish(TRANSMIT, frame.indirect);
    for (const offset of [...NET_HEADER, 12, 13, 16, 20, 24, 40, 100, 719, 720, 1400])
      scribe.make('ld1', scribe.placeOf(room, offset));
  }
  return scribe.script;
}

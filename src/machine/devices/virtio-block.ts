/**
 * Virtio block device (virtio 1.2 §5.2). A request is { u32 type, u32 reserved, u64 sector }, data,
 * and one status byte, spread over buffers in any way. Config: u64 capacity in sectors of 512
 * bytes. Features: FLUSH (9).
 *
 * IN, OUT and FLUSH leave as DiskRequest outputs and stay pending until an input completes them;
 * their buffers are part of the device's state. The data of a write are copied out when the request
 * is made, those of a read copied in when the completion is applied (bounce buffers): in between
 * the guest cannot see or change them. GET_ID, and requests for no data or that cannot be carried
 * out, are answered at once. A request without header or without status byte is a fault.
 *
 * A request of a driver that has since reset the device stays pending, for it is on its way to the
 * disk; its completion no longer touches the guest.
 */
import { assert } from '../../base/assert.ts';
import { MAX_DISK_REQUEST_BYTES, MAX_PENDING_DISK_REQUESTS } from '../../base/limits.ts';
import type { DiskRequest } from '../output.ts';
import { clonePlain } from '../plain.ts';
import type { VirtioDevice } from './virtio-mmio.ts';
import { type Buffer, type Chain, lengthOf, slice, type Virtqueue } from './virtqueue.ts';

const SECTOR_BYTES = 512;
const HEADER_BYTES = 16;
const ID_BYTES = 20;

const enum Type {
  In = 0,
  Out = 1,
  Flush = 4,
  GetId = 8,
}

const enum Answer {
  Ok = 0,
  IoError = 1,
  Unsupported = 2,
}

/** What the device remembers of a request until it is complete. */
type Pending = {
  id: number;
  op: DiskRequest['op'];
  sector: number;
  sectors: number;
  /** Data of a write, else null. */
  data: Uint8Array | null;
  /** Where the answer goes; null when the driver has reset the device. */
  answer: Destination | null;
};

/** Where the answer to a request goes. */
type Destination = {
  head: number;
  into: Buffer[];
  status: Buffer[];
};

/** State of the disk: the requests under way, in the order of their notification. */
export type VirtioBlockState = { pending: Pending[] };

/** A request as the driver put it. */
interface Command {
  readonly type: number;
  readonly sector: number;
  readonly from: Buffer[];
  readonly answer: Destination;
}

export class VirtioBlock implements VirtioDevice {
  readonly deviceId = 2;
  readonly features = 1 << 9;
  readonly queueSizes = [128];
  readonly config: Uint8Array;
  #pending: Pending[] = [];
  #queue: Virtqueue | undefined;
  readonly #slot: number;
  readonly #sectors: number;
  readonly #nextId: () => number;
  readonly #request: (request: DiskRequest) => void;

  /**
   * A disk of `sectors` sectors in virtio slot `slot`. `nextId` numbers requests over all disks;
   * `request` lets one go.
   */
  constructor(
    slot: number,
    sectors: number,
    nextId: () => number,
    request: (request: DiskRequest) => void,
  ) {
    this.#slot = slot;
    this.#sectors = sectors;
    this.#nextId = nextId;
    this.#request = request;
    this.config = new Uint8Array(8);
    new DataView(this.config.buffer).setBigUint64(0, BigInt(sectors), true);
  }

  attach(queues: readonly Virtqueue[]): void {
    this.#queue = queues[0];
  }

  /** Requests without a completion, oldest first. */
  pending(): DiskRequest[] {
    return this.#pending.map((request) => this.#outside(request));
  }

  #outside({ id, op, sector, sectors, data }: Pending): DiskRequest {
    const request = { id, disk: this.#slot, op, sector, sectors };
    return data ? { ...request, data } : request;
  }

  notify(): void {
    const queue = this.#queue!;
    for (let left = queue.maxSize; left > 0; left--) {
      const chain = queue.take();
      if (!chain) return;
      const command = this.#parse(chain);
      if (!command) {
        queue.fault();
        return;
      }
      this.#execute(command);
    }
  }

  #parse({ head, readable, writable }: Chain): Command | undefined {
    const toRead = lengthOf(readable);
    const toWrite = lengthOf(writable);
    if (toRead < HEADER_BYTES || toWrite < 1) return undefined;
    const header = this.#queue!.gather(slice(readable, 0, HEADER_BYTES));
    const view = new DataView(header.buffer);
    const into = slice(writable, 0, toWrite - 1);
    return {
      type: view.getUint32(0, true),
      sector: Number(view.getBigUint64(8, true)),
      from: slice(readable, HEADER_BYTES, toRead - HEADER_BYTES),
      answer: { head, into, status: slice(writable, toWrite - 1, 1) },
    };
  }

  #execute(command: Command): void {
    const { type, from, answer } = command;
    switch (type) {
      case Type.In:
        this.#transfer(command, 'read', lengthOf(answer.into));
        break;
      case Type.Out:
        this.#transfer(command, 'write', lengthOf(from));
        break;
      case Type.Flush:
        this.#begin(command, 'flush', 0, 0);
        break;
      case Type.GetId:
        this.#identify(answer);
        break;
      default:
        this.#answer(answer, Answer.Unsupported);
    }
  }

  #transfer(command: Command, op: 'read' | 'write', bytes: number): void {
    const { sector, answer } = command;
    const sectors = bytes / SECTOR_BYTES;
    const inRange = sector + sectors <= this.#sectors;
    const wholeSectors = Number.isInteger(sectors) && bytes <= MAX_DISK_REQUEST_BYTES;
    if (!inRange || !wholeSectors) this.#answer(answer, Answer.IoError);
    else if (sectors === 0) this.#answer(answer, Answer.Ok);
    else this.#begin(command, op, sector, sectors);
  }

  #begin(command: Command, op: DiskRequest['op'], sector: number, sectors: number): void {
    const { from, answer } = command;
    if (this.#pending.length >= MAX_PENDING_DISK_REQUESTS) {
      this.#answer(answer, Answer.IoError);
      return;
    }
    const data = op === 'write' ? this.#queue!.gather(from) : null;
    const request: Pending = { id: this.#nextId(), op, sector, sectors, data, answer };
    this.#pending.push(request);
    this.#request(this.#outside(request));
  }

  #identify(answer: Destination): void {
    const id = new Uint8Array(ID_BYTES);
    id.set(new TextEncoder().encode(`vmft-disk-${this.#slot}`));
    const length = Math.min(ID_BYTES, lengthOf(answer.into));
    this.#queue!.scatter(answer.into, id.subarray(0, length));
    this.#answer(answer, Answer.Ok);
  }

  /** As in QEMU the length returned is that of all writable buffers, whatever the answer. */
  #answer({ head, into, status }: Destination, code: Answer): void {
    this.#queue!.scatter(status, Uint8Array.of(code));
    this.#queue!.return(head, lengthOf(into) + 1);
  }

  /** Whether request `id` is one of this disk's. */
  has(id: number): boolean {
    return this.#pending.some((request) => request.id === id);
  }

  /** Request `id`, which is pending, is complete; `data` are what a successful read has read. */
  complete(id: number, ok: boolean, data: Uint8Array | undefined): void {
    const index = this.#pending.findIndex((request) => request.id === id);
    assert(index >= 0, () => `completion of a pending request expected, got id ${id}`);
    const [{ op, sectors, answer }] = this.#pending.splice(index, 1) as [Pending];
    const expected = ok && op === 'read' ? sectors * SECTOR_BYTES : 0;
    assert(
      (data?.length ?? 0) === expected,
      () => `completion of ${op} ${id} with ${expected} bytes expected, got ${data?.length ?? 0}`,
    );
    if (!answer || !this.#queue!.live) return;
    if (data) this.#queue!.scatter(answer.into, data);
    this.#answer(answer, ok ? Answer.Ok : Answer.IoError);
  }

  abandon(): void {
    for (const request of this.#pending) request.answer = null;
  }

  state(): VirtioBlockState {
    return { pending: clonePlain(this.#pending) };
  }

  restore(state: VirtioBlockState): void {
    this.#pending = clonePlain(state.pending);
  }
}

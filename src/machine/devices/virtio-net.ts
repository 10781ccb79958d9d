/**
 * Virtio network device (virtio 1.2 §5.1): queue 0 receives, queue 1 transmits, each frame behind a
 * header of 12 bytes that is zero but for num_buffers = 1 at offset 10. Config: mac[6], u16 status.
 * Features: MAC (5), STATUS (16); the link is always up.
 *
 * A notification of queue 1 sends every frame waiting. A frame of more than MAX_FRAME_BYTES or of
 * less than an Ethernet header is dropped, as is a packet for which the driver offered too small a
 * buffer; a chain that cannot be a frame at all (no header, or the wrong direction) is a fault.
 */
import { assert } from '../../base/assert.ts';
import { MAX_FRAME_BYTES } from '../../base/limits.ts';
import type { VirtioDevice } from './virtio-mmio.ts';
import { lengthOf, slice, type Virtqueue } from './virtqueue.ts';

const RECEIVE = 0;
const TRANSMIT = 1;
const HEADER_BYTES = 12;
const ETHERNET_HEADER_BYTES = 14;
const LINK_UP = 1;

export class VirtioNet implements VirtioDevice {
  readonly deviceId = 1;
  readonly features = (1 << 5) | (1 << 16);
  readonly queueSizes = [256, 256];
  readonly config: Uint8Array;
  #queues: readonly Virtqueue[] = [];
  readonly #send: (frame: Uint8Array) => void;

  /** `mac` has six bytes; `send` lets a frame go. */
  constructor(mac: Uint8Array, send: (frame: Uint8Array) => void) {
    this.config = Uint8Array.of(...mac, LINK_UP, 0);
    this.#send = send;
  }

  attach(queues: readonly Virtqueue[]): void {
    this.#queues = queues;
  }

  /** Whether the driver has offered a buffer for a packet. */
  get hasReceiveBuffer(): boolean {
    return this.#queues[RECEIVE]!.hasWaiting;
  }

  /** A packet arrives, at most MAX_FRAME_BYTES. Only where there is a receive buffer. */
  receive(packet: Uint8Array): void {
    const { length } = packet;
    assert(
      length <= MAX_FRAME_BYTES,
      () => `a packet of at most ${MAX_FRAME_BYTES} bytes, got ${length}`,
    );
    const queue = this.#queues[RECEIVE]!;
    const chain = queue.take();
    if (!chain) return;
    const room = lengthOf(chain.writable);
    if (chain.readable.length > 0 || room < HEADER_BYTES) {
      queue.fault();
      return;
    }
    if (room < HEADER_BYTES + length) {
      queue.return(chain.head, 0);
      return;
    }
    const bytes = new Uint8Array(HEADER_BYTES + length);
    bytes[10] = 1;
    bytes.set(packet, HEADER_BYTES);
    queue.scatter(chain.writable, bytes);
    queue.return(chain.head, bytes.length);
  }

  notify(index: number): void {
    if (index === TRANSMIT) this.#transmit();
  }

  #transmit(): void {
    const queue = this.#queues[TRANSMIT]!;
    for (let left = queue.maxSize; left > 0; left--) {
      const chain = queue.take();
      if (!chain) return;
      const length = lengthOf(chain.readable) - HEADER_BYTES;
      if (chain.writable.length > 0 || length < 0) {
        queue.fault();
        return;
      }
      if (length >= ETHERNET_HEADER_BYTES && length <= MAX_FRAME_BYTES)
        this.#send(queue.gather(slice(chain.readable, HEADER_BYTES, length)));
      queue.return(chain.head, 0);
    }
  }

  abandon(): void {}

  state(): null {
    return null;
  }

  restore(): void {}
}

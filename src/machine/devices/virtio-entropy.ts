/**
 * Virtio entropy device (virtio 1.2 §5.4): one queue of buffers to be filled with random bytes.
 *
 * A notification takes one reading for all buffers that wait: as many bytes as they hold together,
 * at most MAX_ENTROPY_BYTES. Where that is less than they hold, each buffer is filled as far as the
 * bytes go while one is left for every buffer behind it, so none comes back empty. Buffers that are
 * not for writing, or make no chain, are a fault and take no reading.
 */
import { MAX_ENTROPY_BYTES } from '../../base/limits.ts';
import type { Need } from '../../cpu/bus.ts';
import type { Readings } from './device.ts';
import type { VirtioDevice } from './virtio-mmio.ts';
import { type Chain, lengthOf, type Virtqueue } from './virtqueue.ts';

const QUEUE_SIZE = 64;

/** How many of at most MAX_ENTROPY_BYTES bytes go to each of `chains`. */
function shares(chains: readonly Chain[]): number[] {
  let left = MAX_ENTROPY_BYTES;
  return chains.map(({ writable }, i) => {
    const behind = chains.length - 1 - i;
    const share = Math.min(lengthOf(writable), left - behind);
    left -= share;
    return share;
  });
}

export class VirtioEntropy implements VirtioDevice {
  readonly deviceId = 4;
  readonly features = 0;
  readonly queueSizes = [QUEUE_SIZE];
  readonly config = new Uint8Array(0);
  #queue: Virtqueue | undefined;
  readonly #readings: Readings;

  constructor(readings: Readings) {
    this.#readings = readings;
  }

  attach(queues: readonly Virtqueue[]): void {
    this.#queue = queues[0];
  }

  /** The chains waiting, or 'fault' where one of them is unusable. */
  #chains(): Chain[] | 'fault' {
    const chains = this.#queue!.peekAll();
    const usable =
      chains !== 'fault' &&
      chains.every(({ readable, writable }) => readable.length === 0 && writable.length > 0);
    return usable ? chains : 'fault';
  }

  need(): Need | undefined {
    const chains = this.#chains();
    if (chains === 'fault' || chains.length === 0) return undefined;
    const size = shares(chains).reduce((sum, share) => sum + share, 0);
    return { kind: 'entropy', size };
  }

  notify(): void {
    const queue = this.#queue!;
    const chains = this.#chains();
    if (chains === 'fault') {
      queue.fault();
      return;
    }
    if (chains.length === 0) return;
    const bytes = this.#readings.entropy();
    let at = 0;
    for (const share of shares(chains)) {
      // Nothing has run since the chains were counted, but an earlier buffer may overlap the ring.
      const chain = queue.take();
      if (!chain) return;
      const part = bytes.subarray(at, at + Math.min(share, lengthOf(chain.writable)));
      queue.scatter(chain.writable, part);
      queue.return(chain.head, part.length);
      at += share;
    }
  }

  abandon(): void {}

  state(): null {
    return null;
  }

  restore(): void {}
}

/**
 * What a virtio driver has named for its device to write, found by reading its rings and
 * descriptors once more and in another way than the device does: the used ring of each queue that
 * is ready, and the writable buffers of every chain between the last one taken and the available
 * index. Malformed chains name what can be read of them.
 */
import type { VirtioMmioState } from '../../src/machine/devices/virtio-mmio.ts';
import type { VirtqueueState } from '../../src/machine/devices/virtqueue.ts';

/** Bytes from `from` up to, not including, `to`. */
export type Range = { readonly from: number; readonly to: number };

type Ram = DataView;

/** Descriptors of the table at `at`, from number `first` on, as far as they lead. */
function* chain(ram: Ram, at: number, count: number, first: number): Generator<number> {
  let index = first;
  for (let left = count; left > 0 && index < count; left--) {
    const descriptor = at + 16 * index;
    if (descriptor + 16 > ram.byteLength) return;
    yield descriptor;
    if (!(ram.getUint16(descriptor + 12, true) & 1)) return;
    index = ram.getUint16(descriptor + 14, true);
  }
}

function* buffers(ram: Ram, at: number, count: number, first: number): Generator<Range> {
  for (const descriptor of chain(ram, at, count, first)) {
    const from = ram.getUint32(descriptor, true);
    const length = ram.getUint32(descriptor + 8, true);
    const flags = ram.getUint16(descriptor + 12, true);
    if (flags & 4) yield* tableOf(ram, from, length);
    else if (flags & 2) yield { from, to: from + length };
  }
}

function* tableOf(ram: Ram, at: number, length: number): Generator<Range> {
  for (const descriptor of chain(ram, at, Math.floor(length / 16), 0)) {
    const from = ram.getUint32(descriptor, true);
    const flags = ram.getUint16(descriptor + 12, true);
    if (flags & 2 && !(flags & 4)) yield { from, to: from + ram.getUint32(descriptor + 8, true) };
  }
}

/** The used ring, and the buffers of the chains from position `taken` on. */
function* ofQueue(ram: Ram, queue: VirtqueueState, taken: number): Generator<Range> {
  const { size, available, descriptors, used } = queue;
  yield { from: used.low, to: used.low + 4 + 8 * size };
  const waiting = (ram.getUint16(available.low + 2, true) - taken) & 0xffff;
  for (let i = 0; i < Math.min(waiting, size); i++) {
    const slot = available.low + 4 + 2 * ((taken + i) % size);
    yield* buffers(ram, descriptors.low, size, ram.getUint16(slot, true));
  }
}

/**
 * All that a device may write now. `earlier` is its state at a moment before, from whose position
 * on chains count; by default its present state.
 */
export function namedRanges(
  ram: Uint8Array,
  state: VirtioMmioState,
  earlier: VirtioMmioState = state,
): Range[] {
  const view = new DataView(ram.buffer, ram.byteOffset, ram.byteLength);
  return state.queues.flatMap((queue, i) =>
    queue.ready ? [...ofQueue(view, queue, earlier.queues[i]!.taken)] : [],
  );
}

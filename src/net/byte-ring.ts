/**
 * A ring of bytes of a fixed capacity, as plain data. Bytes are addressed by their offset from the
 * oldest one; beyond `length` there is room in which bytes may be placed before they count, which
 * is how TCP keeps segments that arrive out of order.
 *
 * Invariant: 0 ≤ start < capacity, 0 ≤ length ≤ capacity, where capacity = bytes.length.
 */
import { assert } from '../base/assert.ts';

export interface ByteRing {
  readonly bytes: Uint8Array;
  /** Where in `bytes` the oldest byte is. */
  start: number;
  /** Bytes that the ring holds. */
  length: number;
}

/** An empty ring of `capacity` bytes, at least one. */
export function byteRing(capacity: number): ByteRing {
  return { bytes: new Uint8Array(capacity), start: 0, length: 0 };
}

/** Bytes that still fit. */
export function ringRoom(ring: ByteRing): number {
  return ring.bytes.length - ring.length;
}

/** Places `source` at `offset` without counting it. All of it must fit. */
export function ringPlace(ring: ByteRing, offset: number, source: Uint8Array): void {
  const capacity = ring.bytes.length;
  const end = offset + source.length;
  assert(end <= capacity, () => `ring of ${capacity} bytes: placing up to ${end}`);
  const at = (ring.start + offset) % capacity;
  const first = source.subarray(0, capacity - at);
  ring.bytes.set(first, at);
  ring.bytes.set(source.subarray(first.length), 0);
}

/** Counts `size` bytes that were placed behind the last one. */
export function ringExtend(ring: ByteRing, size: number): void {
  assert(
    size <= ringRoom(ring),
    () => `ring with room for ${ringRoom(ring)} bytes: extending by ${size}`,
  );
  ring.length += size;
}

/** Appends as much of `source` as fits → the number of bytes appended. */
export function ringAppend(ring: ByteRing, source: Uint8Array): number {
  const size = Math.min(source.length, ringRoom(ring));
  ringPlace(ring, ring.length, source.subarray(0, size));
  ring.length += size;
  return size;
}

/** A copy of `size` bytes from `offset` on, which the ring must hold. */
export function ringCopy(ring: ByteRing, offset: number, size: number): Uint8Array {
  assert(
    offset + size <= ring.length,
    () => `ring of ${ring.length}: copying ${size} from ${offset}`,
  );
  const capacity = ring.bytes.length;
  const at = (ring.start + offset) % capacity;
  const copy = new Uint8Array(size);
  const first = ring.bytes.subarray(at, Math.min(at + size, capacity));
  copy.set(first);
  copy.set(ring.bytes.subarray(0, size - first.length), first.length);
  return copy;
}

/** Forgets the `size` oldest bytes, which the ring must hold. */
export function ringDrop(ring: ByteRing, size: number): void {
  assert(size <= ring.length, () => `ring of ${ring.length} bytes: dropping ${size}`);
  ring.start = (ring.start + size) % ring.bytes.length;
  ring.length -= size;
}

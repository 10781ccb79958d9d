/**
 * Length-prefixed frames on a stream of bytes, as QEMU's stream netdev has them: length u32 big
 * endian, then so many bytes. The stream may be cut anywhere. What lies in a frame is somebody
 * else's business.
 *
 * Invariant: a reader holds less than one frame and its prefix, hence never more than its bound.
 */
import type { Writable } from 'node:stream';
import { VmftError } from '../base/errors.ts';

/** Bytes before a frame. */
const PREFIX_BYTES = 4;

/** `payload` with its length before it; at most 2^32 − 1 bytes. */
export function frameBytes(payload: Uint8Array): Uint8Array {
  // Of Node's pool: cheaper than a buffer of its own, and gone as soon as it is sent.
  const bytes = Buffer.allocUnsafe(PREFIX_BYTES + payload.length);
  bytes.writeUInt32BE(payload.length);
  bytes.set(payload, PREFIX_BYTES);
  return bytes;
}

/**
 * Writes a frame. Frames of one turn of the event loop leave together when it ends: one record and
 * one call of the system for all of them, and the other end is woken once.
 */
export function writeFrame(socket: Writable, payload: Uint8Array): void {
  if (socket.writableCorked === 0) {
    socket.cork();
    process.nextTick(() => socket.uncork());
  }
  socket.write(frameBytes(payload));
}

/** Cuts a stream back into frames. */
export class FrameReader {
  readonly #maxBytes: number;
  /** What has come and belongs to no whole frame yet. */
  #chunks: Uint8Array[] = [];
  #held = 0;
  /** Length of the frame that has begun; undefined while its prefix is not complete. */
  #length: number | undefined;
  #broken = false;

  /** Frames may be up to `maxBytes` long. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether the stream may end here: no frame has begun. */
  get isBetweenFrames(): boolean {
    return this.#held === 0 && this.#length === undefined && !this.#broken;
  }

  /**
   * Takes the next bytes of the stream, which the caller leaves alone from then on → the frames
   * that are complete now; they may lie in these bytes. VmftError 'environment' for a frame that is
   * too long, and for everything after it: where the next one begins is not known any more.
   */
  push(bytes: Uint8Array): Uint8Array[] {
    const frames: Uint8Array[] = [];
    const rest = bytes.subarray(this.isBetweenFrames ? this.#cut(bytes, frames) : 0);
    if (rest.length > 0) this.#chunks.push(rest);
    this.#held += rest.length;
    for (;;) {
      if (this.#length === undefined) {
        if (this.#held < PREFIX_BYTES) return frames;
        const prefix = this.#take(PREFIX_BYTES);
        this.#length = new DataView(prefix.buffer).getUint32(0);
      }
      if (this.#broken || this.#length > this.#maxBytes) this.#refuse(this.#length);
      if (this.#held < this.#length) return frames;
      frames.push(this.#take(this.#length));
      this.#length = undefined;
    }
  }

  /** The common case: `bytes` begin with a whole frame, or several → where what is left begins. */
  #cut(bytes: Uint8Array, frames: Uint8Array[]): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = 0; ; ) {
      const from = at + PREFIX_BYTES;
      if (from > bytes.length) return at;
      const length = view.getUint32(at);
      if (length > this.#maxBytes || from + length > bytes.length) return at;
      frames.push(new Uint8Array(bytes.buffer, bytes.byteOffset + from, length));
      at = from + length;
    }
  }

  #refuse(length: number): never {
    this.#broken = true;
    this.#chunks = [];
    this.#held = 0;
    throw new VmftError(
      'environment',
      `a frame of ${length} bytes in a stream that has at most ${this.#maxBytes}; ` +
        'the other end is no vmft of this version',
    );
  }

  /** A copy of the first `size` bytes held, which are forgotten. */
  #take(size: number): Uint8Array {
    const taken = new Uint8Array(size);
    let whole = 0;
    for (let at = 0; at < size; ) {
      const chunk = this.#chunks[whole]!;
      const part = chunk.subarray(0, size - at);
      taken.set(part, at);
      at += part.length;
      if (part.length === chunk.length) whole++;
      else this.#chunks[whole] = chunk.subarray(part.length);
    }
    this.#chunks.splice(0, whole);
    this.#held -= size;
    return taken;
  }
}

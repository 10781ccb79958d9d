/**
 * Reading and writing of bytes for every codec in the tree: little-endian integers, LEB128 varints
 * and length-prefixed blobs. A reader survives any bytes: it throws {@link BytesError}, nothing
 * else.
 */

/** Bytes that end too early or hold a number out of range; `offset` is where. */
export class BytesError extends Error {
  override readonly name = 'BytesError';
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(`${message} at offset ${offset}`);
    this.offset = offset;
  }
}

const utf8Decoder = new TextDecoder('utf-8', { fatal: true });
const utf8Encoder = new TextEncoder();

/** Grows as it is written to. */
export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = 64) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** Makes room for `size` bytes and returns their place; may exchange `#bytes` and `#view`. */
  #room(size: number): number {
    const at = this.#length;
    const end = at + size;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.#length = end;
    return at;
  }

  u8(value: number): this {
    const at = this.#room(1);
    this.#bytes[at] = value;
    return this;
  }

  u16(value: number): this {
    const at = this.#room(2);
    this.#view.setUint16(at, value, true);
    return this;
  }

  u32(value: number): this {
    const at = this.#room(4);
    this.#view.setUint32(at, value, true);
    return this;
  }

  u64(value: bigint): this {
    const at = this.#room(8);
    this.#view.setBigUint64(at, value, true);
    return this;
  }

  f64(value: number): this {
    const at = this.#room(8);
    this.#view.setFloat64(at, value, true);
    return this;
  }

  /** An integer in [0, 2^53) as LEB128: seven bits a byte, least significant first. */
  varint(value: number): this {
    let rest = value;
    while (rest >= 0x80) {
      this.u8((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    return this.u8(rest);
  }

  /** An unsigned 64-bit integer as LEB128. */
  varint64(value: bigint): this {
    let rest = value;
    while (rest >= 0x80n) {
      this.u8(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    return this.u8(Number(rest));
  }

  /** The bytes as they are, without a length. */
  raw(bytes: Uint8Array): this {
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** A varint length, then the bytes. */
  blob(bytes: Uint8Array): this {
    return this.varint(bytes.length).raw(bytes);
  }

  /** A blob of UTF-8. */
  text(text: string): this {
    return this.#shortAscii(text) ? this : this.blob(utf8Encoder.encode(text));
  }

  /**
   * Writes a text of ASCII whose length takes one byte, which is most of them; false for others.
   */
  #shortAscii(text: string): boolean {
    const { length } = text;
    if (length >= 0x80) return false;
    const at = this.#room(1 + length);
    this.#bytes[at] = length;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) {
        this.#length = at;
        return false;
      }
      this.#bytes[at + 1 + i] = code;
    }
    return true;
  }

  /** A copy of what was written. */
  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

/** Reads what {@link ByteWriter} wrote. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;

  constructor(bytes: Uint8Array, offset = 0) {
    // A plain view: the slices of a subclass of Uint8Array (Node's Buffer) need not be copies.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#at = offset;
  }

  /** Where the next read begins. */
  get offset(): number {
    return this.#at;
  }

  /** Bytes not read yet. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  #skip(size: number): number {
    const at = this.#at;
    if (size > this.left) throw new BytesError(`${size} bytes expected, ${this.left} left`, at);
    this.#at = at + size;
    return at;
  }

  u8(): number {
    return this.#bytes[this.#skip(1)]!;
  }

  u16(): number {
    return this.#view.getUint16(this.#skip(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#skip(4), true);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#skip(8), true);
  }

  f64(): number {
    return this.#view.getFloat64(this.#skip(8), true);
  }

  varint(): number {
    const start = this.#at;
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (!Number.isSafeInteger(value)) throw new BytesError('number above 2^53', start);
      if (byte < 0x80) return value;
      if (scale > 2 ** 49) throw new BytesError('number of more than eight bytes', start);
    }
  }

  varint64(): bigint {
    const start = this.#at;
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.u8();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (value >> 64n) break;
        return value;
      }
    }
    throw new BytesError('number above 2^64', start);
  }

  /** A copy of the next `size` bytes. */
  raw(size: number): Uint8Array {
    const at = this.#skip(size);
    return this.#bytes.slice(at, at + size);
  }

  blob(): Uint8Array {
    return this.raw(this.varint());
  }

  text(): string {
    const start = this.#at;
    const bytes = this.blob();
    try {
      return utf8Decoder.decode(bytes);
    } catch {
      throw new BytesError('text that is not UTF-8', start);
    }
  }
}

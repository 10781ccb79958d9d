/**
 * Digests: 128-bit hashes by which two replicas compare what they hold. The hash function itself is
 * handed in (contracts.md 6), because making one is asynchronous in a browser and in Node alike.
 */

/** A 128-bit digest as 32 lower-case hexadecimal digits; equal states have equal digests. */
export type Digest = string;

/** A synchronous 128-bit hash. */
export interface Hasher {
  /** Hash of `bytes`. The result is a fresh array of 16 bytes. */
  hash(bytes: Uint8Array): Uint8Array;
}

/** The first 64 bits of a hash, most significant byte first. */
export function first64(hash: Uint8Array): bigint {
  return new DataView(hash.buffer, hash.byteOffset, 8).getBigUint64(0);
}

/** Lower-case hexadecimal digits of `bytes`, two for each. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += (byte + 0x100).toString(16).slice(1);
  return text;
}

/** The inverse of {@link toHex}. `text` has an even number of hexadecimal digits. */
export function fromHex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++)
    bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

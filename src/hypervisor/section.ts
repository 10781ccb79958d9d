/**
 * Sections: the pieces of a log file. Each carries its length and a checksum, so that what is
 * complete can be told from what is torn or altered.
 *
 *   section = u8 kind, varint length, payload, u32 checksum over all before it
 */
import { ByteReader, BytesError, ByteWriter } from '../base/bytes.ts';
import type { Hasher } from '../base/digest.ts';

/** Part of the format. */
export const enum SectionKind {
  Header = 1,
  Entries = 2,
  Checkpoint = 3,
  End = 4,
}

export interface Section {
  readonly kind: number;
  readonly payload: Uint8Array;
  /** Where the next one begins. */
  readonly end: number;
}

/** The first 32 bits of the hash of `bytes`. */
function checksum(hasher: Hasher, bytes: Uint8Array): number {
  const hash = hasher.hash(bytes);
  return new DataView(hash.buffer, hash.byteOffset).getUint32(0);
}

/** One section as bytes. */
export function encodeSection(kind: SectionKind, payload: Uint8Array, hasher: Hasher): Uint8Array {
  const body = new ByteWriter(payload.length + 16).u8(kind).blob(payload).take();
  return new ByteWriter(body.length + 4).raw(body).u32(checksum(hasher, body)).take();
}

/** The section at `offset`; throws BytesError where it is torn or its checksum is wrong. */
export function readSection(bytes: Uint8Array, offset: number, hasher: Hasher): Section {
  const reader = new ByteReader(bytes, offset);
  const kind = reader.u8();
  const payload = reader.blob();
  const sum = checksum(hasher, bytes.subarray(offset, reader.offset));
  if (reader.u32() !== sum) throw new BytesError('a wrong checksum', offset);
  return { kind, payload, end: reader.offset };
}

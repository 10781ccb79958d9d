/**
 * Plain data: what device states are made of, and their one encoding. Equal values have equal
 * bytes (an object's keys are sorted), so that digests may be taken over them; `decodePlain` turns
 * the bytes back, so that snapshots may be stored and sent.
 *
 *   value = tag byte, then: 0 null · 1 false · 2 true · 3 f64 · 4 length, u64 words (bigint ≥ 0)
 *           5 text · 6 blob · 7 length, values (array) · 8 length, (text key, value)… (object)
 *
 * A number is an IEEE double; lengths, texts and blobs are those of base/bytes.ts. A Uint8Array
 * counts as a value: whoever puts one into plain data never writes to it again.
 */
import { assert } from '../base/assert.ts';
import { ByteReader, BytesError, ByteWriter } from '../base/bytes.ts';
import { MAX_PLAIN_DEPTH } from '../base/limits.ts';

/** Plain data: no functions, class instances, undefined, cycles or negative bigints. */
export type Plain =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Plain[]
  | { readonly [key: string]: Plain };

const enum Tag {
  Null,
  False,
  True,
  Number,
  BigInt,
  Text,
  Blob,
  Array,
  Object,
}

function sortedKeys(value: { readonly [key: string]: Plain }): string[] {
  return Object.keys(value).sort();
}

function writeBigInt(writer: ByteWriter, value: bigint): void {
  assert(value >= 0n, () => `plain data: a bigint of at least 0 expected, got ${value}`);
  const words: bigint[] = [];
  for (let rest = value; rest > 0n; rest >>= 64n) words.push(rest & 0xffff_ffff_ffff_ffffn);
  writer.u8(Tag.BigInt).varint(words.length);
  for (const word of words) writer.u64(word);
}

/** Appends the encoding of `value`. */
export function writePlain(writer: ByteWriter, value: Plain): void {
  if (value === null) writer.u8(Tag.Null);
  else if (typeof value === 'boolean') writer.u8(value ? Tag.True : Tag.False);
  else if (typeof value === 'number') writer.u8(Tag.Number).f64(value);
  else if (typeof value === 'bigint') writeBigInt(writer, value);
  else if (typeof value === 'string') writer.u8(Tag.Text).text(value);
  else if (value instanceof Uint8Array) writer.u8(Tag.Blob).blob(value);
  else if (Array.isArray(value)) {
    writer.u8(Tag.Array).varint(value.length);
    for (const item of value) writePlain(writer, item);
  } else {
    const object = value as { readonly [key: string]: Plain };
    const keys = sortedKeys(object);
    writer.u8(Tag.Object).varint(keys.length);
    for (const key of keys) writePlain(writer.text(key), object[key]!);
  }
}

/** The encoding of `value`. */
export function encodePlain(value: Plain): Uint8Array {
  const writer = new ByteWriter(1024);
  writePlain(writer, value);
  return writer.take();
}

function readBigInt(reader: ByteReader): bigint {
  const words = reader.varint();
  let value = 0n;
  for (let i = 0; i < words; i++) value |= reader.u64() << BigInt(64 * i);
  return value;
}

/** Reads one value; throws {@link BytesError} where the bytes are no encoding of one. */
export function readPlain(reader: ByteReader, depth = 0): Plain {
  const start = reader.offset;
  if (depth > MAX_PLAIN_DEPTH) throw new BytesError('plain data nested too deep', start);
  const tag = reader.u8();
  switch (tag) {
    case Tag.Null:
      return null;
    case Tag.False:
      return false;
    case Tag.True:
      return true;
    case Tag.Number:
      return reader.f64();
    case Tag.BigInt:
      return readBigInt(reader);
    case Tag.Text:
      return reader.text();
    case Tag.Blob:
      return reader.blob();
    case Tag.Array: {
      const items: Plain[] = [];
      for (let left = reader.varint(); left > 0; left--) items.push(readPlain(reader, depth + 1));
      return items;
    }
    case Tag.Object: {
      const entries: [string, Plain][] = [];
      for (let left = reader.varint(); left > 0; left--)
        entries.push([reader.text(), readPlain(reader, depth + 1)]);
      return Object.fromEntries(entries);
    }
    default:
      throw new BytesError(`tag ${tag} is no plain data`, start);
  }
}

/** The inverse of {@link encodePlain}; throws {@link BytesError} on anything else. */
export function decodePlain(bytes: Uint8Array): Plain {
  const reader = new ByteReader(bytes);
  const value = readPlain(reader);
  if (reader.left > 0) throw new BytesError('bytes after plain data', reader.offset);
  return value;
}

/** A deep copy that shares nothing but byte arrays. */
export function clonePlain<T extends Plain>(value: T): T {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(clonePlain) as Plain as T;
  const copy: Record<string, Plain> = { ...(value as { readonly [key: string]: Plain }) };
  for (const [key, item] of Object.entries(copy))
    if (typeof item === 'object') copy[key] = clonePlain(item);
  return copy as Plain as T;
}

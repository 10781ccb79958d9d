/**
 * The canonical bytes of an output: what the chained hash covers and what travels on the wire. One
 * output has exactly one encoding.
 *
 *   frame    0, blob
 *   disk     1, varint id, varint disk, u8 op (0 read, 1 write, 2 flush), varint sector,
 *            varint sectors, and for a write a blob
 *   console  2, varint offset, blob
 *   exit     3, u32 status
 */
import { ByteReader, BytesError, ByteWriter } from '../base/bytes.ts';
import { first64, type Hasher } from '../base/digest.ts';
import type { DiskRequest, Output } from '../machine/output.ts';

const OPS = ['read', 'write', 'flush'] as const;

/** Appends the canonical bytes of `output`. */
export function writeOutput(writer: ByteWriter, output: Output): void {
  switch (output.kind) {
    case 'frame':
      writer.u8(0).blob(output.bytes);
      return;
    case 'disk': {
      const { id, disk, op, sector, sectors, data } = output.request;
      writer.u8(1).varint(id).varint(disk).u8(OPS.indexOf(op)).varint(sector).varint(sectors);
      if (op === 'write') writer.blob(data ?? new Uint8Array(0));
      return;
    }
    case 'console':
      writer.u8(2).varint(output.offset).blob(output.bytes);
      return;
    case 'exit':
      writer.u8(3).u32(output.status);
  }
}

/** Reads what {@link writeOutput} wrote; throws BytesError for anything else. */
export function readOutput(reader: ByteReader): Output {
  const at = reader.offset;
  const tag = reader.u8();
  switch (tag) {
    case 0:
      return { kind: 'frame', bytes: reader.blob() };
    case 1:
      return { kind: 'disk', request: readRequest(reader) };
    case 2:
      return { kind: 'console', offset: reader.varint(), bytes: reader.blob() };
    case 3:
      return { kind: 'exit', status: reader.u32() };
    default:
      throw new BytesError(`unknown output kind ${tag}`, at);
  }
}

function readRequest(reader: ByteReader): DiskRequest {
  const id = reader.varint();
  const disk = reader.varint();
  const at = reader.offset;
  const op = OPS[reader.u8()];
  if (!op) throw new BytesError('unknown disk operation', at);
  const request = { id, disk, op, sector: reader.varint(), sectors: reader.varint() };
  return op === 'write' ? { ...request, data: reader.blob() } : request;
}

/** The canonical bytes of one output. */
export function encodeOutput(output: Output): Uint8Array {
  const writer = new ByteWriter();
  writeOutput(writer, output);
  return writer.take();
}

/** The inverse of {@link encodeOutput}; throws BytesError for bytes that are not one output. */
export function decodeOutput(bytes: Uint8Array): Output {
  const reader = new ByteReader(bytes);
  const output = readOutput(reader);
  if (reader.left > 0) throw new BytesError(`${reader.left} bytes too many`, reader.offset);
  return output;
}

/** The chained hash after `output`: the first 64 bits of hash(previous as u64, canonical bytes). */
export function chainOutput(previous: bigint, output: Output, hasher: Hasher): bigint {
  const writer = new ByteWriter().u64(previous);
  writeOutput(writer, output);
  return first64(hasher.hash(writer.take()));
}

/**
 * Log entries as bytes, for files and for the logging channel (docs/formats.md). Sequence
 * numbers cost nothing, counts and values are differences, everything is a varint:
 *
 *   entries  = varint number; unless 0: varint first seq, varint first count, entry…
 *   entry    = head, varint count minus the previous entry's (0 for the first), data
 *   head     = u8: kind in the low four bits, a small value in the high four
 *
 *   kind        small value          data
 *   0 tick      timer, 0 … 15
 *   1 packet                         blob
 *   2 console                        blob
 *   3 disk      1 ok, 2 has data     signed id difference, blob if it has data
 *   4 tsc                            signed 64-bit difference
 *   5 timeNs                         signed 64-bit difference
 *   6 timeOfDay                      signed 64-bit difference
 *   7 entropy                        blob
 *   8 output                         varint last minus the previous one's, u64 hash
 *   9 digest                         16 bytes, a varint for each of INPUT_KINDS
 *   10 fault                         u8 vector
 *   11 control  0 power-off, 1 switch-over
 *               2 throttle, 3 snapshot   u8 percent, text name
 *
 * A difference is taken from the latest value of the same kind in these bytes, 0 before the first;
 * signed ones are zigzag coded. So bytes can be decoded without those before them.
 */
import { assert } from '../base/assert.ts';
import { ByteReader, BytesError, ByteWriter } from '../base/bytes.ts';
import { fromHex, toHex } from '../base/digest.ts';
import {
  MAX_CONSOLE_INPUT_BYTES,
  MAX_DISK_REQUEST_BYTES,
  MAX_ENTROPY_BYTES,
  MAX_FRAME_BYTES,
} from '../base/limits.ts';
import type { Input } from '../machine/input.ts';
import { type Control, INPUT_KINDS, type LogEntry } from './entry.ts';

/** Bytes that are no log entries; `offset` is where. */
export class LogError extends Error {
  override readonly name = 'LogError';
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

const enum Kind {
  Tick,
  Packet,
  Console,
  Disk,
  Tsc,
  TimeNs,
  TimeOfDay,
  Entropy,
  Output,
  Digest,
  Fault,
  Control,
}

const enum Disk {
  Ok = 1,
  Data = 2,
}

/** Control operations by number. */
const CONTROLS: readonly Control['op'][] = ['power-off', 'switch-over', 'throttle', 'snapshot'];
/** Longest name of a snapshot, in UTF-16 units. */
const MAX_NAME = 64;
const DIGEST_BYTES = 16;
/** Room for a small packet besides. */
const LEAST_BYTES = 128;
/** Bytes of the shortest entry. */
const MIN_ENTRY_BYTES = 2;

/** What differences are taken from; starts at zero with every sequence of bytes. */
interface Latest {
  count: number;
  disk: number;
  output: number;
  tsc: bigint;
  timeNs: bigint;
  timeOfDay: bigint;
}

const nothing = (count: number): Latest => ({
  count,
  disk: 0,
  output: 0,
  tsc: 0n,
  timeNs: 0n,
  timeOfDay: 0n,
});

/** Entries of one log, contiguous and in order (asserted), as bytes. */
export function encodeEntries(entries: readonly LogEntry[]): Uint8Array {
  return encodeMeasured(entries, () => {});
}

/** As {@link encodeEntries}; `measured` is told the bytes of each entry, in order. */
export function encodeMeasured(
  entries: readonly LogEntry[],
  measured: (entry: LogEntry, bytes: number) => void,
): Uint8Array {
  const writer = new ByteWriter(16 * entries.length + LEAST_BYTES).varint(entries.length);
  const first = entries[0];
  if (!first) return writer.take();
  writer.varint(first.seq).varint(first.count);
  const latest = nothing(first.count);
  for (const [index, entry] of entries.entries()) {
    const seq = first.seq + index;
    assert(entry.seq === seq, () => `entry ${seq} expected, got ${entry.seq}`);
    assert(entry.count >= latest.count, () => `entry ${seq} has a count before ${latest.count}`);
    const before = writer.length;
    writeEntry(writer, entry, latest);
    measured(entry, writer.length - before);
  }
  return writer.take();
}

function writeEntry(writer: ByteWriter, entry: LogEntry, latest: Latest): void {
  const delta = entry.count - latest.count;
  latest.count = entry.count;
  const head = (kind: Kind, small = 0): ByteWriter => writer.u8(kind | (small << 4)).varint(delta);
  switch (entry.kind) {
    case 'input':
      writeInput(writer, head, entry.input, latest);
      return;
    case 'output':
      head(Kind.Output)
        .varint(entry.last - latest.output)
        .u64(entry.hash);
      latest.output = entry.last;
      return;
    case 'digest':
      head(Kind.Digest).raw(fromHex(entry.digest));
      for (const number of entry.inputs) writer.varint(number);
      return;
    case 'fault':
      head(Kind.Fault).u8(entry.vector);
      return;
    case 'control':
      writeControl(head(Kind.Control, CONTROLS.indexOf(entry.op.op)), entry.op);
  }
}

function writeInput(
  writer: ByteWriter,
  head: (kind: Kind, small?: number) => ByteWriter,
  input: Input,
  latest: Latest,
): void {
  switch (input.kind) {
    case 'tick':
      assert(input.timer < 16, () => `timer ${input.timer}, below 16 expected`);
      head(Kind.Tick, input.timer);
      return;
    case 'packet':
      head(Kind.Packet).blob(input.bytes);
      return;
    case 'console':
      head(Kind.Console).blob(input.bytes);
      return;
    case 'entropy':
      head(Kind.Entropy).blob(input.bytes);
      return;
    case 'disk': {
      const { id, ok, data } = input;
      head(Kind.Disk, (ok ? Disk.Ok : 0) | (data ? Disk.Data : 0)).varint(zigzag(id - latest.disk));
      if (data) writer.blob(data);
      latest.disk = id;
      return;
    }
    default:
      head(READING_KIND[input.kind]).varint64(zigzag64(input.value - latest[input.kind]));
      latest[input.kind] = input.value;
  }
}

const READING_KIND = { tsc: Kind.Tsc, timeNs: Kind.TimeNs, timeOfDay: Kind.TimeOfDay } as const;

const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);
const unzigzag = (code: number): number => (code % 2 ? -(code + 1) / 2 : code / 2);
const zigzag64 = (value: bigint): bigint => {
  const signed = BigInt.asIntN(64, value);
  return BigInt.asUintN(64, (signed << 1n) ^ (signed >> 63n));
};
const unzigzag64 = (code: bigint): bigint => (code >> 1n) ^ -(code & 1n);

/** The inverse of {@link encodeEntries}; throws LogError for any other bytes. */
export function decodeEntries(bytes: Uint8Array): LogEntry[] {
  const reader = new ByteReader(bytes);
  try {
    const entries = readEntries(reader);
    if (reader.left > 0) throw new BytesError(`${reader.left} bytes too many`, reader.offset);
    return entries;
  } catch (error) {
    if (error instanceof BytesError) throw new LogError(error.message, error.offset);
    throw error;
  }
}

function readEntries(reader: ByteReader): LogEntry[] {
  const number = reader.varint();
  if (number === 0) return [];
  const seq = reader.varint();
  const latest = nothing(reader.varint());
  if (number > reader.left / MIN_ENTRY_BYTES) fail(reader, `${number} entries do not fit`);
  const entries: LogEntry[] = [];
  for (let index = 0; index < number; index++) {
    const entry = readEntry(reader, seq + index, latest);
    if (!Number.isSafeInteger(entry.seq) || !Number.isSafeInteger(entry.count)) {
      fail(reader, 'a sequence number or count above 2^53');
    }
    entries.push(entry);
  }
  return entries;
}

function fail(reader: ByteReader, what: string): never {
  throw new BytesError(what, reader.offset);
}

function readEntry(reader: ByteReader, seq: number, latest: Latest): LogEntry {
  const head = reader.u8();
  const small = head >> 4;
  const count = latest.count + reader.varint();
  latest.count = count;
  const kind: Kind = head & 15;
  switch (kind) {
    case Kind.Output: {
      const last = latest.output + reader.varint();
      if (!Number.isSafeInteger(last)) fail(reader, 'an output ordinal above 2^53');
      latest.output = last;
      return { seq, count, kind: 'output', last, hash: reader.u64() };
    }
    case Kind.Digest: {
      const digest = toHex(reader.raw(DIGEST_BYTES));
      return { seq, count, kind: 'digest', digest, inputs: INPUT_KINDS.map(() => reader.varint()) };
    }
    case Kind.Fault:
      return { seq, count, kind: 'fault', vector: reader.u8() };
    case Kind.Control:
      return { seq, count, kind: 'control', op: readControl(reader, small) };
    default:
      return { seq, count, kind: 'input', input: readInput(reader, kind, small, latest) };
  }
}

function writeControl(writer: ByteWriter, op: Control): void {
  if (op.op === 'throttle') writer.u8(op.percent);
  if (op.op === 'snapshot') writer.text(op.name);
}

function readControl(reader: ByteReader, small: number): Control {
  const op = CONTROLS[small] ?? fail(reader, `unknown control operation ${small}`);
  switch (op) {
    case 'throttle': {
      const percent = reader.u8();
      return isPercent(percent) ? { op, percent } : fail(reader, `a share of ${percent} %`);
    }
    case 'snapshot': {
      const name = reader.text();
      return name.length <= MAX_NAME ? { op, name } : fail(reader, 'too long a name');
    }
    default:
      return { op };
  }
}

const isPercent = (percent: number): boolean => percent >= 1 && percent <= 100;

function readInput(reader: ByteReader, kind: Kind, small: number, latest: Latest): Input {
  switch (kind) {
    case Kind.Tick:
      return { kind: 'tick', timer: small };
    case Kind.Packet:
      return { kind: 'packet', bytes: readBlob(reader, MAX_FRAME_BYTES) };
    case Kind.Console:
      return { kind: 'console', bytes: readBlob(reader, MAX_CONSOLE_INPUT_BYTES) };
    case Kind.Entropy:
      return { kind: 'entropy', bytes: readBlob(reader, MAX_ENTROPY_BYTES) };
    case Kind.Disk: {
      const id = latest.disk + unzigzag(reader.varint());
      if (!Number.isSafeInteger(id) || id < 0) fail(reader, `disk request ${id} is impossible`);
      latest.disk = id;
      const ok = (small & Disk.Ok) !== 0;
      if (!(small & Disk.Data)) return { kind: 'disk', id, ok };
      return { kind: 'disk', id, ok, data: readBlob(reader, MAX_DISK_REQUEST_BYTES) };
    }
    case Kind.Tsc:
      return { kind: 'tsc', value: (latest.tsc = readValue(reader, latest.tsc)) };
    case Kind.TimeNs:
      return { kind: 'timeNs', value: (latest.timeNs = readValue(reader, latest.timeNs)) };
    case Kind.TimeOfDay:
      return { kind: 'timeOfDay', value: (latest.timeOfDay = readValue(reader, latest.timeOfDay)) };
    default:
      return fail(reader, `unknown entry kind ${kind}`);
  }
}

function readBlob(reader: ByteReader, max: number): Uint8Array {
  const at = reader.offset;
  const bytes = reader.blob();
  if (bytes.length > max) throw new BytesError(`${bytes.length} bytes, at most ${max}`, at);
  return bytes;
}

function readValue(reader: ByteReader, latest: bigint): bigint {
  return BigInt.asUintN(64, latest + unzigzag64(reader.varint64()));
}

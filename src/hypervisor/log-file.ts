/**
 * Recordings as files (.vmlog): configuration, image, log and checkpoints in one, so that a
 * recording replays anywhere. Pure: the caller does the reading and writing.
 *
 *   file       = "VMFTLOG\n", u16 version, header section, section…, end section, u64 its offset
 *   header     = log-header.ts
 *   entries    = codec.ts; contiguous from section to section
 *   checkpoint = snapshot.ts; its base is the checkpoint before; it stands behind the entries that
 *                lead to it
 *   end        = varint next seq, varint count, 16 bytes digest, u8 reason (0 stopped, 1 exit,
 *                2 fault), varint status or vector, varint checkpoints, for each: varint offset,
 *                varint seq, varint count
 *
 * Sections are appended and never changed: what a killed recorder leaves is a file without an end,
 * which replays to its last complete section.
 */
import { assert } from '../base/assert.ts';
import { ByteReader, BytesError, ByteWriter } from '../base/bytes.ts';
import { type Digest, fromHex, type Hasher, toHex } from '../base/digest.ts';
import { VmftError } from '../base/errors.ts';
import { decodeEntries, encodeEntries, LogError } from './codec.ts';
import type { LogEntry } from './entry.ts';
import { decodeHeader, encodeHeader, type LogHeader } from './log-header.ts';
import type { Checkpoint } from './log-point.ts';
import { encodeSection, readSection, type Section, SectionKind } from './section.ts';
import { decodeCheckpoint, encodeCheckpoint } from './snapshot.ts';

/** Version of the format that this code reads and writes. */
export const LOG_VERSION = 2;

const MAGIC = new TextEncoder().encode('VMFTLOG\n');
const FIRST_SECTION = MAGIC.length + 2;
const DIGEST_BYTES = 16;
const REASONS = ['stopped', 'exit', 'fault'] as const;

/** How a recording ended. */
export interface LogEnd {
  /** Count and digest of the machine when recording ended. */
  readonly count: number;
  readonly digest: Digest;
  /** `stopped`: by whoever recorded; the guest could go on. */
  readonly reason: (typeof REASONS)[number];
  /** Exit status or fault vector; 0 when stopped. */
  readonly status: number;
}

/** Where a checkpoint lies in a file. */
interface IndexEntry {
  readonly offset: number;
  readonly seq: number;
  readonly count: number;
}

/** Makes a file piece by piece; each method returns the bytes to append. */
export class LogWriter {
  readonly #hasher: Hasher;
  #offset = 0;
  #seq = 0;
  #last: Checkpoint | undefined;
  #index: IndexEntry[] = [];

  constructor(hasher: Hasher) {
    this.#hasher = hasher;
  }

  /** The beginning of the file. First, and once. */
  begin(header: LogHeader): Uint8Array {
    assert(this.#offset === 0, 'a second beginning of a log file');
    const section = encodeSection(SectionKind.Header, encodeHeader(header), this.#hasher);
    return this.#wrote(new ByteWriter().raw(MAGIC).u16(LOG_VERSION).raw(section).take());
  }

  /** A section of entries, which follow those before without a gap. */
  entries(entries: readonly LogEntry[]): Uint8Array {
    if (entries.length === 0) return new Uint8Array(0);
    assert(
      entries[0]!.seq === this.#seq,
      () => `entry ${this.#seq} expected, got ${entries[0]!.seq}`,
    );
    this.#seq += entries.length;
    return this.#section(SectionKind.Entries, encodeEntries(entries));
  }

  /** A checkpoint taken after the last entry written. */
  checkpoint(checkpoint: Checkpoint): Uint8Array {
    const { point, machine } = checkpoint;
    assert(point.seq === this.#seq, () => `checkpoint before entry ${this.#seq}, got ${point.seq}`);
    this.#index.push({ offset: this.#offset, seq: point.seq, count: machine.count });
    const payload = encodeCheckpoint(checkpoint, this.#last?.machine);
    this.#last = checkpoint;
    return this.#section(SectionKind.Checkpoint, payload);
  }

  /** The end of the file. */
  end(end: LogEnd): Uint8Array {
    const offset = this.#offset;
    const writer = new ByteWriter().varint(this.#seq).varint(end.count).raw(fromHex(end.digest));
    writer.u8(REASONS.indexOf(end.reason)).varint(end.status).varint(this.#index.length);
    for (const { offset, seq, count } of this.#index)
      writer.varint(offset).varint(seq).varint(count);
    const section = this.#section(SectionKind.End, writer.take());
    return new ByteWriter().raw(section).u64(BigInt(offset)).take();
  }

  #section(kind: SectionKind, payload: Uint8Array): Uint8Array {
    assert(this.#offset > 0, 'a section before the beginning of a log file');
    return this.#wrote(encodeSection(kind, payload, this.#hasher));
  }

  #wrote(bytes: Uint8Array): Uint8Array {
    this.#offset += bytes.length;
    return bytes;
  }
}

/** A file that has been read. */
export interface LogFile {
  readonly header: LogHeader;
  readonly entries: readonly LogEntry[];
  readonly checkpoints: readonly Checkpoint[];
  /** Undefined where the recording is not complete. */
  readonly end?: LogEnd;
  /**
   * What is wrong with the file, and which entry is the last good one. Everything above is sound
   * and replays.
   */
  readonly damage?: VmftError;
}

/**
 * Reads a file, as far as it is sound. Throws VmftError 'log' where it is no recording, of a newer
 * version, or damaged in its header.
 */
export function readLog(bytes: Uint8Array, hasher: Hasher): LogFile {
  checkMagic(bytes);
  const { header, end } = readHeader(bytes, hasher);
  const found: Found = { entries: [], checkpoints: [], index: [] };
  let offset = end;
  try {
    while (offset < bytes.length && !found.end) {
      const start = offset;
      const section = readSection(bytes, start, hasher);
      readInto(found, section, start);
      offset = section.end;
      if (found.end) checkTrailer(bytes, offset, start);
    }
    if (!found.end) throw new BytesError('no end: the recording was cut short', offset);
  } catch (error) {
    if (!(error instanceof BytesError || error instanceof LogError)) throw error;
    return { header, ...sound(found), damage: damageOf(error, offset, found.entries) };
  }
  return { header, ...sound(found) };
}

interface Found {
  readonly entries: LogEntry[];
  readonly checkpoints: Checkpoint[];
  readonly index: IndexEntry[];
  end?: LogEnd;
}

function sound({ entries, checkpoints, end }: Found): Omit<LogFile, 'header'> {
  return { entries, checkpoints, ...(end ? { end } : {}) };
}

function checkMagic(bytes: Uint8Array): void {
  if (bytes.length < FIRST_SECTION || MAGIC.some((byte, index) => bytes[index] !== byte)) {
    throw new VmftError('log', 'not a recording: it does not begin with "VMFTLOG"');
  }
  const version = new ByteReader(bytes, MAGIC.length).u16();
  if (version === LOG_VERSION) return;
  const remedy =
    version > LOG_VERSION ? 'replay it with a newer vmft' : 'record it again with this vmft';
  const found = `a recording of format version ${version}`;
  throw new VmftError('log', `${found}, and this vmft reads version ${LOG_VERSION}: ${remedy}`);
}

function readHeader(bytes: Uint8Array, hasher: Hasher): { header: LogHeader; end: number } {
  try {
    const section = readSection(bytes, FIRST_SECTION, hasher);
    if (section.kind !== SectionKind.Header) throw new BytesError('no header', FIRST_SECTION);
    return { header: decodeHeader(section.payload), end: section.end };
  } catch (error) {
    if (!(error instanceof BytesError)) throw error;
    throw new VmftError(
      'log',
      `the header of the recording is damaged (${error.message}): nothing of it can be replayed`,
    );
  }
}

function readInto(found: Found, { kind, payload }: Section, offset: number): void {
  switch (kind) {
    case SectionKind.Entries: {
      const entries = decodeEntries(payload);
      checkContiguous(found.entries.at(-1), entries[0]);
      for (const entry of entries) found.entries.push(entry);
      return;
    }
    case SectionKind.Checkpoint: {
      const checkpoint = decodeCheckpoint(payload, found.checkpoints.at(-1)?.machine);
      const { seq } = checkpoint.point;
      if (seq !== found.entries.length) throw new BytesError(`checkpoint of entry ${seq}`, offset);
      found.checkpoints.push(checkpoint);
      found.index.push({ offset, seq, count: checkpoint.machine.count });
      return;
    }
    case SectionKind.End:
      found.end = readEnd(payload, found);
      return;
    default:
      throw new BytesError(`unknown section ${kind}`, offset);
  }
}

function checkContiguous(last: LogEntry | undefined, first: LogEntry | undefined): void {
  if (!first) return;
  const seq = (last?.seq ?? -1) + 1;
  if (first.seq !== seq) throw new LogError(`entry ${seq} expected, got ${first.seq}`, 0);
  if (last && first.count < last.count) throw new LogError(`entry ${seq} goes back in time`, 0);
}

function readEnd(payload: Uint8Array, found: Found): LogEnd {
  const reader = new ByteReader(payload);
  const seq = reader.varint();
  if (seq !== found.entries.length) {
    throw new BytesError(`an end after ${seq} entries, ${found.entries.length} are there`, 0);
  }
  const count = reader.varint();
  const digest = toHex(reader.raw(DIGEST_BYTES));
  const reason = REASONS[reader.u8()];
  if (!reason) throw new BytesError('an end without a reason', reader.offset);
  const status = reader.varint();
  const index = Array.from({ length: Math.min(reader.varint(), payload.length) }, () => ({
    offset: reader.varint(),
    seq: reader.varint(),
    count: reader.varint(),
  }));
  if (JSON.stringify(index) !== JSON.stringify(found.index)) {
    throw new BytesError('an index of other checkpoints', reader.offset);
  }
  return { count, digest, reason, status };
}

/** The offset of the end section, by which a reader with random access finds the index. */
function checkTrailer(bytes: Uint8Array, offset: number, start: number): void {
  const reader = new ByteReader(bytes, offset);
  if (reader.u64() !== BigInt(start)) throw new BytesError('a wrong offset of the end', offset);
  if (reader.left > 0) throw new BytesError(`${reader.left} bytes after the end`, reader.offset);
}

function damageOf(error: Error, offset: number, entries: readonly LogEntry[]): VmftError {
  const last = entries.at(-1);
  const good = last
    ? `the last good entry is ${last.seq} at instruction ${last.count}; it replays to there`
    : 'no entry is left; it replays from the beginning without input';
  return new VmftError(
    'log',
    `the recording is damaged at byte ${offset} (${error.message}): ${good}`,
  );
}

/**
 * The journal of a disk server: what is to be written to the disks is written here first, so that a
 * write that was cut off, by the death of the process or of the computer, can be done again whole.
 *
 *   file     records from its beginning; what follows the last whole one of the same lap is void
 *   record   u32 bytes of the body · u64 hash of the body · body
 *   body     u64 lap · varint kind
 *            0 write    varint disk · varint sector · data
 *            1 failed   varint number of the record, from 0, whose write has failed on its disk
 *
 * A lap begins when everything in the journal is durable on the disks; it has a number of its own,
 * drawn at random, so that no record of an earlier lap is taken for one of this.
 */
import { ByteReader, ByteWriter } from '../base/bytes.ts';
import { first64, type Hasher } from '../base/digest.ts';
import type { BlockFile } from './block-file.ts';

/** Size of a journal's file: several of the largest requests. */
export const JOURNAL_BYTES = 4 * 1024 * 1024;

const HEAD_BYTES = 4 + 8;
const LAP_BYTES = 8;

/** More than a record of a failure takes: there is room for those of all that was written. */
const FAILURE_BYTES = 32;

/** What a record says. */
export type JournalRecord =
  | {
      readonly kind: 'write';
      readonly disk: number;
      readonly sector: number;
      /** A whole number of sectors. */
      readonly data: Uint8Array;
    }
  | { readonly kind: 'failed'; readonly record: number };

/** What a journal is made of. */
export interface DiskJournalOptions {
  readonly file: BlockFile;
  readonly hasher: Hasher;
  /** 64 bits that have never been used for this file. */
  readonly drawLap: () => bigint;
}

export class DiskJournal {
  readonly #options: DiskJournalOptions;
  #lap: bigint;
  #end = 0;
  #records = 0;

  constructor(options: DiskJournalOptions) {
    this.#options = options;
    this.#lap = options.drawLap();
  }

  /** The present lap. */
  get lap(): bigint {
    return this.#lap;
  }

  /** Records in the present lap. */
  get records(): number {
    return this.#records;
  }

  /** The records that the file holds, made durable. A new lap must begin before the next. */
  load(): JournalRecord[] {
    const bytes = new Uint8Array(this.#options.file.bytes);
    this.#options.file.read(0, bytes);
    const found: JournalRecord[] = [];
    let at = 0;
    for (let body = this.#bodyAt(bytes, 0); body; body = this.#bodyAt(bytes, at)) {
      const reader = new ByteReader(body);
      const lap = reader.u64();
      if (found.length > 0 && lap !== this.#lap) break;
      this.#lap = lap;
      at += HEAD_BYTES + body.length;
      found.push(readRecord(reader));
    }
    this.#end = bytes.length;
    // A crash, or a failure, may have been before they were durable; now they count.
    this.#options.file.write(0, bytes.subarray(0, at));
    this.#options.file.sync();
    return found;
  }

  /** The body of the record there; undefined where there is no whole one. */
  #bodyAt(bytes: Uint8Array, at: number): Uint8Array | undefined {
    if (at + HEAD_BYTES > bytes.length) return undefined;
    const reader = new ByteReader(bytes, at);
    const [size, hash] = [reader.u32(), reader.u64()];
    if (size < LAP_BYTES || size > reader.left) return undefined;
    const body = bytes.subarray(reader.offset, reader.offset + size);
    return first64(this.#options.hasher.hash(body)) === hash ? body : undefined;
  }

  /** Appends records, durably; false, and nothing is done, where there is no room. */
  append(records: readonly JournalRecord[]): boolean {
    const { file } = this.#options;
    const bytes = Buffer.concat(records.map((record) => this.#encode(record)));
    const reserve = records.filter(({ kind }) => kind === 'write').length * FAILURE_BYTES;
    if (this.#end + bytes.length + reserve > file.bytes) return false;
    const end = this.#end + bytes.length;
    // Where this fails nothing goes behind it: a part of it may be found there.
    this.#end = file.bytes;
    file.write(end - bytes.length, bytes);
    file.sync();
    this.#end = end;
    this.#records += records.length;
    return true;
  }

  /** Begins a lap: everything is durable on the disks. */
  restart(): void {
    // A part of the old lap must not be found again: it would undo what its rest has written. And
    // nothing goes behind it any more, also where this fails.
    this.#end = this.#options.file.bytes;
    this.#options.file.write(0, new Uint8Array(HEAD_BYTES));
    this.#options.file.sync();
    this.#lap = this.#options.drawLap();
    this.#end = 0;
    this.#records = 0;
  }

  close(): void {
    this.#options.file.close();
  }

  #encode(record: JournalRecord): Uint8Array {
    const writer = new ByteWriter().u64(this.#lap);
    if (record.kind === 'write') {
      writer.varint(0).varint(record.disk).varint(record.sector).raw(record.data);
    } else {
      writer.varint(1).varint(record.record);
    }
    const body = writer.take();
    const hash = first64(this.#options.hasher.hash(body));
    return new ByteWriter(HEAD_BYTES + body.length).u32(body.length).u64(hash).raw(body).take();
  }
}

/** What follows the lap in a body whose hash is right. */
function readRecord(reader: ByteReader): JournalRecord {
  if (reader.varint() === 1) return { kind: 'failed', record: reader.varint() };
  const [disk, sector] = [reader.varint(), reader.varint()];
  return { kind: 'write', disk, sector, data: reader.raw(reader.left) };
}

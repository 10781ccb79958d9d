/**
 * Checkpoints as bytes, for files and for the clone of a running machine. Of the pages of RAM only
 * those are written that differ from a base, usually the checkpoint before; with no base, those
 * that are not zero.
 *
 *   checkpoint = point, varint count, blob processor, plain data of the devices, pages
 *   point      = varint seq, varint outputs, u64 output hash, f64 shown ns, varint shown tsc,
 *                varint digest count, varint reading count + 1, a varint for each of INPUT_KINDS
 *   pages      = varint pages of RAM, varint pages that follow, page…
 *   page       = varint index minus that of the previous page minus 1, u8 0 (zeros) or 1 and 4096
 *                bytes
 */
import { assert } from '../base/assert.ts';
import { ByteReader, BytesError, ByteWriter } from '../base/bytes.ts';
import { MAX_RAM_BYTES, PAGE_BYTES } from '../base/limits.ts';
import { type Plain, readPlain, writePlain } from '../machine/plain.ts';
import type { Page, Snapshot } from '../machine/types.ts';
import { INPUT_KINDS } from './entry.ts';
import type { Checkpoint, LogPoint } from './log-point.ts';

type Pages = Snapshot['pages'];

/** A checkpoint as bytes; `base` is what {@link decodeCheckpoint} will be given. */
export function encodeCheckpoint({ point, machine }: Checkpoint, base?: Snapshot): Uint8Array {
  const writer = new ByteWriter(64 * 1024);
  writePoint(writer, point);
  writer.varint(machine.count).blob(machine.cpu);
  writePlain(writer, machine.devices as Readonly<Record<string, Plain>>);
  writePages(writer, machine.pages, changedPages(machine.pages, base?.pages));
  return writer.take();
}

/** The inverse of {@link encodeCheckpoint}; throws BytesError for bytes that are none. */
export function decodeCheckpoint(bytes: Uint8Array, base?: Snapshot): Checkpoint {
  const reader = new ByteReader(bytes);
  const point = readPoint(reader);
  const count = reader.varint();
  const cpu = reader.blob();
  const at = reader.offset;
  const devices = readPlain(reader);
  if (!isRecord(devices)) throw new BytesError('device states by name expected', at);
  const pages = base ? [...base.pages] : [];
  readPages(reader, pages);
  if (reader.left > 0) throw new BytesError(`${reader.left} bytes too many`, reader.offset);
  return { point, machine: { count, cpu, devices, pages } };
}

function isRecord(value: Plain): value is { readonly [key: string]: Plain } {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array)
  );
}

function writePoint(writer: ByteWriter, point: LogPoint): void {
  writer.varint(point.seq).varint(point.outputs).u64(point.outputHash).f64(point.shownNs);
  writer
    .varint64(point.shownTsc)
    .varint(point.digestCount)
    .varint(point.readingCount + 1);
  for (const number of point.inputs) writer.varint(number);
}

function readPoint(reader: ByteReader): LogPoint {
  return {
    seq: reader.varint(),
    outputs: reader.varint(),
    outputHash: reader.u64(),
    shownNs: reader.f64(),
    shownTsc: reader.varint64(),
    digestCount: reader.varint(),
    readingCount: reader.varint() - 1,
    inputs: INPUT_KINDS.map(() => reader.varint()),
  };
}

/** The pages of `pages` that differ from those of `base`, in ascending order. */
export function changedPages(pages: Pages, base?: Pages): number[] {
  assert(!base || base.length === pages.length, 'a base with as much RAM expected');
  const changed: number[] = [];
  for (let index = 0; index < pages.length; index++) {
    if (!samePage(pages[index], base?.[index])) changed.push(index);
  }
  return changed;
}

function samePage(a: Page | undefined, b: Page | undefined): boolean {
  if (a === b) return true;
  if (!a || !b) return false;
  for (let i = 0; i < PAGE_BYTES; i++) if (a.bytes[i] !== b.bytes[i]) return false;
  return true;
}

/** Appends the pages of these indexes, which ascend. */
export function writePages(writer: ByteWriter, pages: Pages, indexes: readonly number[]): void {
  writer.varint(pages.length).varint(indexes.length);
  let next = 0;
  for (const index of indexes) {
    const page = pages[index];
    writer.varint(index - next).u8(page ? 1 : 0);
    if (page) writer.raw(page.bytes);
    next = index + 1;
  }
}

/**
 * Reads what {@link writePages} wrote into `pages`, which has as many pages or none yet.
 * @throws BytesError
 */
export function readPages(reader: ByteReader, pages: (Page | undefined)[]): void {
  const at = reader.offset;
  const total = reader.varint();
  if (total > MAX_RAM_BYTES / PAGE_BYTES) throw new BytesError(`${total} pages of RAM`, at);
  if (pages.length > 0 && pages.length !== total) {
    throw new BytesError(`${total} pages of RAM where the base has ${pages.length}`, at);
  }
  while (pages.length < total) pages.push(undefined);
  let next = 0;
  for (let left = reader.varint(); left > 0; left--) {
    const index = next + reader.varint();
    if (index >= total) throw new BytesError(`page ${index} of ${total}`, reader.offset);
    pages[index] = reader.u8() === 0 ? undefined : { bytes: reader.raw(PAGE_BYTES) };
    next = index + 1;
  }
}

/**
 * The clone of a running machine, in pieces (protocol.md §4 rule 11). A round is the pages that
 * have changed since the round before, in the first round those that are not zero. All but the last
 * are taken while the guest runs; the last, taken while it stands still, ends with everything else.
 * Where each host has disks of its own, sectors travel like pages. Pages of a snapshot and sectors
 * of a round never change, so a round can be sent at leisure. A sender's round and a receiver's
 * stage are plain data.
 *
 *   piece  = u8 0, pages (snapshot.ts) | u8 1, checkpoint without pages | u8 2, sector…
 *   sector = varint disk, varint sector, 512 bytes
 */
import { ByteReader, BytesError, ByteWriter } from '../base/bytes.ts';
import { PAGE_BYTES } from '../base/limits.ts';
import type { Page, Snapshot } from '../machine/types.ts';
import type { Checkpoint } from './log-point.ts';
import {
  changedPages,
  decodeCheckpoint,
  encodeCheckpoint,
  readPages,
  writePages,
} from './snapshot.ts';

/** Bytes of a page or sector in a piece besides its contents, about. */
const OVERHEAD = 5;
const SECTOR_BYTES = 512;

/** A sector of a disk that belongs to the machine's state. */
export interface Sector {
  /** Virtio slot of the disk. */
  readonly disk: number;
  readonly sector: number;
  readonly bytes: Uint8Array;
}

/** What a sender has still to send. */
export interface CloneRound {
  readonly checkpoint: Checkpoint;
  /** Indexes of the pages of this round, ascending. */
  readonly pages: readonly number[];
  readonly sectors: readonly Sector[];
  /** So many pages have been sent, and after them all so many sectors. */
  next: number;
  /** The checkpoint itself ends the round. */
  readonly final: boolean;
}

/** What a receiver has of a machine. */
export interface CloneStage {
  pages: (Page | undefined)[];
  /** In the order in which they came: of one that is here twice the later counts. */
  sectors: Sector[];
  /** The whole machine, once the last piece of a final round has come. */
  checkpoint: Checkpoint | undefined;
}

/** One piece on the wire. */
export interface ClonePiece {
  readonly bytes: Uint8Array;
  /** The round is complete with it. */
  readonly last: boolean;
}

/** Nothing received. */
export const newStage = (): CloneStage => ({ pages: [], sectors: [], checkpoint: undefined });

/**
 * The round that brings a receiver from `before` (nothing, if undefined) to `checkpoint`, and the
 * `sectors` that have been written meanwhile.
 */
export function beginRound(
  checkpoint: Checkpoint,
  before: Snapshot | undefined,
  final: boolean,
  sectors: readonly Sector[] = [],
): CloneRound {
  const pages = changedPages(checkpoint.machine.pages, before?.pages);
  return { checkpoint, pages, sectors, next: 0, final };
}

/** About how many bytes the pieces of a round have that is about to begin. */
export function roundBytes({ checkpoint, pages, sectors }: CloneRound): number {
  const full = pages.filter((index) => checkpoint.machine.pages[index]);
  const items = pages.length + sectors.length;
  return full.length * PAGE_BYTES + sectors.length * SECTOR_BYTES + items * OVERHEAD;
}

/** The next piece, with about `maxBytes`, at least a page or sector; and if it is the last. */
export function nextPiece(round: CloneRound, maxBytes: number): ClonePiece {
  const { checkpoint, pages, sectors, final } = round;
  const writer = new ByteWriter(maxBytes + PAGE_BYTES);
  const items = pages.length + sectors.length;
  if (final && round.next === items) {
    // Based on itself it has no pages of its own: they have all been sent.
    writer.u8(1).raw(encodeCheckpoint(checkpoint, checkpoint.machine));
    return { bytes: writer.take(), last: true };
  }
  if (round.next >= pages.length && round.next < items) writeSectors(writer, round, maxBytes);
  else writeSomePages(writer, round, maxBytes);
  return { bytes: writer.take(), last: round.next === items && !final };
}

function writeSomePages(writer: ByteWriter, round: CloneRound, maxBytes: number): void {
  const { pages, next: from } = round;
  const { pages: contents } = round.checkpoint.machine;
  for (let bytes = 0; round.next < pages.length && bytes < maxBytes; round.next++) {
    bytes += contents[pages[round.next]!] ? PAGE_BYTES : OVERHEAD;
  }
  writePages(writer.u8(0), contents, pages.slice(from, round.next));
}

function writeSectors(writer: ByteWriter, round: CloneRound, maxBytes: number): void {
  const from = round.next - round.pages.length;
  const some = round.sectors.slice(from, from + Math.ceil(maxBytes / SECTOR_BYTES));
  writer.u8(2);
  for (const { disk, sector, bytes } of some) writer.varint(disk).varint(sector).raw(bytes);
  round.next += some.length;
}

/** Takes a piece in. @throws BytesError for bytes that are none, or that do not fit the others */
export function takePiece(stage: CloneStage, piece: Uint8Array): void {
  const reader = new ByteReader(piece);
  const kind = reader.u8();
  if (kind > 2) throw new BytesError(`unknown kind ${kind} of a piece`, 0);
  if (kind === 2) {
    while (reader.left > 0) {
      const [disk, sector] = [reader.varint(), reader.varint()];
      stage.sectors.push({ disk, sector, bytes: reader.raw(SECTOR_BYTES) });
    }
    return;
  }
  if (kind === 1) {
    const machine = { count: 0, cpu: new Uint8Array(0), devices: {}, pages: stage.pages };
    stage.checkpoint = decodeCheckpoint(piece.subarray(1), machine);
    return;
  }
  readPages(reader, stage.pages);
  if (reader.left > 0) throw new BytesError(`${reader.left} bytes too many`, reader.offset);
}

/**
 * The clone of a running machine, in pieces (protocol.md §4 rule 11). A round is the pages that
 * have changed since the round before, in the first round those that are not zero. All but the last
 * are taken while the guest runs; the last, taken while it stands still, ends with everything else.
 * Pages of a snapshot never change, so a round can be sent at leisure. A sender's round and a
 * receiver's stage are plain data.
 *
 *   piece = u8 0, pages (snapshot.ts) | u8 1, checkpoint without pages
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

/** Bytes of a page in a piece besides its contents, at the most. */
const PAGE_OVERHEAD = 5;

/** What a sender has still to send. */
export interface CloneRound {
  readonly checkpoint: Checkpoint;
  /** Indexes of the pages of this round, ascending; those before `next` have been sent. */
  readonly pages: readonly number[];
  next: number;
  /** The checkpoint itself ends the round. */
  readonly final: boolean;
}

/** What a receiver has of a machine. */
export interface CloneStage {
  pages: (Page | undefined)[];
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
export const newStage = (): CloneStage => ({ pages: [], checkpoint: undefined });

/** The round that brings a receiver from `before` (nothing, if undefined) to `checkpoint`. */
export function beginRound(
  checkpoint: Checkpoint,
  before: Snapshot | undefined,
  final: boolean,
): CloneRound {
  const pages = changedPages(checkpoint.machine.pages, before?.pages);
  return { checkpoint, pages, next: 0, final };
}

/** About how many bytes the pieces of a round have that is about to begin. */
export function roundBytes({ checkpoint, pages }: CloneRound): number {
  const full = pages.filter((index) => checkpoint.machine.pages[index]);
  return full.length * PAGE_BYTES + pages.length * PAGE_OVERHEAD;
}

/** The next piece, with pages of about `maxBytes` together, at least one; and if it is the last. */
export function nextPiece(round: CloneRound, maxBytes: number): ClonePiece {
  const { checkpoint, pages, final } = round;
  const writer = new ByteWriter(maxBytes + PAGE_BYTES);
  if (final && round.next === pages.length) {
    // Based on itself it has no pages of its own: they have all been sent.
    writer.u8(1).raw(encodeCheckpoint(checkpoint, checkpoint.machine));
    return { bytes: writer.take(), last: true };
  }
  const from = round.next;
  for (let bytes = 0; round.next < pages.length && bytes < maxBytes; round.next++) {
    bytes += checkpoint.machine.pages[pages[round.next]!] ? PAGE_BYTES : PAGE_OVERHEAD;
  }
  writePages(writer.u8(0), checkpoint.machine.pages, pages.slice(from, round.next));
  return { bytes: writer.take(), last: round.next === pages.length && !final };
}

/** Takes a piece in. @throws BytesError for bytes that are none, or that do not fit the others */
export function takePiece(stage: CloneStage, piece: Uint8Array): void {
  const reader = new ByteReader(piece);
  const kind = reader.u8();
  if (kind > 1) throw new BytesError(`unknown kind ${kind} of a piece`, 0);
  if (kind === 1) {
    const machine = { count: 0, cpu: new Uint8Array(0), devices: {}, pages: stage.pages };
    stage.checkpoint = decodeCheckpoint(piece.subarray(1), machine);
    return;
  }
  readPages(reader, stage.pages);
  if (reader.left > 0) throw new BytesError(`${reader.left} bytes too many`, reader.offset);
}

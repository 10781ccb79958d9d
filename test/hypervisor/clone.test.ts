/** The pieces of a clone make up the machine that they were taken from, and no bytes break them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BytesError } from '../../src/base/bytes.ts';
import {
  beginRound,
  type CloneRound,
  newStage,
  nextPiece,
  roundBytes,
  takePiece,
} from '../../src/hypervisor/clone.ts';
import { runs } from '../support/runs.ts';
import { recordSchedule } from '../support/schedule.ts';
import { newRecorder, toyRun } from './toy.ts';

/** All pieces of a round, of about `maxBytes` each. */
function piecesOf(round: CloneRound, maxBytes: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (;;) {
    const { bytes, last } = nextPiece(round, maxBytes);
    pieces.push(bytes);
    if (last) return pieces;
  }
}

describe('a clone', () => {
  it('is the machine as it was at the last round, whatever it did between rounds', () => {
    fc.assert(
      fc.property(toyRun, fc.integer({ min: 1, max: 3 * 4096 }), (toy, maxBytes) => {
        const recorder = newRecorder(toy);
        const stage = newStage();
        let before: CloneRound | undefined;
        for (const final of [false, false, true]) {
          recordSchedule(recorder, toy.schedule);
          const round = beginRound(recorder.checkpoint(), before?.checkpoint.machine, final);
          const bytes = roundBytes(round);
          const pieces = piecesOf(round, maxBytes);
          for (const piece of pieces) takePiece(stage, piece);
          const pages = pieces.slice(0, final ? -1 : undefined);
          const sent = pages.reduce((sum, piece) => sum + piece.length, 0);
          expect(Math.abs(sent - bytes)).toBeLessThan(16 * (pages.length + round.pages.length + 1));
          before = round;
        }
        expect(stage.checkpoint).toEqual(before!.checkpoint);
      }),
      { numRuns: runs(30) },
    );
  });

  it('is incomplete without the end of its last round', () => {
    const schedule = { seed: 1, slices: 5, maxSlice: 100, packet: 0, console: 0 };
    const recorder = newRecorder({ program: { seed: 3 }, schedule, digestEvery: 100 });
    recordSchedule(recorder, schedule);
    const stage = newStage();
    const round = beginRound(recorder.checkpoint(), undefined, true);
    for (const piece of piecesOf(round, 4096).slice(0, -1)) takePiece(stage, piece);
    expect(stage.checkpoint).toBeUndefined();
  });

  it('is refused with the codec’s own error where a piece is none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        try {
          takePiece(newStage(), noise);
        } catch (error) {
          expect(error).toBeInstanceOf(BytesError);
        }
      }),
      { numRuns: runs(500) },
    );
  });
});

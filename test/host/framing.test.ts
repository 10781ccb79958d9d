/** Frames on a stream: any cutting gives back what was written, and nothing grows without bound. */
import { Writable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameReader, frameBytes, writeFrame } from '../../src/host/framing.ts';
import { runs } from '../support/runs.ts';

const MAX_BYTES = 100;
const payload = fc.uint8Array({ maxLength: MAX_BYTES });

/** `bytes` cut at `cuts`, which are fractions of its length. */
function cutUp(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = cuts.map((cut) => Math.floor(cut * bytes.length)).sort((a, b) => a - b);
  return [0, ...places].map((from, i) => bytes.slice(from, places[i] ?? bytes.length));
}

describe('frames on a stream', () => {
  it('have the length before them, most significant byte first', () => {
    expect([...frameBytes(Uint8Array.of(7, 8, 9))]).toEqual([0, 0, 0, 3, 7, 8, 9]);
    const long = frameBytes(new Uint8Array(0x1_02_03));
    expect([...long.subarray(0, 4)]).toEqual([0, 1, 2, 3]);
  });

  it('come out as they went in, wherever the stream is cut', () => {
    const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 });
    const property = fc.property(fc.array(payload, { maxLength: 8 }), cuts, (payloads, places) => {
      const stream = new Uint8Array(payloads.flatMap((each) => [...frameBytes(each)]));
      const reader = new FrameReader(MAX_BYTES);
      const frames = cutUp(stream, places).flatMap((piece) => reader.push(piece));
      expect(frames).toEqual(payloads);
      expect(reader.isBetweenFrames).toBe(true);
    });
    fc.assert(property, { numRuns: runs(200) });
  });

  it('keep their bytes in any cutting of two of them', () => {
    const payloads = [Uint8Array.from([1, 2, 3, 4, 5]), Uint8Array.from([6, 7])];
    const stream = new Uint8Array(payloads.flatMap((each) => [...frameBytes(each)]));
    for (let cut = 0; cut <= stream.length; cut++) {
      const reader = new FrameReader(MAX_BYTES);
      const frames = [stream.slice(0, cut), stream.slice(cut)].flatMap((part) => reader.push(part));
      expect(frames).toEqual(payloads);
    }
  });

  it('of one turn leave in one piece, in their order', async () => {
    const pieces: Uint8Array[] = [];
    const socket = new Writable({
      write: (piece: Buffer, _encoding, done) => {
        pieces.push(piece);
        done();
      },
      writev: (chunks, done) => {
        pieces.push(Buffer.concat(chunks.map(({ chunk }) => chunk as Buffer)));
        done();
      },
    });
    const payloads = [1, 2, 3, 4].map((value) => Uint8Array.of(value));
    for (const each of payloads.slice(0, 3)) writeFrame(socket, each);
    await new Promise(setImmediate);
    for (const each of payloads.slice(3)) writeFrame(socket, each);
    await new Promise(setImmediate);
    expect(pieces.map((piece) => new FrameReader(1).push(piece))).toEqual([
      payloads.slice(0, 3),
      payloads.slice(3),
    ]);
  });

  it('tell a stream that ends in the middle of one', () => {
    const stream = frameBytes(Uint8Array.of(1, 2));
    for (let size = 0; size <= stream.length; size++) {
      const reader = new FrameReader(MAX_BYTES);
      reader.push(stream.subarray(0, size));
      expect(reader.isBetweenFrames).toBe(size === 0 || size === stream.length);
    }
  });

  it('that are too long are refused at once, and so is all that follows', () => {
    const reader = new FrameReader(MAX_BYTES);
    expect(reader.push(frameBytes(new Uint8Array(MAX_BYTES)))).toHaveLength(1);
    expect(() => reader.push(Uint8Array.of(0, 0, 0, 101))).toThrow(/a frame of 101 bytes/);
    expect(() => reader.push(frameBytes(Uint8Array.of(1)))).toThrow(/at most 100/);
    expect(reader.isBetweenFrames).toBe(false);
  });
});

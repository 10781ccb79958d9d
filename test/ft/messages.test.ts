/** The codec of channel messages: what goes in comes out, and no bytes break it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32 } from '../../src/base/crc32.ts';
import {
  decodeMessage,
  encodeMessage,
  HEADER_BYTES,
  type Message,
  MessageError,
  messageLength,
} from '../../src/ft/messages.ts';

const number = fc.maxSafeNat();
const digest = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(''));
const name = fc.string({ maxLength: 20, unit: 'grapheme' });

const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('hello' as const, 'hello-ack' as const),
    generation: number,
    machine: name,
    owner: name,
    configuration: digest,
  }),
  fc.record({
    kind: fc.constant('batch' as const),
    generation: number,
    batch: number,
    releasedUpTo: number,
    entries: fc.uint8Array({ maxLength: 200 }),
  }),
  fc.record({
    kind: fc.constant('ack' as const),
    generation: number,
    batch: number,
    received: number,
    executed: number,
    count: number,
  }),
  fc.record({
    kind: fc.constant('goodbye' as const),
    generation: number,
    reason: fc.constantFrom('guest-exit' as const, 'power-off' as const, 'switch-over' as const),
  }),
  fc.record({
    kind: fc.constantFrom('goodbye-ack' as const, 'accept' as const),
    generation: number,
  }),
  fc.record({
    kind: fc.constant('offer' as const),
    generation: number,
    machine: name,
    owner: name,
    configuration: digest,
    won: number,
  }),
  fc.record({
    kind: fc.constant('piece' as const),
    generation: number,
    number,
    bytes: fc.uint8Array({ maxLength: 200 }),
  }),
  fc.record({ kind: fc.constant('piece-ack' as const), generation: number, number }),
  fc.record({
    kind: fc.constant('last' as const),
    generation: number,
    digest,
    entries: number,
    outputs: number,
    count: number,
    percent: fc.integer({ min: 1, max: 100 }),
    pending: fc.array(
      fc.record({
        ordinal: number,
        entry: number,
        output: fc.record({
          kind: fc.constant('frame' as const),
          bytes: fc.uint8Array({ maxLength: 60 }),
        }),
      }),
      { maxLength: 5 },
    ),
  }),
  fc.record({
    kind: fc.constant('heartbeat' as const),
    generation: number,
    machine: name,
    token: number,
  }),
);

describe('channel messages', () => {
  it('come out as they went in', () => {
    fc.assert(
      fc.property(message, (sent) => {
        expect(decodeMessage(encodeMessage(sent))).toEqual(sent);
      }),
    );
  });

  it('tell a reader of a stream where they end', () => {
    fc.assert(
      fc.property(message, fc.uint8Array(), (sent, rest) => {
        const bytes = encodeMessage(sent);
        expect(messageLength(Uint8Array.of(...bytes, ...rest))).toBe(bytes.length);
        expect(messageLength(bytes.subarray(0, HEADER_BYTES - 1))).toBeUndefined();
      }),
    );
  });

  it('are refused when any bit has flipped', () => {
    fc.assert(
      fc.property(message, fc.nat(), (sent, at) => {
        const bytes = encodeMessage(sent);
        const bit = at % (8 * bytes.length);
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        expect(() => decodeMessage(bytes)).toThrow(MessageError);
      }),
    );
  });

  it('are refused when bytes are missing or too many', () => {
    fc.assert(
      fc.property(message, fc.nat(), (sent, at) => {
        const bytes = encodeMessage(sent);
        expect(() => decodeMessage(bytes.subarray(0, at % bytes.length))).toThrow(MessageError);
        expect(() => decodeMessage(Uint8Array.of(...bytes, 0))).toThrow(MessageError);
      }),
    );
  });

  it('survive any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(() => decodeMessage(bytes)).toThrow(MessageError);
      }),
    );
  });

  it('survive any body under a right checksum', () => {
    fc.assert(
      fc.property(message, fc.uint8Array({ maxLength: 40 }), (like, body) => {
        const bytes = sealed(encodeMessage(like)[5]!, body);
        try {
          decodeMessage(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(MessageError);
        }
      }),
    );
  });
});

/** A message of that type around any body, with a checksum that is right. */
function sealed(type: number, body: Uint8Array): Uint8Array {
  const bytes = Uint8Array.of(
    ...encodeMessage({ kind: 'goodbye-ack', generation: 0 }).subarray(0, 14),
    ...body,
  );
  const view = new DataView(bytes.buffer);
  bytes[5] = type;
  view.setUint32(6, body.length, true);
  view.setUint32(10, crc32(Uint8Array.of(type, ...body)), true);
  return bytes;
}

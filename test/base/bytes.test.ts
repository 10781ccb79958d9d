/** The reader and writer of bytes: round trips, and limits that throw. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteReader, BytesError, ByteWriter } from '../../src/base/bytes.ts';

/** One field: how it is written and how it is read. */
const field = fc.oneof(
  fc.integer({ min: 0, max: 0xff }).map((value) => ({ as: 'u8' as const, value })),
  fc.integer({ min: 0, max: 0xffff }).map((value) => ({ as: 'u16' as const, value })),
  fc.integer({ min: 0, max: 0xffff_ffff }).map((value) => ({ as: 'u32' as const, value })),
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map((value) => ({ as: 'u64' as const, value })),
  fc.double().map((value) => ({ as: 'f64' as const, value })),
  fc.maxSafeNat().map((value) => ({ as: 'varint' as const, value })),
  fc
    .bigInt({ min: 0n, max: (1n << 64n) - 1n })
    .map((value) => ({ as: 'varint64' as const, value })),
  fc.uint8Array({ maxLength: 300 }).map((value) => ({ as: 'blob' as const, value })),
  fc.string({ unit: 'binary' }).map((value) => ({ as: 'text' as const, value })),
);

describe('bytes', () => {
  test('what a writer of any first capacity has written a reader reads', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64 }), fc.array(field), (capacity, fields) => {
        const writer = new ByteWriter(capacity);
        for (const { as, value } of fields)
          (writer[as] as (v: unknown) => unknown).call(writer, value);
        const reader = new ByteReader(writer.take());
        for (const { as, value } of fields) expect(reader[as]()).toEqual(value);
        expect(reader.left).toBe(0);
      }),
    );
  });

  test('a reader throws nothing but BytesError, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.array(field), (bytes, fields) => {
        const reader = new ByteReader(bytes);
        try {
          for (const { as } of fields) reader[as]();
        } catch (error) {
          expect(error).toBeInstanceOf(BytesError);
        }
      }),
    );
  });
});

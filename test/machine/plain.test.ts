/** Plain data: copies, encodings, and a decoder that survives any bytes. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BytesError } from '../../src/base/bytes.ts';
import { clonePlain, decodePlain, encodePlain, type Plain } from '../../src/machine/plain.ts';

const plain = fc.letrec<{ value: Plain }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.double(),
    fc.bigInt({ min: 0n, max: 1n << 130n }),
    fc.string(),
    fc.uint8Array(),
    fc.array(tie('value')),
    fc.dictionary(fc.string(), tie('value'), { noNullPrototype: true }),
  ),
})).value;

describe('plain data', () => {
  test('decode is the inverse of encode', () => {
    fc.assert(
      fc.property(plain, (value) => {
        expect(decodePlain(encodePlain(value))).toEqual(value);
      }),
    );
  });

  test('the order in which keys were set does not show in the bytes', () => {
    expect(encodePlain({ a: 1, b: [2n, null] })).toEqual(encodePlain({ b: [2n, null], a: 1 }));
  });

  test('any bytes decode or throw a BytesError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          decodePlain(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(BytesError);
        }
      }),
    );
  });

  test('nesting beyond the limit is refused, not recursed into', () => {
    const deep = new Uint8Array(100_000).fill(1);
    for (let i = 0; i < deep.length; i += 2) deep[i] = 7;
    expect(() => decodePlain(deep)).toThrow(BytesError);
  });

  test('a clone equals its original and shares no object or array with it', () => {
    const original = { list: [1, 2], inner: { n: 3n } };
    const clone = clonePlain(original);
    clone.list.push(4);
    clone.inner.n = 5n;
    expect(original).toEqual({ list: [1, 2], inner: { n: 3n } });
  });
});

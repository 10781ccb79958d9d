/**
 * Entries and outputs survive their encoding; other bytes are refused with the codec's own error.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BytesError } from '../../src/base/bytes.ts';
import { decodeEntries, encodeEntries, LogError } from '../../src/hypervisor/codec.ts';
import { decodeOutput, encodeOutput } from '../../src/hypervisor/output-codec.ts';
import { runs } from '../support/runs.ts';
import { arbitraryEntries, arbitraryOutput } from './arbitrary-log.ts';
import { record, toyRun } from './toy.ts';

/** What `decode` makes of `bytes`: undefined where it throws an error of class `Own`. */
function attempt<T>(
  decode: (bytes: Uint8Array) => T,
  bytes: Uint8Array,
  Own: typeof LogError | typeof BytesError,
): T | undefined {
  try {
    return decode(bytes);
  } catch (error) {
    if (error instanceof Own) return undefined;
    throw error;
  }
}

describe('the entry codec', () => {
  it('gives back what it was given', () => {
    fc.assert(
      fc.property(arbitraryEntries, (entries) => {
        expect(decodeEntries(encodeEntries(entries))).toEqual(entries);
      }),
    );
    expect(decodeEntries(encodeEntries([]))).toEqual([]);
  });

  it('throws nothing but its own error on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const entries = attempt(decodeEntries, bytes, LogError);
        if (entries) expect(decodeEntries(encodeEntries(entries))).toEqual(entries);
      }),
      { numRuns: runs(2000) },
    );
  });

  it('refuses every truncation, and survives every flipped bit', () => {
    fc.assert(
      fc.property(arbitraryEntries, (entries) => {
        const bytes = encodeEntries(entries);
        for (let length = 0; length < bytes.length; length++) {
          expect(attempt(decodeEntries, bytes.subarray(0, length), LogError)).toBeUndefined();
        }
        for (let bit = 0; bit < 8 * bytes.length; bit += 3) {
          const flipped = bytes.slice();
          flipped[bit >> 3]! ^= 1 << (bit & 7);
          attempt(decodeEntries, flipped, LogError);
        }
      }),
      { numRuns: runs(20) },
    );
  });

  it('refuses an impossible number of entries before it makes room for them', () => {
    const bytes = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x07, 0, 0, 0, 0);
    expect(() => decodeEntries(bytes)).toThrow(/do not fit/);
  });

  it('takes at most 12 bytes an entry on average, apart from data and digests', () => {
    fc.assert(
      fc.property(toyRun, (run) => {
        const { entries } = record(run).recording;
        const plain = entries.filter(
          (entry) => entry.kind !== 'digest' && (entry.kind !== 'input' || !hasData(entry.input)),
        );
        const renumbered = plain.map((entry, seq) => ({ ...entry, seq }));
        if (plain.length < 10) return;
        expect(encodeEntries(renumbered).length / plain.length).toBeLessThanOrEqual(12);
      }),
    );
  });
});

const hasData = (input: object): boolean => 'bytes' in input || 'data' in input;

describe('the output codec', () => {
  it('gives back what it was given, and has one encoding for each output', () => {
    fc.assert(
      fc.property(arbitraryOutput, (output) => {
        const bytes = encodeOutput(output);
        expect(decodeOutput(bytes)).toEqual(output);
        expect(encodeOutput(decodeOutput(bytes))).toEqual(bytes);
      }),
    );
  });

  it('throws nothing but its own error on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        attempt(decodeOutput, bytes, BytesError);
      }),
      { numRuns: runs(2000) },
    );
  });
});

/** Sizes and times as people write them. */
import { describe, expect, it } from 'vitest';
import { nearest } from '../../src/base/suggest.ts';
import { parseSize, parseTimeNs } from '../../src/base/units.ts';

describe('units', () => {
  it.each([
    ['4096', 4096],
    ['64K', 65536],
    ['16M', 16777216],
    ['1G', 1073741824],
    ['16 M', undefined],
    ['-1', undefined],
    ['9007199254740993G', undefined],
  ])('reads the size %s', (text, bytes) => expect(parseSize(text)).toBe(bytes));

  it.each([
    ['5ns', 5],
    ['200us', 200_000],
    ['10ms', 10_000_000],
    ['1.5s', 1_500_000_000],
    ['10m', 600_000_000_000],
    ['10', undefined],
    ['ms', undefined],
  ])('reads the time %s', (text, ns) => expect(parseTimeNs(text)).toBe(ns));
});

describe('nearest', () => {
  it('finds the word that was meant', () => {
    expect(nearest('fualts', ['faults', 'guest'])).toBe('faults');
    expect(nearest('Hosts', ['hosts', 'guest'])).toBe('hosts');
  });

  it('offers nothing when nothing is near', () => {
    expect(nearest('zebra', ['faults', 'guest'])).toBeUndefined();
  });
});

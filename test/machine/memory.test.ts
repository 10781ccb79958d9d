/** Guest memory: pages that changed, sharing between snapshots, digests. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BugError } from '../../src/base/assert.ts';
import type { Hasher } from '../../src/base/digest.ts';
import { PAGE_BYTES } from '../../src/base/limits.ts';
import { PAGE_FLAGS_OFFSET, PageFlag, RAM_OFFSET } from '../../src/cpu/layout.ts';
import { GuestMemory } from '../../src/machine/memory.ts';
import type { Page } from '../../src/machine/types.ts';
import { hasher } from '../support/hasher.ts';
import { runs } from '../support/runs.ts';

const PAGES = 16;
const RAM_BYTES = PAGES * PAGE_BYTES;

/** A memory whose hashing is counted, and a store as the processor does it. */
function newMemory() {
  const hashed: number[] = [];
  const invalidated: [number, number][] = [];
  const counting: Hasher = {
    hash(bytes) {
      if (bytes.length === PAGE_BYTES) hashed.push(bytes.byteOffset - RAM_OFFSET);
      return hasher.hash(bytes);
    },
  };
  const memory = new GuestMemory(RAM_BYTES, counting, (a, n) => invalidated.push([a, n]));
  const flags = new Uint8Array(memory.memory.buffer, PAGE_FLAGS_OFFSET, 1 << 20);
  const ram = new Uint8Array(memory.memory.buffer, RAM_OFFSET, RAM_BYTES);
  const store = (address: number, value: number): void => {
    const page = address >>> 12;
    if (flags[page]! & PageFlag.Clean) memory.forget(page);
    ram[address] = value;
  };
  return { memory, flags, ram, store, hashed, invalidated };
}

describe('page flags', () => {
  test('pages of RAM begin clean, everything above is Device', () => {
    const { flags } = newMemory();
    expect(flags.subarray(0, PAGES).every((flag) => flag === PageFlag.Clean)).toBe(true);
    expect(flags.subarray(PAGES).every((flag) => flag === PageFlag.Device)).toBe(true);
  });

  test('forget clears Clean, digest and capture set it, Code stays the processor’s', () => {
    const { memory, flags, store } = newMemory();
    flags[3]! |= PageFlag.Code;
    store(3 * PAGE_BYTES, 1);
    expect(flags[3]).toBe(PageFlag.Code);
    memory.hash();
    expect(flags[3]).toBe(PageFlag.Code | PageFlag.Clean);
    store(3 * PAGE_BYTES, 2);
    memory.capture();
    expect(flags[3]).toBe(PageFlag.Code | PageFlag.Clean);
  });
});

describe('capture', () => {
  test('hash looks only at pages written since the last hash', () => {
    const { memory, hashed, store } = newMemory();
    memory.hash();
    hashed.length = 0;
    store(5 * PAGE_BYTES + 7, 1);
    memory.hash();
    memory.hash();
    expect(hashed).toEqual([5 * PAGE_BYTES]);
  });

  test('pages not written between two captures are the same objects', () => {
    const { memory, store } = newMemory();
    store(0, 1);
    store(PAGE_BYTES, 1);
    const first = memory.capture();
    memory.hash();
    store(PAGE_BYTES, 2);
    const second = memory.capture();
    expect(second[0]).toBe(first[0]);
    expect(second[1]).not.toBe(first[1]);
    expect(first[1]!.bytes[0]).toBe(1);
  });

  test('a page written back to zeros is undefined again, and hashes as untouched memory', () => {
    const { memory, store } = newMemory();
    const fresh = memory.hash();
    store(123, 9);
    expect(memory.hash()).not.toEqual(fresh);
    store(123, 0);
    expect(memory.hash()).toEqual(fresh);
    expect(memory.capture().every((page) => page === undefined)).toBe(true);
  });
});

describe('settle', () => {
  test('does the work of capture and hash in bits, as long as nobody writes', () => {
    const { memory, hashed, store } = newMemory();
    const { memory: other, store: storeThere } = newMemory();
    for (const page of [1, 2, 5, 9, 15]) {
      store(page * PAGE_BYTES + page, page);
      storeThere(page * PAGE_BYTES + page, page);
    }
    hashed.length = 0;
    expect(memory.settle(2)).toBe(false);
    store(PAGE_BYTES, 0xff);
    storeThere(PAGE_BYTES, 0xff);
    expect(memory.settle(2)).toBe(false);
    expect(memory.settle(2)).toBe(true);
    const pages = [1, 2, 5, 9, 15].map((page) => page * PAGE_BYTES);
    expect(hashed.splice(0)).toEqual(pages);
    expect(memory.capture()).toEqual(other.capture());
    expect(memory.hash()).toEqual(other.hash());
    // Of what was written behind the sweep, and of nothing else.
    expect(hashed).toEqual([PAGE_BYTES]);
  });

  test('begins anew when it is over, and finds what has changed since', () => {
    const { memory, hashed, store } = newMemory();
    expect(memory.settle(1)).toBe(true);
    hashed.splice(0);
    store(3 * PAGE_BYTES, 1);
    store(4 * PAGE_BYTES, 1);
    expect([memory.settle(1), memory.settle(1)]).toEqual([false, true]);
    expect(hashed).toEqual([3 * PAGE_BYTES, 4 * PAGE_BYTES]);
  });
});

describe('device access', () => {
  test('a write across pages marks each of them and drops decoded code piecewise', () => {
    const { memory, flags, invalidated } = newMemory();
    flags[1]! |= PageFlag.Code;
    flags[2]! |= PageFlag.Code;
    memory.write(2 * PAGE_BYTES - 2, Uint8Array.of(1, 2, 3));
    expect(flags[1]! & PageFlag.Clean).toBe(0);
    expect(flags[2]! & PageFlag.Clean).toBe(0);
    expect(flags[3]! & PageFlag.Clean).toBe(PageFlag.Clean);
    expect(invalidated).toEqual([
      [2 * PAGE_BYTES - 2, 2],
      [2 * PAGE_BYTES, 1],
    ]);
    expect(memory.read(2 * PAGE_BYTES - 2, 3)).toEqual(Uint8Array.of(1, 2, 3));
  });

  test('words may be unaligned', () => {
    const { memory } = newMemory();
    memory.write(1, Uint8Array.of(0x78, 0x56, 0x34, 0xf2));
    expect(memory.readU32(1)).toBe(0xf2345678);
    expect(memory.readU16(1)).toBe(0x5678);
  });

  test('an access beyond RAM is a bug of the caller', () => {
    const { memory } = newMemory();
    expect(memory.contains(RAM_BYTES - 4, 4)).toBe(true);
    expect(memory.contains(RAM_BYTES - 4, 5)).toBe(false);
    expect(memory.contains(0xffff_ffff, 0xffff_ffff)).toBe(false);
    expect(() => memory.read(RAM_BYTES - 4, 5)).toThrow(BugError);
    expect(() => memory.write(RAM_BYTES, Uint8Array.of(1))).toThrow(BugError);
    expect(() => memory.readU32(RAM_BYTES - 3)).toThrow(BugError);
  });

  test('restore drops code of the pages that it changes, and only of those', () => {
    const { memory, flags, store, invalidated } = newMemory();
    const before = memory.capture();
    flags[1]! |= PageFlag.Code;
    flags[2]! |= PageFlag.Code;
    store(PAGE_BYTES, 1);
    memory.restore(before);
    expect(invalidated).toEqual([[PAGE_BYTES, PAGE_BYTES]]);
  });
});

type Step =
  | { do: 'store'; address: number; value: number }
  | { do: 'write'; address: number; bytes: Uint8Array }
  | { do: 'hash' | 'capture' }
  | { do: 'restore'; which: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('store' as const),
    address: fc.integer({ min: 0, max: RAM_BYTES - 1 }),
    value: fc.integer({ min: 0, max: 2 }),
  }),
  fc.record({
    do: fc.constant('write' as const),
    address: fc.integer({ min: 0, max: RAM_BYTES - 6000 }),
    bytes: fc.oneof(
      fc.uint8Array({ maxLength: 20 }),
      fc.integer({ min: 1, max: 6000 }).map((n) => new Uint8Array(n)),
    ),
  }),
  fc.record({ do: fc.constantFrom('hash' as const, 'capture' as const) }),
  fc.record({ do: fc.constant('restore' as const), which: fc.nat(100) }),
);

test('whatever is written, captured and restored: hashes follow from contents alone', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { memory, ram, store } = newMemory();
      const snapshots: { pages: (Page | undefined)[]; contents: Uint8Array }[] = [];
      for (const s of steps) {
        if (s.do === 'store') store(s.address, s.value);
        else if (s.do === 'write') memory.write(s.address, s.bytes);
        else if (s.do === 'hash') memory.hash();
        else if (s.do === 'capture')
          snapshots.push({ pages: memory.capture(), contents: ram.slice() });
        else if (s.do === 'restore' && snapshots.length > 0) {
          const { pages, contents } = snapshots[s.which % snapshots.length]!;
          memory.restore(pages);
          expect(Buffer.compare(ram, contents)).toBe(0);
        }
      }
      // A fresh memory with these contents is the reference: it holds nothing from before.
      const { memory: reference } = newMemory();
      reference.write(0, ram.slice());
      expect(memory.hash()).toEqual(reference.hash());
      expect(memory.capture()).toEqual(reference.capture());
    }),
    { numRuns: runs(100, 40) },
  );
});

/**
 * Before every test file: bytes within what `toEqual` compares are compared at one go. By itself it
 * makes a name of the index of every byte, and takes a second for a few megabytes.
 */
import { expect } from 'vitest';

function sameBytes(a: unknown, b: unknown): boolean | undefined {
  if (!(a instanceof Uint8Array && b instanceof Uint8Array)) return undefined;
  return a.constructor === b.constructor && Buffer.compare(a, b) === 0;
}

// A worker runs many files, and keeps what it was given.
const GIVEN = Symbol.for('vmft: bytes are compared at one go');
const worker = globalThis as { [GIVEN]?: boolean };
if (!worker[GIVEN]) expect.addEqualityTesters([sameBytes]);
worker[GIVEN] = true;

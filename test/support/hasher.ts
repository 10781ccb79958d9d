/** The product's hash function (XXH3-128 of hash-wasm), made once for the tests of a file. */
import { createXXHash128 } from 'hash-wasm';
import type { Hasher } from '../../src/base/digest.ts';

const engine = await createXXHash128();

export const hasher: Hasher = {
  hash: (bytes) => engine.init().update(bytes).digest('binary'),
};

/**
 * The product's hash function: XXH3-128 by hash-wasm. It tells states apart that differ by accident
 * or by a bug; it is not cryptographic and guards against no adversary (the channel's TLS does).
 * The bundle of this one function loads in a third of the time of the whole library.
 */
import bundle from 'hash-wasm/dist/xxhash128.umd.min.js';
import type { Hasher } from '../base/digest.ts';

/** Makes a hasher. All hashers compute the same function. */
export async function makeHasher(): Promise<Hasher> {
  const engine = await bundle.createXXHash128();
  return { hash: (bytes) => engine.init().update(bytes).digest('binary') };
}

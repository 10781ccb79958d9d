/** The bundle of hash-wasm that holds one hash function only; it has no types of its own. */
declare module 'hash-wasm/dist/xxhash128.umd.min.js' {
  import type { createXXHash128 } from 'hash-wasm';

  const bundle: { readonly createXXHash128: typeof createXXHash128 };
  export default bundle;
}

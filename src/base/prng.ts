/**
 * A seeded pseudo-random generator (xoshiro128**, Blackman and Vigna 2018, seeded by splitmix32).
 * The only randomness below the host layer; its state is plain data, so that a world can be forked.
 */

/** Four 32-bit words; never all zero. */
export type PrngState = readonly [number, number, number, number];

const rotl = (x: number, k: number): number => (x << k) | (x >>> (32 - k));

export class Prng {
  #s: Int32Array;

  /** A generator for `seed` (any 32-bit integer), or one that goes on from a saved state. */
  constructor(seed: number | PrngState) {
    this.#s = new Int32Array(4);
    if (typeof seed !== 'number') {
      this.#s.set(seed);
      return;
    }
    let z = seed | 0;
    for (let i = 0; i < 4; i++) {
      z = (z + 0x9e3779b9) | 0;
      let t = z ^ (z >>> 16);
      t = Math.imul(t, 0x21f0aaad);
      t ^= t >>> 15;
      t = Math.imul(t, 0x735a2d97);
      this.#s[i] = t ^ (t >>> 15);
    }
    if (this.#s.every((word) => word === 0)) this.#s[0] = 1;
  }

  /** The next 32 bits, unsigned. */
  next(): number {
    const s = this.#s;
    const result = Math.imul(rotl(Math.imul(s[1]!, 5), 7), 9);
    const t = s[1]! << 9;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= t;
    s[3] = rotl(s[3]!, 11);
    return result >>> 0;
  }

  /** An integer in [0, bound), for 0 < bound ≤ 2^32. */
  below(bound: number): number {
    return Math.floor((this.next() / 0x1_0000_0000) * bound);
  }

  /** True with the given probability (0 … 1). */
  chance(probability: number): boolean {
    return this.next() / 0x1_0000_0000 < probability;
  }

  /** `size` random bytes. */
  bytes(size: number): Uint8Array {
    const out = new Uint8Array(size);
    for (let i = 0; i < size; i++) out[i] = this.next() & 0xff;
    return out;
  }

  /** The state, from which `new Prng(state)` goes on. */
  state(): PrngState {
    const s = this.#s;
    return [s[0]!, s[1]!, s[2]!, s[3]!];
  }
}

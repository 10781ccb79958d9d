/** Numbers and addresses in which mistakes are likely to show. */
import type { Prng } from '../../src/base/prng.ts';

/** Memory of every test: all that 16-bit addresses reach. */
export const RAM_BYTES = 0x10000;

const EDGES = [
  0, 1, 2, 3, 0x0f, 0x10, 0x1f, 0x20, 0x7f, 0x80, 0x81, 0xfe, 0xff, 0x100, 0x7fff, 0x8000, 0x8001,
  0xfffe, 0xffff, 0x10000, 0x7ffffffe, 0x7fffffff, 0x80000000, 0x80000001, 0xffffff80, 0xffff8000,
  0xfffffffe, 0xffffffff,
] as const;

/** An unsigned 32-bit value: an edge, a small number, a few bits, a decimal digit pair, or any. */
export function someValue(prng: Prng): number {
  switch (prng.below(8)) {
    case 0:
    case 1:
      return EDGES[prng.below(EDGES.length)]!;
    case 2:
      return prng.below(0x100);
    case 3:
      return (1 << prng.below(32)) >>> 0;
    case 4:
      return (EDGES[prng.below(EDGES.length)]! << prng.below(24)) >>> 0;
    default:
      return prng.next();
  }
}

/** An address with some room on both sides; every third one is near the end of a page. */
export function someAddress(prng: Prng): number {
  const room = 0x200;
  if (prng.chance(1 / 3)) return 0x1000 * (1 + prng.below(15)) - prng.below(20) + 4;
  return room + prng.below(RAM_BYTES - 2 * room);
}

/** Arithmetic flags and, now and then, DF. */
export function someFlags(prng: Prng): number {
  return (prng.next() & 0x8d5) | (prng.chance(0.3) ? 0x400 : 0) | 2;
}

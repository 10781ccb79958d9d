/** The series of tests that a seed names, and the memory in which they start. */
import { Prng } from '../../src/base/prng.ts';
import { landing, someOpcode, storing } from './code-writers.ts';
import {
  crossing,
  flagPair,
  type Generated,
  loop,
  mixture,
  noise,
  refusal,
  single,
} from './generator.ts';
import { ROWS } from './rows.ts';
import { RAM_BYTES } from './values.ts';

const someRow = (prng: Prng): Generated | undefined => single(prng, ROWS[prng.below(ROWS.length)]!);

/** Tried in turn. */
const KINDS = [
  someRow,
  flagPair,
  someRow,
  mixture,
  someRow,
  noise,
  someRow,
  loop,
  someRow,
  crossing,
  storing,
  someRow,
  storing,
  refusal,
  landing,
] as const;

/** The endless series of tests that `seed` names. */
export function* tests(seed: number): Generator<Generated> {
  const prng = new Prng(seed);
  for (let n = 0; ; n++) {
    const made = KINDS[n % KINDS.length]!(prng);
    if (made) yield made;
  }
}

/** Memory in which all tests of a series start: a processor that runs on in it does no harm. */
export function background(seed: number): Uint8Array {
  const prng = new Prng(seed);
  return Uint8Array.from({ length: RAM_BYTES }, () => someOpcode(prng));
}

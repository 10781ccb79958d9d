/**
 * The closed union of everything that may reach a machine from outside (machine.md, "What may reach
 * the guest, and when"). An input is applied between two instructions, at a logged count.
 */
import type { Reading } from '../cpu/bus.ts';

export type Input =
  /** A timer's deadline has passed: PIT channel `timer`. */
  | { readonly kind: 'tick'; readonly timer: number }
  /** A frame for the network device, without checksum, at most MAX_FRAME_BYTES. */
  | { readonly kind: 'packet'; readonly bytes: Uint8Array }
  /** Bytes typed at the console. */
  | { readonly kind: 'console'; readonly bytes: Uint8Array }
  /** A disk request has completed; `data` for a successful read. */
  | { readonly kind: 'disk'; readonly id: number; readonly ok: boolean; readonly data?: Uint8Array }
  /** The answer to a need (tsc, timeNs, timeOfDay, entropy). */
  | Reading;

/** The kinds of input, as words. */
export type InputKind = Input['kind'];

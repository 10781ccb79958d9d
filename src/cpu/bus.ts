/**
 * What the processor needs from the board around it: device windows, ports and the interrupt line.
 * The processor owns RAM accesses itself (layout.ts); everything else comes here.
 */

/**
 * A reading that the machine's state does not determine (contracts.md 4). The machine stops before
 * the instruction that needs it.
 * - `tsc`: time-stamp counter · `timeNs`: guest time in nanoseconds · `timeOfDay`: nanoseconds
 * since
 *   1970-01-01 UTC · `entropy`: `size` random bytes, 1 … MAX_ENTROPY_BYTES
 */
export type Need =
  | { readonly kind: 'tsc' | 'timeNs' | 'timeOfDay' }
  | { readonly kind: 'entropy'; readonly size: number };

/** The value of a reading, handed to the machine before the instruction is tried again. */
export type Reading =
  | { readonly kind: 'tsc' | 'timeNs' | 'timeOfDay'; readonly value: bigint }
  | { readonly kind: 'entropy'; readonly bytes: Uint8Array };

/** Bytes of one access. */
export type AccessSize = 1 | 2 | 4;

export interface Bus {
  /**
   * The reading that this access would take, or undefined. Pure. Asked before every access to a
   * window or port; when it answers, the processor stops before the instruction until the reading
   * has been given.
   */
  need(
    space: 'memory' | 'port',
    address: number,
    size: AccessSize,
    write?: number,
  ): Need | undefined;

  /** Reads a device window or a hole. `address` is outside RAM; the result is unsigned. */
  readMemory(address: number, size: AccessSize): number;
  writeMemory(address: number, size: AccessSize, value: number): void;
  readPort(port: number, size: AccessSize): number;
  writePort(port: number, size: AccessSize, value: number): void;

  /** The reading for the access that follows at once, as `need` asked. */
  give(reading: Reading): void;

  /**
   * The instruction under way does not lie whole in RAM: `address` is the first byte that does not.
   * The processor raises #UD, unless the bus asks for a stop: then nothing of it happens.
   */
  fetchOutside(address: number): void;

  /** The interrupt line into the processor (the PIC's INTR). */
  interruptRequested(): boolean;
  /** Interrupt acknowledge: takes the highest pending interrupt and returns its vector, 0 … 255. */
  acknowledgeInterrupt(): number;

  /**
   * True when a device wants the run to end after the present instruction: an output is waiting,
   * the guest has exited, or (strict) touched what is not there. Read after every access.
   */
  readonly stopRequested: boolean;

  /** A page of RAM that counted as clean is about to be written for the first time. */
  firstWrite(page: number): void;
}

/**
 * What a device is to the board: a register file behind a window. It sees offsets, never addresses;
 * its interrupt line, and whatever else it needs, is handed to its constructor.
 */
import type { AccessSize, Need } from '../../cpu/bus.ts';
import type { Plain } from '../plain.ts';

export interface Device {
  /** Reads `size` bytes at `offset` of the window; unsigned. Port devices are asked bytewise. */
  read(offset: number, size: AccessSize): number;
  write(offset: number, size: AccessSize, value: number): void;
  /** The reading that this access would take, or undefined. Pure; absent means never. */
  need?(offset: number, size: AccessSize, write?: number): Need | undefined;
  /** Everything that the device knows, as plain data that shares nothing with it. */
  state(): Plain;
  /** Takes back what `state` returned; the device then behaves as it did there. */
  restore(state: Plain): void;
}

/** Sets the level of an interrupt line. */
export type InterruptLine = (level: boolean) => void;

/** The reading that was given for the access under way (Bus.give). */
export interface Readings {
  /** The value of the reading, which is of this kind. */
  value(kind: 'timeNs' | 'timeOfDay'): bigint;
  /** The bytes of the entropy reading. */
  entropy(): Uint8Array;
}

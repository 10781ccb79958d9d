/**
 * The doors of a machine (contracts.md). Nothing outside this layer touches
 * guest state in any other way.
 */
import type { Digest } from '../base/digest.ts';
import type { Need } from '../cpu/bus.ts';
import type { Input, InputKind } from './input.ts';
import type { DiskRequest, Output } from './output.ts';

/** What sits in a virtio slot; slot n is at 0xFEB00000 + n·0x200 on IRQ 5 + n. */
export type VirtioSpec =
  | { readonly kind: 'block'; readonly sectors: number }
  | { readonly kind: 'net'; readonly mac: string }
  | { readonly kind: 'entropy' }
  | { readonly kind: 'empty' };

/** Everything besides the image that decides what a machine is. Plain data; part of a recording. */
export interface MachineConfig {
  /** RAM in bytes, a multiple of 4096. */
  readonly ramBytes: number;
  /** The user's words; the board appends what machine.md "Loading" says. */
  readonly commandLine: string;
  /** Slots from 0; at most VIRTIO_SLOTS. `mac` is written 52:54:00:12:34:56. */
  readonly slots: readonly VirtioSpec[];
  /** Touching what is not there is a guest fault. */
  readonly strict: boolean;
  /** For flat binaries: load address and entry; undefined for ELF. */
  readonly loadAddress?: number;
  readonly entry?: number;
}

/** A running timer: a tick is due when guest time reaches `deadlineNs`. */
export interface Timer {
  readonly timer: number;
  readonly deadlineNs: number;
}

/** Why a run ended; `needs-input` is seen by the hypervisor only. */
export type Stop =
  | { readonly why: 'budget' | 'halted' | 'output' | 'breakpoint' }
  | { readonly why: 'needs-input'; readonly need: Need }
  | { readonly why: 'exit'; readonly status: number }
  /**
   * The guest cannot go on: triple fault, or (strict) an access to nothing. `detail` is for people.
   */
  | { readonly why: 'fault'; readonly vector: number; readonly detail: string };

/** One page of guest memory at one time: never written after it was made, shared by snapshots. */
export interface Page {
  readonly bytes: Uint8Array;
}

/**
 * A machine at one instruction boundary: plain data. Pages that two snapshots have in common are
 * the same objects, so that forking costs what differs.
 */
export interface Snapshot {
  readonly count: number;
  /**
   * Architectural processor state with flags materialised (cpu/state.ts says how it is laid out).
   */
  readonly cpu: Uint8Array;
  /** Device states by name, plain data. */
  readonly devices: Readonly<Record<string, unknown>>;
  /** One for each page of RAM; undefined is a page of zeros. */
  readonly pages: readonly (Page | undefined)[];
}

/** A computer: everything above it works through these doors alone. */
export interface Machine {
  /** The instruction count (contracts.md 1). */
  readonly count: number;
  /**
   * Delivers what is pending, then executes until `count` reaches `until` or something stops it.
   */
  run(until: number): Stop;
  /** Changes device state only; throws a BugError where `accepts` says no. */
  apply(input: Input): void;
  /** Whether a device can take an input of this kind now (contracts.md 5). */
  accepts(kind: InputKind): boolean;
  /** Outputs since the last call, in order. */
  takeOutputs(): Output[];
  /** Timers that run, with their deadlines in guest time. Pure. */
  timers(): readonly Timer[];
  /** Disk requests without a completion, oldest first. Pure. */
  pendingIo(): readonly DiskRequest[];
  snapshot(): Snapshot;
  restore(snapshot: Snapshot): void;
  /** Over count, processor, devices and every page of RAM (contracts.md 6). */
  digest(): Digest;
}

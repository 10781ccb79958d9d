/** The doors of the processor, as the board uses them. `Cpu` in cpu.ts implements them. */
import type { Need, Reading } from './bus.ts';

/**
 * Why the processor came back.
 * - `budget`: the count has reached `until` · `halted`: HLT, and no interrupt is requested
 * - `stop-requested`: the bus asked for it (Bus.stopRequested)
 * - `needs-input`: the next instruction takes a reading that has not been given
 * - `fault`: triple fault; `vector` and `error` are the first exception of the chain and its error
 *   code, where it has one
 */
export type CpuStop =
  | { readonly why: 'budget' | 'halted' | 'stop-requested' }
  | { readonly why: 'needs-input'; readonly need: Need }
  | {
      readonly why: 'fault';
      readonly vector: number;
      readonly error: number | undefined;
      readonly detail: string;
    };

/** An execution engine: what a machine needs of a processor. */
export interface Processor {
  readonly count: number;
  /** Delivers a pending interrupt first, then executes until `count` reaches `until`. */
  run(until: number): CpuStop;
  /** The reading for the next instruction; it is state until that instruction takes it. */
  give(reading: Reading): void;
  /** The processor at entry (machine.md "Loading"), with eip and ebx as given and count 0. */
  reset(eip: number, ebx: number): void;
  /** Something other than the processor wrote RAM: drop code decoded from those bytes. */
  invalidate(address: number, length: number): void;
  /** Architectural state, flags materialised, and the reading; `restore` takes it back. */
  state(): Uint8Array;
  restore(state: Uint8Array): void;
}

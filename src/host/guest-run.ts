/**
 * One guest on one machine: carries inputs from terminal, sockets and disk files to a recorder and
 * its outputs back, in real or virtual time. `run` throws the entries away, `record` keeps them.
 */
import { setImmediate as yieldToHost } from 'node:timers/promises';
import type { Hasher } from '../base/digest.ts';
import type { Slice } from '../hypervisor/entry.ts';
import type { LogPoint } from '../hypervisor/log-point.ts';
import { Recorder } from '../hypervisor/recorder.ts';
import { Replayer } from '../hypervisor/replayer.ts';
import type { Input } from '../machine/input.ts';
import type { X86Machine } from '../machine/machine.ts';
import type { Output } from '../machine/output.ts';
import type { DiskFile } from './disk-file.ts';
import type { RunTime } from './run-time.ts';

/** Longest stretch while nothing is due: in virtual time a constant, because runs must repeat. */
const VIRTUAL_SLICE = 1_000_000;
/** In real time a millisecond, so that an input waits no longer. */
const REAL_SLICE_NS = 1_000_000;
/** Slices between two looks at the host while nothing can come from it but a signal. */
const SLICES_PER_YIELD = 64;

/** How a run ended. `stuck`: halted, and nothing is left that could wake the guest. */
export type RunEnd =
  | { readonly why: 'exit'; readonly status: number }
  | { readonly why: 'fault'; readonly vector: number; readonly detail: string }
  | { readonly why: 'limit' | 'stuck' | 'interrupted' };

/** What a run is made of. */
export interface GuestRunOptions {
  readonly machine: X86Machine;
  readonly hasher: Hasher;
  readonly time: RunTime;
  /** Instructions after which the run ends with `limit`. */
  readonly maxInstructions: number;
  /** By virtio slot. */
  readonly disks: readonly (DiskFile | undefined)[];
  readonly digestEvery?: number;
  /** Where the machine goes on, if it has run before. */
  readonly point?: LogPoint;
  /**
   * Console bytes from `offset` on, as the guest writes them: a line that has begun comes at once,
   * and again, from the same offset, when it is complete.
   */
  readonly onConsole: (offset: number, bytes: Uint8Array) => void;
  readonly onFrame: (bytes: Uint8Array) => void;
  /** Every slice, before its outputs leave. */
  readonly onSlice?: (slice: Slice) => void;
}

export class GuestRun {
  readonly recorder: Recorder;
  readonly #options: GuestRunOptions;
  /** Inputs that the recorder had no room for, oldest first. */
  readonly #waiting: Input[] = [];
  #wake: (() => void) | undefined;
  #interrupted = false;
  /** Sources of input that are still open. */
  #open = 0;

  constructor(options: GuestRunOptions) {
    this.#options = options;
    const { machine, hasher, time, digestEvery, point } = options;
    if (point) {
      this.recorder = new Replayer({ machine, hasher, point }).goLive(time);
      return;
    }
    const base = { machine, hasher, sources: time };
    this.recorder = new Recorder(digestEvery === undefined ? base : { ...base, digestEvery });
  }

  /** A source of input opens or closes; while one is open a halted guest may yet be woken. */
  source(change: 'opens' | 'closes'): void {
    this.#open += change === 'opens' ? 1 : -1;
    this.#wake?.();
  }

  /** Something from outside for the guest. A packet is dropped when there is no room for it. */
  offer(input: Input): void {
    const taken = this.#waiting.length === 0 && this.recorder.offer(input);
    if (!taken && input.kind !== 'packet') this.#waiting.push(input);
    this.#wake?.();
  }

  /** Whether the guest has taken all console bytes that have been offered. */
  get hasReadConsole(): boolean {
    return this.#waiting.length === 0 && this.#options.machine.accepts('console');
  }

  /** Ends the run at the next boundary of a slice. */
  interrupt(): void {
    this.#interrupted = true;
    this.#wake?.();
  }

  async run(): Promise<RunEnd> {
    for (let slices = 1; ; slices++) {
      const slice = this.#slice();
      const end = this.#endOf(slice);
      if (end) return end;
      const idle = slice.stop.why === 'halted' && this.#waiting.length === 0;
      if (idle && !(await this.#idle(slice))) return { why: 'stuck' };
      const live = this.#options.time.kind === 'real' || this.#open > 0;
      if (live || slices % SLICES_PER_YIELD === 0) await yieldToHost();
    }
  }

  #slice(): Slice {
    const { time, maxInstructions, onSlice } = this.#options;
    while (this.#waiting.length > 0 && this.recorder.offer(this.#waiting[0]!))
      this.#waiting.shift();
    const { count } = this.recorder.machine;
    const now = time.nowNs(count);
    const deadline = this.#deadlineNs ?? Number.POSITIVE_INFINITY;
    const length =
      time.kind === 'virtual'
        ? Math.min(VIRTUAL_SLICE, time.instructionsUntil(deadline, count))
        : time.instructionsUntil(Math.min(now + REAL_SLICE_NS, deadline), count);
    const slice = this.recorder.slice(Math.min(count + length, maxInstructions), now);
    this.#deadlineNs = slice.deadlineNs;
    onSlice?.(slice);
    for (const output of slice.outputs) this.#release(output);
    const begun = this.#options.machine.unsentConsole();
    if (begun.bytes.length > 0) this.#options.onConsole(begun.offset, begun.bytes);
    return slice;
  }

  /** The earliest timer deadline that the last slice told of. */
  #deadlineNs: number | undefined;

  #release(output: Output): void {
    switch (output.kind) {
      case 'console':
        this.#options.onConsole(output.offset, output.bytes);
        break;
      case 'frame':
        this.#options.onFrame(output.bytes);
        break;
      case 'disk':
        this.offer(this.#options.disks[output.request.disk]!.perform(output.request));
        break;
      case 'exit':
        break;
    }
  }

  #endOf(slice: Slice): RunEnd | undefined {
    const { stop } = slice;
    if (stop.why === 'exit') return { why: 'exit', status: stop.status };
    if (stop.why === 'fault') return { why: 'fault', vector: stop.vector, detail: stop.detail };
    if (this.#interrupted) return { why: 'interrupted' };
    const full = slice.count >= this.#options.maxInstructions && stop.why === 'budget';
    return full ? { why: 'limit' } : undefined;
  }

  /** The guest is halted: waits for a deadline or an input. False when neither can come. */
  async #idle(slice: Slice): Promise<boolean> {
    const { time } = this.#options;
    const { deadlineNs, count } = slice;
    if (this.recorder.machine.pendingIo().length > 0) return true;
    if (time.kind === 'virtual' && deadlineNs !== undefined) {
      time.idle(deadlineNs, count);
      return true;
    }
    if (deadlineNs === undefined && this.#open === 0) return false;
    await this.#sleep(deadlineNs === undefined ? undefined : deadlineNs - time.nowNs(count));
    return true;
  }

  async #sleep(ns: number | undefined): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = ns === undefined ? undefined : setTimeout(resolve, Math.max(0, ns / 1e6));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }
}

/**
 * Time and readings for a guest on one host: the real clock, or virtual time, in which nothing but
 * the instruction count, the idle time and a seed decide.
 */
import { randomBytes } from 'node:crypto';
import { Prng } from '../base/prng.ts';
import type { Need, Reading } from '../cpu/bus.ts';
import type { Sources } from '../hypervisor/entry.ts';

/** Time of day at which virtual time begins: 2026-01-01T00:00:00Z, in ns since 1970. */
const VIRTUAL_EPOCH_NS = 1_767_225_600_000_000_000n;

export interface RunTime extends Sources {
  readonly kind: 'real' | 'virtual';
  /** Time at instruction `count` in ns, from 0 at the start. */
  nowNs(count: number): number;
  /** Instructions to run so as to reach `deadlineNs`, at least 1; an estimate in real time. */
  instructionsUntil(deadlineNs: number, count: number): number;
  /** The guest idles at `count` until `deadlineNs`: virtual time goes there at once. */
  idle(deadlineNs: number, count: number): void;
}

/** The host's monotonic clock, its time of day and its entropy. */
export class RealTime implements RunTime {
  readonly kind = 'real';
  readonly #startNs = process.hrtime.bigint();
  #speed = { count: 0, ns: 0, perNs: 0.1 };

  nowNs(): number {
    return Number(process.hrtime.bigint() - this.#startNs);
  }

  instructionsUntil(deadlineNs: number, count: number): number {
    const ns = this.nowNs();
    const speed = this.#speed;
    if (count > speed.count && ns > speed.ns) speed.perNs = (count - speed.count) / (ns - speed.ns);
    speed.count = count;
    speed.ns = ns;
    return Math.max(1000, Math.ceil((deadlineNs - ns) * Math.max(speed.perNs, 0.001)));
  }

  idle(): void {}

  read(need: Need): Reading {
    switch (need.kind) {
      case 'entropy':
        return { kind: 'entropy', bytes: new Uint8Array(randomBytes(need.size)) };
      case 'timeOfDay':
        return { kind: 'timeOfDay', value: BigInt(Date.now()) * 1_000_000n };
      case 'timeNs':
      case 'tsc':
        return { kind: need.kind, value: process.hrtime.bigint() - this.#startNs };
    }
  }
}

/** Time as a function of the instruction count; the same run gives the same log, always. */
export class VirtualTime implements RunTime {
  readonly kind = 'virtual';
  readonly #nsPerInstruction: number;
  readonly #prng: Prng;
  #idleNs = 0;

  /** `seed` decides all entropy. */
  constructor(nsPerInstruction: number, seed: number) {
    this.#nsPerInstruction = nsPerInstruction;
    this.#prng = new Prng(seed);
  }

  nowNs(count: number): number {
    return Math.floor(count * this.#nsPerInstruction) + this.#idleNs;
  }

  instructionsUntil(deadlineNs: number, count: number): number {
    return Math.max(1, Math.ceil((deadlineNs - this.nowNs(count)) / this.#nsPerInstruction));
  }

  idle(deadlineNs: number, count: number): void {
    this.#idleNs += Math.max(0, deadlineNs - this.nowNs(count));
  }

  read(need: Need, count: number): Reading {
    const ns = BigInt(this.nowNs(count));
    switch (need.kind) {
      case 'entropy':
        return { kind: 'entropy', bytes: this.#prng.bytes(need.size) };
      case 'timeOfDay':
        return { kind: 'timeOfDay', value: VIRTUAL_EPOCH_NS + ns };
      case 'timeNs':
      case 'tsc':
        return { kind: need.kind, value: ns };
    }
  }
}

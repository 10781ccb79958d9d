/**
 * Writes a script of accesses while making them on a board of ours, so that a generator can ask
 * where the devices stand, and leave out what the boards are known to do differently.
 */
import type { VirtioSpec } from '../../../src/machine/types.ts';
import type { Access } from '../../support/access-guest.ts';
import { BoardBench } from '../../support/board-bench.ts';

const RAM_BYTES = 0x10_0000;

export class Scribe {
  readonly script: Access[] = [];
  readonly bench: BoardBench;

  constructor(slots: readonly VirtioSpec[] = []) {
    this.bench = new BoardBench(slots, RAM_BYTES);
  }

  /** Makes an access; what it reads. */
  make(...access: Access): number {
    this.script.push(access);
    return this.bench.perform({ access }).value;
  }

  /** Makes accesses, or leaves no trace of them where `allowed` says no of what they led to. */
  attempt(accesses: readonly Access[], allowed: () => boolean): boolean {
    const before = this.bench.snapshot();
    const { length } = this.script;
    for (const access of accesses) {
      this.make(...access);
      if (allowed()) continue;
      this.bench.restore(before);
      this.script.length = length;
      return false;
    }
    return true;
  }

  /** The state of one of the board's devices. */
  state<T>(device: string): T {
    return this.bench.board.state()[device] as T;
  }
}

/**
 * Where devices put what leaves the machine. An output ends the run after the present instruction,
 * so that every output belongs to the instruction that made it.
 */
import type { Output } from './output.ts';

/** Outputs in the order in which the guest made them. */
export class OutputQueue {
  #waiting: Output[] = [];

  /** Outputs that nobody has taken yet. */
  get length(): number {
    return this.#waiting.length;
  }

  /** Appends an output. */
  emit(output: Output): void {
    this.#waiting.push(output);
  }

  /** Hands out what is waiting, oldest first. */
  take(): Output[] {
    const taken = this.#waiting;
    this.#waiting = [];
    return taken;
  }
}

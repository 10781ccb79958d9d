/**
 * Inputs that have arrived and wait for a place in the log. Bounded: what does not fit is dropped
 * here, before anything is logged, as a full ring of a real card would drop it. A disk completion
 * is never dropped; there are no more of them than requests in flight.
 */
import { assert } from '../base/assert.ts';
import {
  MAX_CONSOLE_INPUT_BYTES,
  MAX_FRAME_BYTES,
  MAX_QUEUED_CONSOLE_BYTES,
  MAX_QUEUED_PACKETS,
} from '../base/limits.ts';
import type { Input, InputKind } from '../machine/input.ts';
import { isReading } from './log-point.ts';

export class InputQueue {
  #inputs: readonly Input[];

  constructor(inputs: readonly Input[] = []) {
    this.#inputs = inputs;
  }

  /** Waiting inputs, oldest first. */
  get inputs(): readonly Input[] {
    return this.#inputs;
  }

  /** Whether a completion of request `id` waits here. */
  completes(id: number): boolean {
    return this.#inputs.some((input) => input.kind === 'disk' && input.id === id);
  }

  /**
   * Appends an input; console bytes in pieces that fit the FIFO. False when it was dropped: too
   * many wait already, or a frame is too long for any wire. Its bytes are never written again.
   */
  push(input: Input): boolean {
    const { kind } = input;
    assert(kind !== 'tick' && !isReading(kind), `an input of kind ${kind} cannot be offered`);
    if (kind === 'packet' && !this.#takesPacket(input.bytes)) return false;
    if (kind === 'console') return this.#pushConsole(input.bytes);
    this.#inputs = [...this.#inputs, input];
    return true;
  }

  #takesPacket(bytes: Uint8Array): boolean {
    const waiting = this.#inputs.filter((input) => input.kind === 'packet').length;
    return bytes.length <= MAX_FRAME_BYTES && waiting < MAX_QUEUED_PACKETS;
  }

  #pushConsole(bytes: Uint8Array): boolean {
    let waiting = 0;
    for (const input of this.#inputs) if (input.kind === 'console') waiting += input.bytes.length;
    if (waiting + bytes.length > MAX_QUEUED_CONSOLE_BYTES) return false;
    const pieces: Input[] = [];
    for (let at = 0; at < bytes.length; at += MAX_CONSOLE_INPUT_BYTES) {
      pieces.push({ kind: 'console', bytes: bytes.subarray(at, at + MAX_CONSOLE_INPUT_BYTES) });
    }
    this.#inputs = [...this.#inputs, ...pieces];
    return true;
  }

  /**
   * Takes out the first input whose kind the machine accepts. An input waits behind an older one of
   * its kind; different kinds do not wait for each other.
   */
  take(accepts: (kind: InputKind) => boolean): Input | undefined {
    const blocked = new Set<InputKind>();
    for (const [index, input] of this.#inputs.entries()) {
      if (blocked.has(input.kind)) continue;
      if (accepts(input.kind)) {
        this.#inputs = this.#inputs.toSpliced(index, 1);
        return input;
      }
      blocked.add(input.kind);
    }
    return undefined;
  }
}

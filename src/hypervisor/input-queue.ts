/**
 * Inputs that have arrived and wait for a place in the log. Bounded: what does not fit is dropped
 * here, before anything is logged, as a full ring of a real card would drop it. A disk completion
 * is never dropped; there are no more of them than requests in flight.
 *
 * An input waits behind an older one of its kind; different kinds do not wait for each other. So
 * there is a queue for each kind, and who takes one looks at their heads only.
 */
import { assert } from '../base/assert.ts';
import {
  MAX_CONSOLE_INPUT_BYTES,
  MAX_FRAME_BYTES,
  MAX_QUEUED_CONSOLE_BYTES,
  MAX_QUEUED_PACKETS,
} from '../base/limits.ts';
import type { Input, InputKind } from '../machine/input.ts';

/** An input and its place in the order of arrival. */
interface Waiting {
  readonly arrival: number;
  readonly input: Input;
}

type QueuedKind = 'packet' | 'console' | 'disk';

const isQueued = (kind: InputKind): kind is QueuedKind =>
  kind === 'packet' || kind === 'console' || kind === 'disk';

export class InputQueue {
  readonly #queues: Readonly<Record<QueuedKind, Waiting[]>> = { packet: [], console: [], disk: [] };
  #arrivals = 0;
  #consoleBytes = 0;

  /** A queue that holds `inputs`, which are those of another, oldest first. */
  constructor(inputs: readonly Input[] = []) {
    for (const input of inputs) this.#append(input);
  }

  /** Waiting inputs, oldest first. */
  get inputs(): readonly Input[] {
    const all = Object.values(this.#queues).flat();
    return all.sort((a, b) => a.arrival - b.arrival).map(({ input }) => input);
  }

  /** Whether a completion of request `id` waits here. */
  completes(id: number): boolean {
    return this.#queues.disk.some(({ input }) => input.kind === 'disk' && input.id === id);
  }

  /** Whether an input waits that the machine would accept. */
  hasFor(accepts: (kind: InputKind) => boolean): boolean {
    return this.#first(accepts) !== undefined;
  }

  /**
   * Appends an input; console bytes in pieces that fit the FIFO. False when it was dropped: too
   * many wait already, or a frame is too long for any wire. Its bytes are never written again.
   */
  push(input: Input): boolean {
    if (input.kind === 'console') return this.#pushConsole(input.bytes);
    if (input.kind === 'packet') {
      if (input.bytes.length > MAX_FRAME_BYTES) return false;
      if (this.#queues.packet.length >= MAX_QUEUED_PACKETS) return false;
    }
    this.#append(input);
    return true;
  }

  #pushConsole(bytes: Uint8Array): boolean {
    if (this.#consoleBytes + bytes.length > MAX_QUEUED_CONSOLE_BYTES) return false;
    for (let at = 0; at < bytes.length; at += MAX_CONSOLE_INPUT_BYTES) {
      this.#append({ kind: 'console', bytes: bytes.subarray(at, at + MAX_CONSOLE_INPUT_BYTES) });
    }
    return true;
  }

  #append(input: Input): void {
    const { kind } = input;
    assert(isQueued(kind), () => `an input of kind ${kind} cannot be offered`);
    this.#queues[kind].push({ arrival: this.#arrivals++, input });
    if (input.kind === 'console') this.#consoleBytes += input.bytes.length;
  }

  /** Takes out the oldest input that the machine accepts; undefined where it accepts none. */
  take(accepts: (kind: InputKind) => boolean): Input | undefined {
    const input = this.#first(accepts)?.shift()?.input;
    if (input?.kind === 'console') this.#consoleBytes -= input.bytes.length;
    return input;
  }

  /** The queue whose head is the oldest of those that the machine accepts. */
  #first(accepts: (kind: InputKind) => boolean): Waiting[] | undefined {
    let first: Waiting[] | undefined;
    for (const queue of Object.values(this.#queues)) {
      const head = queue[0];
      if (!head || (first && first[0]!.arrival < head.arrival)) continue;
      if (accepts(head.input.kind)) first = queue;
    }
    return first;
  }
}

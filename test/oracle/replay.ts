/**
 * A test run again here, step by step: where it was after so many steps, what came next, and
 * whether that left RAM.
 */
import type { MemoryRun, VectorAnswer, VectorTest } from '../../src/cli/vectors-line.ts';
import type { VectorMachine } from '../../src/cli/vectors-machine.ts';
import { decode } from '../../src/isa/decoder.ts';
import { Reg } from '../../src/isa/instruction.ts';
import { RAM_BYTES } from './values.ts';

/** A point of a test. */
export interface Point {
  /** The answer up to there. */
  readonly answer: VectorAnswer;
  /** What lies over the background, in this order. */
  readonly memory: readonly MemoryRun[];
  /** Something outside RAM was read or written on the way. */
  readonly outside: boolean;
}

/** Bytes that are looked at to decode one instruction: one more than it may have. */
const WINDOW = 16;

/** The bytes in which `to` differs from `from`, in runs. */
function differences(from: Uint8Array, to: Uint8Array): MemoryRun[] {
  const runs: MemoryRun[] = [];
  for (let at = 0; at < from.length; at++) {
    if (from[at] === to[at]) continue;
    const start = at;
    while (at < from.length && from[at] !== to[at]) at++;
    runs.push({ address: start, bytes: to.slice(start, at) });
  }
  return runs;
}

/** Runs tests on `machine`, whose memory begins as `background`. */
export class Replay {
  readonly #machine: VectorMachine;
  readonly #background: Uint8Array;

  constructor(machine: VectorMachine, background: Uint8Array) {
    this.#machine = machine;
    this.#background = background;
  }

  /** RAM with `runs` over the background. */
  #image(runs: readonly MemoryRun[]): Uint8Array {
    const image = this.#background.slice();
    for (const { address, bytes } of runs) image.set(bytes, address);
    return image;
  }

  /** Where `test` is after `steps` steps, or where it ended before. */
  after(test: VectorTest, steps: number): Point {
    if (steps === 0) {
      const { eip, registers, memory } = test;
      const eflags = test.eflags | 2;
      const none = { retired: 0, fault: '-', error: undefined, memory: [] };
      return { answer: { ...none, eip, eflags, registers }, memory, outside: false };
    }
    const answer = this.#machine.run({ ...test, steps });
    const outside = this.#machine.touchedOutside;
    return { answer, memory: [...test.memory, ...answer.memory], outside };
  }

  /** The instruction at `point`, and its bytes. */
  next({ answer: { eip }, memory }: Point) {
    const window = this.#background.slice(eip, eip + WINDOW);
    for (const { address, bytes } of memory) {
      const from = Math.max(address, eip);
      const to = Math.min(address + bytes.length, eip + window.length);
      if (from < to) window.set(bytes.subarray(from - address, to - address), from - eip);
    }
    const instruction = decode(window, 0, window.length, eip);
    return { instruction, bytes: window.subarray(0, instruction.length) };
  }

  /** What comes after `point`, in which each iteration is a step. */
  #rest(point: Point): VectorTest {
    const { eip, eflags, registers } = point.answer;
    const { memory } = point;
    return { steps: 1, repeatsCountOnce: false, eip, eflags, registers, memory };
  }

  /**
   * Where another processor must be that has stopped in the middle of step `retired` + 1 with
   * `ecx`: some iterations further on if the instruction is repeated and counts once.
   */
  stopped(test: VectorTest, retired: number, ecx: number): Point {
    const point = this.after(test, retired);
    const { instruction } = this.next(point);
    const repeats = instruction.row !== undefined && instruction.repeat !== 0;
    if (!repeats || !test.repeatsCountOnce) return point;
    const mask = instruction.addressSize === 2 ? 0xffff : -1;
    const iterations = ((point.answer.registers[Reg.Ecx]! - ecx) & mask) >>> 0;
    // No test repeats more often than it has bytes to do it in.
    if (iterations === 0 || iterations > RAM_BYTES) return point;
    const { answer, memory, outside } = this.after(this.#rest(point), iterations);
    const changes = differences(this.#image(test.memory), this.#image(memory));
    return { answer: { ...answer, retired, memory: changes }, memory, outside };
  }

  /** Whether the next step from `point` leaves RAM. */
  leaves(point: Point): boolean {
    const { instruction } = this.next(point);
    if (instruction.row === undefined && instruction.why === 'fetch') return true;
    const answer = this.#machine.run(this.#rest(point));
    if (this.#machine.touchedOutside || answer.eip >= RAM_BYTES) return true;
    const esp = Reg.Esp;
    // A real processor looks at the end of the frame, and at the stack before the destination.
    if (instruction.row?.mnemonic === 'enter') return answer.registers[esp]! >= RAM_BYTES;
    return instruction.row?.mnemonic === 'pop' && point.answer.registers[esp]! > RAM_BYTES - 4;
  }
}

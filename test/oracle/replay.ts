/**
 * A test run again here, step by step: where it was after so many steps, what came next, and
 * whether that left RAM.
 */
import type { MemoryRun, VectorAnswer, VectorTest } from '../../src/cli/vectors-line.ts';
import type { VectorMachine } from '../../src/cli/vectors-machine.ts';
import { decode } from '../../src/isa/decoder.ts';
import { Reg } from '../../src/isa/instruction.ts';
import { RAM_BYTES } from './values.ts';

/** A point of a test: the answer up to there, and the bytes of RAM. */
export interface Point {
  readonly answer: VectorAnswer;
  readonly image: Uint8Array;
  /** Something outside RAM was read or written on the way. */
  readonly outside: boolean;
}

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

  /** RAM in which `test` starts. */
  #start(test: VectorTest): Uint8Array {
    const image = this.#background.slice();
    for (const { address, bytes } of test.memory) image.set(bytes, address);
    return image;
  }

  /** Where `test` is after `steps` steps, or where it ended before. */
  after(test: VectorTest, steps: number): Point {
    const image = this.#start(test);
    if (steps === 0) {
      const { eip, registers } = test;
      const eflags = test.eflags | 2;
      const none = { retired: 0, fault: '-', error: undefined, memory: [] };
      return { answer: { ...none, eip, eflags, registers }, image, outside: false };
    }
    const answer = this.#machine.run({ ...test, steps });
    const outside = this.#machine.touchedOutside;
    for (const { address, bytes } of answer.memory) image.set(bytes, address);
    return { answer, image, outside };
  }

  /** The instruction at `point`, and its bytes. */
  next({ answer: { eip }, image }: Point) {
    const instruction = decode(image, eip, RAM_BYTES, eip);
    return { instruction, bytes: image.subarray(eip, eip + instruction.length) };
  }

  /** What comes after `point` of `test`, in which each iteration is a step. */
  #rest(test: VectorTest, point: Point): VectorTest {
    const { eip, eflags, registers } = point.answer;
    const memory = [...test.memory, ...point.answer.memory];
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
    const { answer, image, outside } = this.after(this.#rest(test, point), iterations);
    const memory = differences(this.#start(test), image);
    return { answer: { ...answer, retired, memory }, image, outside };
  }

  /** Whether the next step from `point` of `test` leaves RAM. */
  leaves(test: VectorTest, point: Point): boolean {
    const { instruction } = this.next(point);
    if (instruction.row === undefined && instruction.why === 'fetch') return true;
    const answer = this.#machine.run(this.#rest(test, point));
    if (this.#machine.touchedOutside || answer.eip >= RAM_BYTES) return true;
    const esp = Reg.Esp;
    // A real processor looks at the end of the frame, and at the stack before the destination.
    if (instruction.row?.mnemonic === 'enter') return answer.registers[esp]! >= RAM_BYTES;
    return instruction.row?.mnemonic === 'pop' && point.answer.registers[esp]! > RAM_BYTES - 4;
  }
}

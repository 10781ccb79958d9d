/**
 * Files that a crash finds as it can find real ones: what has not been made durable is lost, or
 * not, each 512 bytes for themselves, and the operation under way stops anywhere.
 */
import type { Prng } from '../../src/base/prng.ts';
import type { BlockFile } from '../../src/host/block-file.ts';

const UNIT = 512;

/** What all files of a computer have in common: when it crashes, and whether it is full. */
export class Computer {
  readonly prng: Prng;
  /** Operations that are left; then everything throws. */
  left = Number.POSITIVE_INFINITY;
  /** Share of the writes to files that may grow, for which there is no space. */
  full = 0;
  /** Share of the attempts to make something durable that fail, as those of a bad disk do. */
  bad = 0;

  constructor(prng: Prng) {
    this.prng = prng;
  }

  /** Whether it has crashed. */
  get isDown(): boolean {
    return this.left <= 0;
  }

  /** One operation; says whether it is the one in which the computer crashes. */
  tick(): boolean {
    if (this.isDown) throw new Error('the computer is down');
    return --this.left <= 0;
  }
}

export class ForgetfulFile implements BlockFile {
  readonly #computer: Computer;
  /** Whether space for it is found only when it is written to. */
  readonly #sparse: boolean;
  #durable: Uint8Array;
  #now: Uint8Array;
  /** Units that a sync makes durable. After one that fails the system thinks that they are. */
  readonly #dirty = new Set<number>();

  constructor(computer: Computer, contents: Uint8Array, sparse = false) {
    this.#computer = computer;
    this.#sparse = sparse;
    this.#durable = contents.slice();
    this.#now = contents.slice();
  }

  get bytes(): number {
    return this.#now.length;
  }

  /** What a reader finds now; to be altered at will. */
  get contents(): Uint8Array {
    return this.#now;
  }

  read(at: number, into: Uint8Array): void {
    if (this.#computer.isDown) throw new Error('the computer is down');
    into.set(this.#now.subarray(at, at + into.length));
  }

  write(at: number, bytes: Uint8Array): void {
    const { prng } = this.#computer;
    const stops = this.#computer.tick();
    const isFull = this.#sparse && prng.chance(this.#computer.full);
    const reached = stops || isFull ? prng.below(bytes.length + 1) : bytes.length;
    this.#now.set(bytes.subarray(0, reached), at);
    for (let unit = Math.floor(at / UNIT); unit * UNIT < at + reached; unit++)
      this.#dirty.add(unit);
    if (stops || isFull) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
  }

  sync(): void {
    if (this.#computer.tick()) throw new Error('the computer is down');
    const fails = this.#computer.prng.chance(this.#computer.bad);
    for (const unit of fails ? [] : this.#dirty)
      this.#durable.set(this.#unit(this.#now, unit), unit * UNIT);
    this.#dirty.clear();
    if (fails) throw Object.assign(new Error('bad'), { code: 'EIO' });
  }

  #unit(bytes: Uint8Array, unit: number): Uint8Array {
    return bytes.subarray(unit * UNIT, (unit + 1) * UNIT);
  }

  close(): void {}

  /** After a crash: of the process alone, or of the computer. */
  restart(powerCut: boolean): void {
    for (let unit = 0; powerCut && unit * UNIT < this.#now.length; unit++) {
      if (this.#dirty.has(unit) && this.#computer.prng.chance(0.5)) continue;
      this.#now.set(this.#unit(this.#durable, unit), unit * UNIT);
    }
    this.#durable = this.#now.slice();
    this.#dirty.clear();
  }
}

/**
 * What a guest has printed, in a file: bytes are appended, and are there after a crash of ours.
 * While the file cannot be written to, as on a full disk, they wait in memory, up to a bound; what
 * is too much is lost, and that is told.
 */
import { closeSync, fstatSync, openSync, writeSync } from 'node:fs';
import { reasonOf, writeFailure } from './files.ts';

/** Bytes that wait at most. */
const MAX_WAITING_BYTES = 1024 * 1024;

export class ConsoleFile {
  readonly path: string;
  readonly #fd: number;
  readonly #report: (trouble: string) => void;
  #bytes: number;
  #waiting: Uint8Array = new Uint8Array(0);

  /**
   * Goes on where the file ends, or begins it; VmftError 'environment' where that cannot be. Later
   * troubles are told to `report`.
   */
  constructor(path: string, report: (trouble: string) => void) {
    this.path = path;
    this.#report = report;
    try {
      this.#fd = openSync(path, 'a', 0o600);
    } catch (error) {
      throw writeFailure(path, 'console', error);
    }
    this.#bytes = fstatSync(this.#fd).size;
  }

  /** Bytes in the file. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Appends what waits, then `bytes`, as far as the file takes them. */
  append(bytes: Uint8Array): void {
    const all = Buffer.concat([this.#waiting, bytes]);
    let done = 0;
    try {
      while (done < all.length) done += writeSync(this.#fd, all, done, all.length - done);
    } catch (error) {
      this.#tell(error, all.length - done);
    }
    this.#bytes += done;
    this.#waiting = all.subarray(done, done + MAX_WAITING_BYTES);
  }

  /** Once when bytes begin to wait, and whenever some are lost. */
  #tell(error: unknown, left: number): void {
    const lost = left - MAX_WAITING_BYTES;
    const what = lost > 0 ? `${lost} bytes are lost` : 'what is printed waits';
    if (lost > 0 || this.#waiting.length === 0)
      this.#report(`console ${this.path}: ${reasonOf(error)}; ${what}`);
  }

  close(): void {
    this.append(new Uint8Array(0));
    closeSync(this.#fd);
  }
}

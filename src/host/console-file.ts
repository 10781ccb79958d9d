/** What a guest has printed, in a file: bytes are appended, and are there after a crash of ours. */
import { closeSync, fstatSync, openSync, writeSync } from 'node:fs';
import { writeFailure } from './files.ts';

export class ConsoleFile {
  readonly path: string;
  readonly #fd: number;
  #bytes: number;

  /** Goes on where the file ends, or begins it; VmftError 'environment' where that cannot be. */
  constructor(path: string) {
    this.path = path;
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

  /** Appends all of `bytes`; VmftError 'environment' where that cannot be. */
  append(bytes: Uint8Array): void {
    try {
      for (let done = 0; done < bytes.length; )
        done += writeSync(this.#fd, bytes, done, bytes.length - done);
    } catch (error) {
      throw writeFailure(this.path, 'console', error);
    }
    this.#bytes += bytes.length;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

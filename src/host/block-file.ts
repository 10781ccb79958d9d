/**
 * A file of a fixed size, read and written in place: what the store of a disk server is made of.
 * Tests put a file in its place that forgets what was not made durable.
 */
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fstatSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { replaceDurably } from './durable-file.ts';

/** Every operation throws the error of the system where it fails. */
export interface BlockFile {
  /** Its size in bytes. */
  readonly bytes: number;
  /** Fills `into` from the place `at`. */
  read(at: number, into: Uint8Array): void;
  write(at: number, bytes: Uint8Array): void;
  /** Makes durable what was written. */
  sync(): void;
  close(): void;
}

/** A file of the host. */
export class HostFile implements BlockFile {
  readonly bytes: number;
  readonly #fd: number;

  /** Opens the file at `path` for reading and writing. */
  constructor(path: string) {
    this.#fd = openSync(path, 'r+');
    this.bytes = fstatSync(this.#fd).size;
  }

  read(at: number, into: Uint8Array): void {
    for (let done = 0; done < into.length; ) {
      const n = readSync(this.#fd, into, done, into.length - done, at + done);
      if (n === 0) throw new Error('the file has become shorter');
      done += n;
    }
  }

  write(at: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; )
      done += writeSync(this.#fd, bytes, done, bytes.length - done, at + done);
  }

  sync(): void {
    fdatasyncSync(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/**
 * The file at `path`; where there is none it is made, with the bytes that `fill` yields one after
 * the other: whole and for good, or not at all.
 */
export function openOrMake(path: string, fill: () => Iterable<Uint8Array>): HostFile {
  if (!existsSync(path)) {
    replaceDurably(path, (fd) => {
      for (const bytes of fill())
        for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
    });
  }
  return new HostFile(path);
}

/**
 * Small files that must be there, whole, after a crash of the process or of the computer; and files
 * that others append to.
 */
import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** Replaces the file at `path`, or makes it: whole and for good when this returns. */
export function writeDurably(path: string, text: string): void {
  replaceDurably(path, (file) => writeFileSync(file, text));
}

/** The same with what `write` writes to a file that is empty and open. */
export function replaceDurably(path: string, write: (file: number) => void): void {
  const draft = `${path}.draft`;
  const file = openSync(draft, 'w', 0o600);
  try {
    write(file);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, path);
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/**
 * Replaces the file at `path`, or makes it: whoever reads it finds what was there before, or all of
 * `text`. A crash of the computer may lose it.
 */
export function replaceWhole(path: string, text: string): void {
  const draft = `${path}.${process.pid}.draft`;
  try {
    writeFileSync(draft, text, { mode: 0o600 });
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

/** The text of the file at `path`; undefined where there is none. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** A file that somebody else appends to. */
export class GrowingFile {
  readonly #path: string;
  #read = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** What has come since the last time; nothing while there is no such file. */
  read(): Uint8Array {
    try {
      const bytes = readFileSync(this.#path).subarray(this.#read);
      this.#read += bytes.length;
      return bytes;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Uint8Array(0);
      throw error;
    }
  }
}

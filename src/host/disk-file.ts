/** A guest's disk in a file of the host, of a whole number of 512-byte sectors. */
import { closeSync, fdatasyncSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { VmftError } from '../base/errors.ts';
import type { Input } from '../machine/input.ts';
import type { DiskRequest } from '../machine/output.ts';
import { reasonOf } from './files.ts';

const SECTOR_BYTES = 512;

export class DiskFile {
  readonly sectors: number;
  readonly #fd: number;

  /** Opens `path` for reading and writing; VmftError 'environment' or 'input' if that cannot be. */
  constructor(path: string) {
    try {
      this.#fd = openSync(path, 'r+');
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      const remedy = missing ? `; "truncate -s 1M ${path}" makes an empty disk` : '';
      throw new VmftError('environment', `disk ${path}: ${reasonOf(error)}${remedy}`);
    }
    const { size } = fstatSync(this.#fd);
    if (size === 0 || size % SECTOR_BYTES !== 0) {
      closeSync(this.#fd);
      throw new VmftError(
        'input',
        size === 0
          ? `disk ${path}: it is empty; "truncate -s 1M ${path}" makes a disk of it`
          : `disk ${path}: ${size} bytes are no whole number of ${SECTOR_BYTES}-byte sectors; ` +
              `"truncate -s %${SECTOR_BYTES} ${path}" fills up the last`,
      );
    }
    this.sectors = size / SECTOR_BYTES;
  }

  /** Does what the guest asked for; a failing host file is a failed completion. */
  perform(request: DiskRequest): Extract<Input, { kind: 'disk' }> {
    const { id } = request;
    try {
      const data = this.#transfer(request);
      return data === undefined
        ? { kind: 'disk', id, ok: true }
        : { kind: 'disk', id, ok: true, data };
    } catch {
      return { kind: 'disk', id, ok: false };
    }
  }

  #transfer(request: DiskRequest): Uint8Array | undefined {
    const at = request.sector * SECTOR_BYTES;
    if (request.op === 'flush') {
      fdatasyncSync(this.#fd);
      return undefined;
    }
    const size = request.sectors * SECTOR_BYTES;
    const bytes = request.op === 'write' ? request.data! : new Uint8Array(size);
    for (let done = 0; done < size; ) {
      const n =
        request.op === 'write'
          ? writeSync(this.#fd, bytes, done, size - done, at + done)
          : readSync(this.#fd, bytes, done, size - done, at + done);
      if (n === 0) throw new Error('the file has become shorter');
      done += n;
    }
    return request.op === 'read' ? bytes : undefined;
  }

  /** Makes what was written durable; false where the host's file fails. */
  sync(): boolean {
    try {
      fdatasyncSync(this.#fd);
      return true;
    } catch {
      return false;
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** A guest's disk in a file of the host, of a whole number of 512-byte sectors. */
import { VmftError } from '../base/errors.ts';
import type { Input } from '../machine/input.ts';
import type { DiskRequest } from '../machine/output.ts';
import { HostFile } from './block-file.ts';
import { SECTOR_BYTES } from './checked-disk.ts';
import { reasonOf } from './files.ts';

export class DiskFile {
  readonly sectors: number;
  /** Its bytes. */
  readonly file: HostFile;

  /** Opens `path` for reading and writing; VmftError 'environment' or 'input' if that cannot be. */
  constructor(path: string) {
    try {
      this.file = new HostFile(path);
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      const remedy = missing ? `; "truncate -s 1M ${path}" makes an empty disk` : '';
      throw new VmftError('environment', `disk ${path}: ${reasonOf(error)}${remedy}`);
    }
    const { bytes: size } = this.file;
    if (size === 0 || size % SECTOR_BYTES !== 0) {
      this.close();
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

  #transfer({ op, sector, sectors, data }: DiskRequest): Uint8Array | undefined {
    const at = sector * SECTOR_BYTES;
    if (op === 'flush') {
      this.file.sync();
    } else if (op === 'write') {
      this.file.write(at, data!);
    } else {
      const bytes = new Uint8Array(sectors * SECTOR_BYTES);
      this.file.read(at, bytes);
      return bytes;
    }
    return undefined;
  }

  close(): void {
    this.file.close();
  }
}

/**
 * A disk and the checksums of its sectors, in a file beside: the first 64 bits of the hash of each
 * sector, one after the other. Whatever is altered in either file, by whom ever, shows when the
 * sector is read, or when all of them are checked.
 */
import { first64, type Hasher } from '../base/digest.ts';
import type { BlockFile } from './block-file.ts';

/** Unit of a disk. */
export const SECTOR_BYTES = 512;

/** Bytes of a checksum. */
const SUM_BYTES = 8;

/** Sectors that are looked at together. */
const CHUNK_SECTORS = 2048;

/** Sectors of a disk, the first one and how many. */
export interface SectorRange {
  readonly sector: number;
  readonly sectors: number;
}

/** What a checked disk is made of. */
export interface CheckedDiskOptions {
  /** Name of the disk for people: the path of its file. */
  readonly name: string;
  /** Of a whole number of sectors. */
  readonly data: BlockFile;
  readonly sums: BlockFile;
  readonly hasher: Hasher;
}

/** The checksums of a disk as it is, for a new file of them. */
export function* sumsOf(data: BlockFile, hasher: Hasher): Iterable<Uint8Array> {
  const sectors = data.bytes / SECTOR_BYTES;
  for (let sector = 0; sector < sectors; sector += CHUNK_SECTORS) {
    const bytes = new Uint8Array(Math.min(CHUNK_SECTORS, sectors - sector) * SECTOR_BYTES);
    data.read(sector * SECTOR_BYTES, bytes);
    yield checksums(bytes, hasher);
  }
}

function checksums(bytes: Uint8Array, hasher: Hasher): Uint8Array {
  const sums = new Uint8Array((bytes.length / SECTOR_BYTES) * SUM_BYTES);
  const view = new DataView(sums.buffer);
  for (let at = 0; at < bytes.length; at += SECTOR_BYTES) {
    const sum = first64(hasher.hash(bytes.subarray(at, at + SECTOR_BYTES)));
    view.setBigUint64((at / SECTOR_BYTES) * SUM_BYTES, sum);
  }
  return sums;
}

export class CheckedDisk {
  readonly name: string;
  readonly sectors: number;
  readonly #options: CheckedDiskOptions;

  constructor(options: CheckedDiskOptions) {
    this.#options = options;
    this.name = options.name;
    this.sectors = options.data.bytes / SECTOR_BYTES;
  }

  /** Whether the file of checksums has one for each sector. */
  get isWhole(): boolean {
    return this.#options.sums.bytes === this.sectors * SUM_BYTES;
  }

  /** The bytes of a range that is on the disk, and which of its sectors are not what was stored. */
  read({ sector, sectors }: SectorRange): { bytes: Uint8Array; damaged: number[] } {
    const { data, sums, hasher } = this.#options;
    const bytes = new Uint8Array(sectors * SECTOR_BYTES);
    const stored = new Uint8Array(sectors * SUM_BYTES);
    data.read(sector * SECTOR_BYTES, bytes);
    sums.read(sector * SUM_BYTES, stored);
    const found = checksums(bytes, hasher);
    const damaged: number[] = [];
    for (let i = 0; i < sectors; i++) {
      const at = i * SUM_BYTES;
      const isSame = stored.subarray(at, at + SUM_BYTES).every((b, j) => b === found[at + j]);
      if (!isSame) damaged.push(sector + i);
    }
    return { bytes, damaged };
  }

  /** Writes whole sectors, and their checksums. */
  write(sector: number, bytes: Uint8Array): void {
    const { data, sums, hasher } = this.#options;
    data.write(sector * SECTOR_BYTES, bytes);
    sums.write(sector * SUM_BYTES, checksums(bytes, hasher));
  }

  /** Takes a range as it is: a write to it has failed, so that nobody knows what it should be. */
  accept({ sector, sectors }: SectorRange): void {
    const { data, sums, hasher } = this.#options;
    const bytes = new Uint8Array(sectors * SECTOR_BYTES);
    data.read(sector * SECTOR_BYTES, bytes);
    sums.write(sector * SUM_BYTES, checksums(bytes, hasher));
  }

  /** Makes everything durable. */
  sync(): void {
    this.#options.data.sync();
    this.#options.sums.sync();
  }

  /** Looks at every sector, a stretch at a time; yields those that are not what was stored. */
  *check(): Iterable<number[]> {
    for (let sector = 0; sector < this.sectors; sector += CHUNK_SECTORS) {
      const sectors = Math.min(CHUNK_SECTORS, this.sectors - sector);
      yield this.read({ sector, sectors }).damaged;
    }
  }

  close(): void {
    this.#options.data.close();
    this.#options.sums.close();
  }
}

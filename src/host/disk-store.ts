/**
 * What a disk server keeps: disks with checksums, and a journal.
 *
 * Invariants:
 * - a write is in the journal, durably, before it is acknowledged, and before any of it is on its
 *   disk: one that was cut off is done again, whole, when the store is opened
 * - the journal begins anew only when everything in it is durable on the disks
 * - a write that fails on its disk is answered so; what is there then counts as stored, and nobody
 *   does it again later, over what has been written since
 */
import { VmftError } from '../base/errors.ts';
import { type CheckedDisk, SECTOR_BYTES, type SectorRange } from './checked-disk.ts';
import type { DiskJournal, JournalRecord } from './disk-journal.ts';
import { reasonOf } from './files.ts';

/** A write to a disk of the store, within its size. */
export type DiskWrite = JournalRecord & { kind: 'write' };

/** What a store is made of. */
export interface DiskStoreOptions {
  /** By virtio slot. */
  readonly disks: readonly CheckedDisk[];
  readonly journal: DiskJournal;
  /** Something that people should know. */
  readonly report: (news: string) => void;
}

export class DiskStore {
  readonly disks: readonly CheckedDisk[];
  readonly #journal: DiskJournal;
  readonly #report: (news: string) => void;
  /** Making the disks durable has failed: they may lack what the journal has. */
  #isSuspect = true;

  /**
   * Does again what the journal has, and a crash may have cut off. VmftError 'environment' where
   * that cannot be done.
   */
  constructor({ disks, journal, report }: DiskStoreOptions) {
    this.disks = disks;
    this.#journal = journal;
    this.#report = report;
    try {
      this.#settle();
      journal.restart();
    } catch (error) {
      const what = `disks of the machine: what the journal holds cannot be written to them`;
      throw new VmftError(
        'environment',
        `${what}: ${reasonOf(error)}; nothing is lost: mend that and start the disk server again`,
      );
    }
  }

  /** Whether there is such a range. */
  has(disk: number, { sector, sectors }: SectorRange): boolean {
    return sector + sectors <= (this.disks[disk]?.sectors ?? -1);
  }

  /** What was written to a range; undefined where the file fails, or holds something else. */
  read(disk: number, range: SectorRange): Uint8Array | undefined {
    const { name } = this.disks[disk]!;
    try {
      const { bytes, damaged } = this.disks[disk]!.read(range);
      if (damaged.length === 0) return bytes;
      this.#report(`disk ${name}, sector ${damaged[0]}: it is not what was stored there`);
    } catch (error) {
      this.#report(`disk ${name}, sector ${range.sector}: cannot be read: ${reasonOf(error)}`);
    }
    return undefined;
  }

  /** Carries out writes, in their order; says of each, when it is durable, whether it succeeded. */
  write(writes: readonly DiskWrite[]): boolean[] {
    const outcomes: boolean[] = [];
    while (outcomes.length < writes.length) {
      const group = this.#record(writes.slice(outcomes.length));
      // What cannot be recorded now may fail alone: a later one is smaller, or finds more room.
      if (group === 0) outcomes.push(false);
      const { lap, records } = this.#journal;
      for (let record = records - group; record < records; record++)
        outcomes.push(this.#carryOut(writes[outcomes.length]!, { lap, record }));
    }
    return outcomes;
  }

  /** Puts as many writes as there is room for into the journal; says how many. */
  #record(writes: readonly DiskWrite[]): number {
    try {
      const count = this.#append(writes);
      if (count > 0) return count;
      this.#beginLap();
      return this.#append(writes);
    } catch (error) {
      this.#report(`the disk server cannot write to its journal: ${reasonOf(error)}`);
      return 0;
    }
  }

  #append(writes: readonly DiskWrite[]): number {
    let count = writes.length;
    while (count > 0 && !this.#journal.append(writes.slice(0, count))) count >>= 1;
    return count;
  }

  #carryOut(write: DiskWrite, { lap, record }: { lap: bigint; record: number }): boolean {
    const { disk, sector, data } = write;
    const { name } = this.disks[disk]!;
    try {
      this.disks[disk]!.write(sector, data);
      return true;
    } catch (error) {
      this.#report(`disk ${name}, sector ${sector}: cannot be written: ${reasonOf(error)}`);
    }
    try {
      this.disks[disk]!.accept(rangeOf(write));
      if (lap !== this.#journal.lap) return false;
      if (!this.#journal.append([{ kind: 'failed', record }])) this.#beginLap();
    } catch (error) {
      this.#report(`disk ${name}, sector ${sector}: is left undefined: ${reasonOf(error)}`);
    }
    return false;
  }

  #beginLap(): void {
    this.#settle();
    this.#journal.restart();
  }

  /** Makes everything in the journal durable on the disks. */
  #settle(): void {
    if (this.#isSuspect) this.#redo(this.#journal.load());
    this.#isSuspect = true;
    for (const disk of this.disks) disk.sync();
    this.#isSuspect = false;
  }

  #redo(records: readonly JournalRecord[]): void {
    const failed = new Set(records.map((one) => (one.kind === 'failed' ? one.record : -1)));
    for (const [number, record] of records.entries()) {
      if (record.kind === 'failed') continue;
      const disk = this.disks[record.disk]!;
      if (failed.has(number)) disk.accept(rangeOf(record));
      else disk.write(record.sector, record.data);
    }
  }

  /** Makes everything durable on the disks, and closes them: the journal is empty then. */
  close(): void {
    this.#settle();
    this.#journal.restart();
    this.#journal.close();
    for (const disk of this.disks) disk.close();
  }
}

const rangeOf = ({ sector, data }: DiskWrite): SectorRange => ({
  sector,
  sectors: data.length / SECTOR_BYTES,
});

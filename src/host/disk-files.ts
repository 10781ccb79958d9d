/**
 * The files of a disk server in the folder of its machine: beside each disk of the configuration
 * `disk-N.sums` (checked-disk.ts), and one `disk.journal` (disk-journal.ts). They are made when the
 * machine is new: the disks count as they are then.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Hasher } from '../base/digest.ts';
import { VmftError } from '../base/errors.ts';
import { type HostFile, openOrMake } from './block-file.ts';
import { CheckedDisk, sumsOf } from './checked-disk.ts';
import { DiskFile } from './disk-file.ts';
import { DiskJournal, JOURNAL_BYTES } from './disk-journal.ts';
import { DiskStore } from './disk-store.ts';
import { writeFailure } from './files.ts';
import type { GroupConfig } from './group-config.ts';
import { makeHasher } from './hasher.ts';

const JOURNAL = 'disk.journal';

/**
 * Brings the disks of a machine whose disk server has died up to date, as the next one would do:
 * for who clears the machine away, and its journal with it. VmftError where that cannot be done.
 */
export async function settleDisks(config: GroupConfig): Promise<void> {
  const journal = join(config.folder, JOURNAL);
  if (!existsSync(journal)) return;
  try {
    openDisks(config, await makeHasher(), () => {}).close();
  } catch (error) {
    if (!(error instanceof VmftError)) throw error;
    const remedy = `without ${journal}, and what the disks lack, the machine can be cleared away`;
    throw new VmftError(error.code, `${error.message}; ${remedy}`);
  }
}

/** The disks of a machine; VmftError where one of the files cannot be used. */
export function openDisks(
  { folder, disks }: GroupConfig,
  hasher: Hasher,
  report: (news: string) => void,
): DiskStore {
  const checked = disks.map(({ file, sectors }, slot) => {
    const disk = new DiskFile(file);
    if (disk.sectors !== sectors)
      throw new VmftError('input', `disk ${file}: ${disk.sectors} sectors, expected ${sectors}`);
    const path = join(folder, `disk-${slot}.sums`);
    const data = disk.file;
    const sums = open(path, 'checksums', () => sumsOf(data, hasher));
    const one = new CheckedDisk({ name: file, data, sums, hasher });
    if (one.isWhole) return one;
    throw new VmftError('input', `checksums ${path}: they are not those of ${sectors} sectors`);
  });
  const path = join(folder, JOURNAL);
  const file = open(path, 'journal', () => [new Uint8Array(JOURNAL_BYTES)]);
  const drawLap = (): bigint => randomBytes(8).readBigUInt64LE();
  return new DiskStore({
    disks: checked,
    journal: new DiskJournal({ file, hasher, drawLap }),
    report,
  });
}

function open(path: string, what: string, fill: () => Iterable<Uint8Array>): HostFile {
  try {
    return openOrMake(path, fill);
  } catch (error) {
    throw writeFailure(path, what, error);
  }
}

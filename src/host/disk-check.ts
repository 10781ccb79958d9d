/**
 * Looks at every sector of a disk server's disks, and tells which are not what was stored there.
 */
import { VmftError } from '../base/errors.ts';
import type { SectorRange } from './checked-disk.ts';
import { askControl } from './control.ts';
import type { DiskStore } from './disk-store.ts';
import { reasonOf } from './files.ts';
import type { GroupConfig } from './group-config.ts';
import { partFiles } from './part.ts';

/** How long a check may take, in ms: a gigabyte takes a few seconds. */
const PATIENCE_MS = 600_000;

/** Ranges of damaged sectors that are told of a disk; more are only counted. */
const MAX_RANGES = 100;

/** What was found on a disk. */
export interface DiskReport {
  readonly file: string;
  readonly sectors: number;
  /** How many of them are not what was stored there. */
  readonly damagedSectors: number;
  /** Where the first of these are. */
  readonly damaged: readonly SectorRange[];
  /** Why the disk could not be read to its end. */
  readonly trouble?: string;
}

/** Checks all disks of `store`, which serves its clients in between. */
export async function checkDisks(store: DiskStore): Promise<{ disks: DiskReport[] }> {
  const disks: DiskReport[] = [];
  for (const disk of store.disks) {
    const damaged: { sector: number; sectors: number }[] = [];
    let count = 0;
    let trouble: string | undefined;
    try {
      for (const sectors of disk.check()) {
        count += sectors.length;
        for (const sector of sectors) append(damaged, sector);
        await new Promise((resolve) => setImmediate(resolve));
      }
    } catch (error) {
      trouble = reasonOf(error);
    }
    disks.push({
      file: disk.name,
      sectors: disk.sectors,
      damagedSectors: count,
      damaged,
      ...(trouble === undefined ? {} : { trouble }),
    });
  }
  return { disks };
}

function append(ranges: { sector: number; sectors: number }[], sector: number): void {
  const last = ranges.at(-1);
  if (last && sector === last.sector + last.sectors) last.sectors++;
  else if (ranges.length < MAX_RANGES) ranges.push({ sector, sectors: 1 });
}

/** Has the disk server of a machine check its disks; VmftError 'environment' where none does. */
export async function askForCheck({ folder, disks }: GroupConfig): Promise<readonly DiskReport[]> {
  if (disks.length === 0) throw new VmftError('environment', `${folder}: the machine has no disks`);
  const answer = await askControl(partFiles(folder, 'disk').control, { ask: 'check' }, PATIENCE_MS);
  if (answer && 'disks' in answer) return answer.disks as DiskReport[];
  throw new VmftError(
    'environment',
    `${folder}: no disk server answers; "vmft disk --config ${folder}/machine.json" runs it`,
  );
}

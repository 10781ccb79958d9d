/** Sectors of simulated disks, by name: "disk:sector". A sector that has no entry is zeros. */
import type { DiskRequest } from '../machine/output.ts';

/** Bytes of a sector of any disk. */
export const SECTOR_BYTES = 512;

/** How the sector of a disk is called in a record of sectors. */
export const sectorName = (disk: number, sector: number): string => `${disk}:${sector}`;

/** The sectors that a request is about, by name. */
export const sectorNames = ({ disk, sector, sectors }: DiskRequest): string[] =>
  Array.from({ length: sectors }, (_, i) => sectorName(disk, sector + i));

/** The sectors that a write leaves behind, by name. */
export function sectorsOf(request: DiskRequest): Record<string, Uint8Array> {
  const bytes = (i: number): Uint8Array =>
    request.data!.slice(i * SECTOR_BYTES, (i + 1) * SECTOR_BYTES);
  return Object.fromEntries(sectorNames(request).map((name, i) => [name, bytes(i)]));
}

/** Whether two sectors hold the same. */
export function sameSector(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === b) return true;
  for (let i = 0; i < SECTOR_BYTES; i++) if ((a?.[i] ?? 0) !== (b?.[i] ?? 0)) return false;
  return true;
}

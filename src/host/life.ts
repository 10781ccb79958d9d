/**
 * A number for each start of a replica's process, higher than those of all its starts before: the
 * file `NAME.life` holds the last one. It begins with the date, so that it grows as well where the
 * file has been lost, but a clock that was set back does not take it back.
 */
import { join } from 'node:path';
import { readIfThere, writeDurably } from './durable-file.ts';
import { writeFailure } from './files.ts';

/** The next life of `name` in `folder`; VmftError 'environment' where it cannot be kept. */
export function nextLife(folder: string, name: string): number {
  const path = join(folder, `${name}.life`);
  try {
    const last = Number(readIfThere(path) ?? 0);
    const life = Math.max(Date.now(), Number.isSafeInteger(last) ? last + 1 : 0);
    writeDurably(path, String(life));
    return life;
  } catch (error) {
    throw writeFailure(path, 'file', error);
  }
}

/**
 * IMAGE arguments: an assembly source (assembled on the fly), an ELF or flat file, or a shipped
 * guest's name.
 */
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VmftError } from '../base/errors.ts';
import { nearest } from '../base/suggest.ts';
import { isFile, namesIn, readUserFile } from '../host/files.ts';
import { refuseForeign } from './foreign.ts';

/** The directory of the shipped guests, beside dist/. */
export const PROGRAMS = fileURLToPath(new URL('../../programs', import.meta.url));

/** Where the shipped guests are: sources in assembly, and images that were built from C. */
const SHIPPED = [
  { folder: 'asm', ending: '.asm' },
  { folder: 'images', ending: '.elf' },
];

/** The file that an IMAGE argument means. */
export function findImage(image: string): string {
  if (image.includes('/') || isFile(image)) return image;
  const shipped = SHIPPED.map(({ folder, ending }) => join(PROGRAMS, folder, image + ending));
  const found = shipped.find(isFile);
  if (found) return found;
  const names = SHIPPED.flatMap(({ folder, ending }) =>
    namesIn(join(PROGRAMS, folder))
      .filter((file) => file.endsWith(ending))
      .map((file) => file.slice(0, -ending.length)),
  );
  const near = nearest(image, names);
  throw new VmftError(
    'image',
    `image ${image}: there is no such file, and no shipped guest of this name` +
      (near ? `; did you mean ${near}?` : ` (they are ${names.join(', ')})`),
  );
}

/**
 * Bytes of the image: those of the file, or what the assembler makes of it. `isFlat` says that it
 * is a flat binary, whatever it looks like.
 */
export async function readImage(image: string, isFlat = false): Promise<Uint8Array> {
  const path = findImage(image);
  const bytes = readUserFile(path, 'image', 'image');
  if (!/\.(asm|s)$/i.test(path)) {
    if (!isFlat) refuseForeign(path, bytes);
    return bytes;
  }
  const { assembleOrThrow } = await import('./assembly.ts');
  return assembleOrThrow(path, bytes, { format: 'elf' }).image;
}

/** What `load` gives; an error of the image that it throws names `image`. */
export function namingImage<T>(image: string, load: () => T): T {
  try {
    return load();
  } catch (error) {
    if (!(error instanceof VmftError) || error.code !== 'image') throw error;
    throw new VmftError('image', `image ${image}: ${error.message}`);
  }
}

/**
 * Finds the files that an %include or incbin names: beside the includer, in `directories`, in
 * programs/.
 */
export function includeResolver(directories: readonly string[]) {
  return (path: string, from: string): { name: string; bytes: Uint8Array } | undefined => {
    for (const directory of [dirname(from), '.', ...directories, PROGRAMS]) {
      const name = join(directory, path);
      if (isFile(name)) return { name, bytes: readUserFile(resolve(name), 'include', 'image') };
    }
    return undefined;
  };
}

/**
 * The images of the guests of programs/: those of asm/ assembled by the product's assembler once
 * for a test process, those of images/ as they are kept.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assembleOrThrow } from '../../src/cli/assembly.ts';
import { PROGRAMS } from './catalogue.ts';

const images = new Map<string, Uint8Array>();

/** The ELF image of asm/NAME.asm or images/NAME.elf. */
export function guestImage(name: string): Uint8Array {
  let image = images.get(name);
  if (!image) {
    const built = join(PROGRAMS, 'images', `${name}.elf`);
    const source = join(PROGRAMS, 'asm', `${name}.asm`);
    const file = existsSync(built) ? built : source;
    const bytes = new Uint8Array(readFileSync(file));
    image = file === built ? bytes : assembleOrThrow(file, bytes, { format: 'elf' }).image;
    images.set(name, image);
  }
  return image;
}

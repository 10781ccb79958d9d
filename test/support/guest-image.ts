/** The guests of programs/asm, assembled by the product's assembler once for a test process. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assembleOrThrow } from '../../src/cli/assembly.ts';
import { PROGRAMS } from './catalogue.ts';

const images = new Map<string, Uint8Array>();

/** The ELF image of asm/NAME.asm. */
export function guestImage(name: string): Uint8Array {
  let image = images.get(name);
  if (!image) {
    const file = join(PROGRAMS, 'asm', `${name}.asm`);
    image = assembleOrThrow(file, new Uint8Array(readFileSync(file)), { format: 'elf' }).image;
    images.set(name, image);
  }
  return image;
}

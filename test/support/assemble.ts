/** Guests for tests, made by the product's own assembler (which is held against nasm elsewhere). */
import { assemble, formatError } from '../../src/asm/assembler.ts';

const assembled = new Map<string, Uint8Array>();

/** The flat binary of a source that says where it lies; the same text is assembled once. */
export function assembleSource(text: string): Uint8Array {
  let image = assembled.get(text);
  if (!image) {
    const result = assemble({ file: 'test', text, format: 'bin' });
    if (result.errors.length > 0) {
      throw new Error(`${result.errors.map((error) => formatError(error)).join('\n')}\n${text}`);
    }
    image = result.image;
    assembled.set(text, image);
  }
  return image;
}

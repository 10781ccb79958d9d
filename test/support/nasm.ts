/** Guests for tests, assembled by nasm, so that nothing depends on our own assembler. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The flat binary that `source` makes at 0x100000, entered at its first byte. */
export function assembleFlat(source: string): Uint8Array {
  const directory = mkdtempSync(join(tmpdir(), 'vmft-nasm-'));
  try {
    const input = join(directory, 'guest.asm');
    const output = join(directory, 'guest.bin');
    writeFileSync(input, `bits 32\norg 0x100000\n${source}\n`);
    const nasm = spawnSync('nasm', ['-f', 'bin', '-o', output, input], { encoding: 'utf8' });
    if (nasm.status !== 0) throw new Error(`nasm: ${nasm.stderr}\n${source}`);
    return new Uint8Array(readFileSync(output));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** What nasm makes of many single lines, in few runs. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The bytes of a line, or nasm's words. */
export type Outcome = { readonly bytes: Uint8Array } | { readonly error: string };

/** Lines before the first of ours in the file that nasm sees. */
const HEAD = 'bits 32\n';

/**
 * Assembles each line at the address that it has when all lines that nasm takes stand one after the
 * other from 0. Labels `L0`, `L1` … name their addresses; `END` follows the last.
 */
export function assembleLines(lines: readonly string[]): Outcome[] {
  const directory = mkdtempSync(join(tmpdir(), 'vmft-nasm-'));
  const errors = new Map<number, string>();
  try {
    for (;;) {
      const before = errors.size;
      const source = lines.map((line, i) => `L${i}: ${errors.has(i) ? '' : line}`);
      const table = lines.map((_, i) => `dd L${i}`).join('\n');
      const input = join(directory, 'lines.asm');
      const output = join(directory, 'lines.bin');
      writeFileSync(input, `${HEAD}${source.join('\n')}\nEND:\n${table}\ndd END\n`);
      const run = spawnSync('nasm', ['-w-all', '-f', 'bin', '-o', output, input], {
        encoding: 'utf8',
        maxBuffer: 1 << 28,
      });
      for (const [, line, text] of run.stderr.matchAll(/:(\d+): error: (.*)/g)) {
        errors.set(Number(line) - 2, text!);
      }
      if (run.status === 0) return split(readFileSync(output), lines.length, errors);
      if (errors.size === before) throw new Error(`nasm: ${run.stderr.slice(0, 2000)}`);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function split(file: Buffer, count: number, errors: ReadonlyMap<number, string>): Outcome[] {
  const table = file.length - 4 * (count + 1);
  const at = (i: number): number => file.readUInt32LE(table + 4 * i);
  return Array.from({ length: count }, (_, i) => {
    const error = errors.get(i);
    return error === undefined ? { bytes: file.subarray(at(i), at(i + 1)) } : { error };
  });
}

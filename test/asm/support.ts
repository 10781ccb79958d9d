/** The oracle and the sources of the assembler's tests. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AssemblyResult, assemble, type Format } from '../../src/asm/assembler.ts';

/** Folder of the sources that both assemblers take. */
export const GOLDEN = fileURLToPath(new URL('../golden/asm/', import.meta.url));

/** Names of the sources in {@link GOLDEN}. */
export const goldenSources = (): string[] =>
  readdirSync(GOLDEN).filter((name) => name.endsWith('.asm'));

/** What nasm makes of a text; `bytes` only if it had no error. */
export interface NasmResult {
  readonly bytes: Uint8Array | undefined;
  /** It died of a signal, as of a division whose result is out of range. */
  readonly crashed: boolean;
  readonly listing: string;
  /** Lines with errors, each once, ascending. */
  readonly errorLines: readonly number[];
  readonly messages: string;
}

/** Runs nasm -f bin on `text`; includes are looked up in `directory`. */
export function nasm(text: string, directory = GOLDEN): NasmResult {
  const scratch = mkdtempSync(join(tmpdir(), 'vmft-asm-'));
  try {
    const [input, output, list] = ['in.asm', 'out.bin', 'out.lst'].map((n) => join(scratch, n));
    writeFileSync(input!, text);
    const run = spawnSync('nasm', ['-f', 'bin', '-o', output!, '-l', list!, input!], {
      cwd: directory,
      encoding: 'utf8',
    });
    const lines = run.stderr.matchAll(/in\.asm:(\d+): (?:error|fatal)/g);
    return {
      bytes: run.status === 0 ? new Uint8Array(readFileSync(output!)) : undefined,
      crashed: run.signal !== null,
      listing: existsSync(list!) ? readFileSync(list!, 'utf8') : '',
      errorLines: distinct([...lines].map(([, line]) => Number(line))),
      messages: run.stderr,
    };
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** Lines of the errors that nasm has in each of `texts`, in one run of a shell. */
export function nasmErrorLines(texts: readonly string[]): number[][] {
  const scratch = mkdtempSync(join(tmpdir(), 'vmft-asm-'));
  try {
    texts.forEach((text, i) => {
      writeFileSync(join(scratch, `${i}.asm`), text);
    });
    const loop = 'for f in *.asm; do nasm -f bin -o out $f 2> $f.err; done';
    spawnSync('sh', ['-c', loop], { cwd: scratch });
    return texts.map((_, i) => {
      const messages = readFileSync(join(scratch, `${i}.asm.err`), 'utf8');
      const lines = messages.matchAll(/^\d+\.asm:(\d+): (?:error|fatal)/gm);
      return distinct([...lines].map(([, line]) => Number(line)));
    });
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** Runs our assembler; includes are looked up beside the file that asks, then beside `file`. */
export function ours(text: string, format: Format = 'bin', file = `${GOLDEN}in.asm`) {
  const find = (path: string, from: string): string | undefined =>
    [dirname(from), dirname(file)].map((folder) => join(folder, path)).find(existsSync);
  return assemble({
    file,
    text,
    format,
    resolve: (path, from) => {
      const name = find(path, from);
      return name === undefined ? undefined : { name, text: readFileSync(name, 'utf8') };
    },
    resolveBytes: (path, from) => {
      const name = find(path, from);
      return name === undefined ? undefined : new Uint8Array(readFileSync(name));
    },
  });
}

/** Numbers of the lines with errors, each once, ascending. */
export function errorLines({ errors }: AssemblyResult): number[] {
  return distinct(errors.map(({ line }) => line));
}

function distinct(numbers: readonly number[]): number[] {
  return [...new Set(numbers)].sort((a, b) => a - b);
}

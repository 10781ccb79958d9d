/**
 * The processor that runs this test, behind the same lines as `vmft vectors`: builds
 * native/native.c with gcc as a 32-bit program and talks to it. Needs root, because guest memory
 * begins at address 0.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('native/native.c', import.meta.url));

/** A program without libc, above everything that a guest may address. */
const FLAGS = `-m32 -O2 -std=gnu11 -Wall -Wextra -Werror -ffreestanding -nostdlib -static -fno-pic
  -no-pie -fno-stack-protector -fcf-protection=none -msse2 -Wl,-Ttext-segment=0xc0000000`;

/** Bytes of answers taken at once. */
const MAX_ANSWERS = 1 << 30;

/** The real processor with `ramBytes` of memory, at most 1 MiB. */
export class NativeProcessor {
  readonly #directory: string;
  readonly #program: string;
  readonly #kilobytes: string;

  /** Throws where gcc cannot build 32-bit programs. */
  constructor(ramBytes: number) {
    this.#directory = mkdtempSync(join(tmpdir(), 'vmft-native-'));
    this.#program = join(this.#directory, 'native');
    this.#kilobytes = `${ramBytes / 1024}`;
    execFileSync('gcc', [...FLAGS.split(/\s+/), '-o', this.#program, SOURCE], { stdio: 'pipe' });
  }

  /** The answers to `lines`, each of which must be a T line; the background is set by `before`. */
  ask(before: string, lines: readonly string[]): string[] {
    const input = `${before}\n${lines.join('\n')}\n`;
    const run = spawnSync(this.#program, [this.#kilobytes], {
      input,
      encoding: 'latin1',
      maxBuffer: MAX_ANSWERS,
    });
    const answers = run.stdout.split('\n').slice(0, -1);
    if (run.status === 0 && answers.length === lines.length) return answers;
    const end = run.signal ?? `status ${run.status}`;
    const line = lines[answers.length] ?? '';
    throw new Error(`native ended with ${end} at "${line}"\n${run.stderr}`);
  }

  /** Removes the program. */
  close(): void {
    rmSync(this.#directory, { recursive: true });
  }
}

/**
 * Why the real processor cannot be asked here, or undefined if it can: no gcc for 32-bit programs,
 * a host that cannot run them, address 0 out of reach.
 */
export function whyNotNative(): string | undefined {
  let native: NativeProcessor | undefined;
  try {
    native = new NativeProcessor(0x10000);
    native.ask('', ['T a mem=0:90']);
    return undefined;
  } catch (error) {
    return (error as Error).message.split('\n').filter(Boolean).at(-1);
  } finally {
    native?.close();
  }
}

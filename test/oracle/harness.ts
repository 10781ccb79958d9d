/**
 * Other processors behind the same lines as `vmft vectors`: native/native.c, built with gcc as a
 * 32-bit program, executes the tests as a process — on the processor that runs this test, or in
 * the user-mode emulator qemu-i386.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Oracle } from './campaign.ts';
import { qemuHindrance } from './qemu-deviations.ts';
import { hindrance } from './rows.ts';
import { RAM_BYTES } from './values.ts';

const SOURCE = fileURLToPath(new URL('native/native.c', import.meta.url));

/** A program without libc, above everything that a guest may address. */
const FLAGS = `-m32 -O2 -std=gnu11 -Wall -Wextra -Werror -ffreestanding -nostdlib -static -fno-pic
  -no-pie -fno-stack-protector -fcf-protection=none -msse2 -Wl,-Ttext-segment=0xc0000000`;

/** Bytes of answers taken at once. */
const MAX_ANSWERS = 1 << 30;

/** An oracle with a program that must be removed in the end. */
export interface Harness extends Oracle {
  close(): void;
}

/** Builds the program; `emulator` runs it if there is one. Throws where gcc cannot. */
function harness(emulator: string | undefined, about: Omit<Oracle, 'ask'>): Harness {
  const directory = mkdtempSync(join(tmpdir(), 'vmft-native-'));
  const program = join(directory, 'native');
  execFileSync('gcc', [...FLAGS.split(/\s+/), '-o', program, SOURCE], { stdio: 'pipe' });
  const kilobytes = `${RAM_BYTES / 1024}`;
  const [command, ...parameters] = emulator
    ? [emulator, program, kilobytes, 'emulated']
    : [program, kilobytes];
  const ask = (before: string, lines: readonly string[]): string[] => {
    const input = `${before}\n${lines.join('\n')}\n`;
    const options = { input, encoding: 'latin1', maxBuffer: MAX_ANSWERS } as const;
    const run = spawnSync(command!, parameters, options);
    // A program that dies cannot take all of its input; what killed it is told below.
    if (run.error && (run.error as NodeJS.ErrnoException).code !== 'EPIPE') throw run.error;
    const answers = run.stdout.split('\n').slice(0, -1);
    if (run.status === 0 && answers.length === lines.length) return answers;
    const end = run.signal ?? `status ${run.status}`;
    const line = lines[answers.length] ?? '';
    throw new Error(`${command} ended with ${end} at "${line}"\n${run.stderr}`);
  };
  return { ...about, ask, close: () => rmSync(directory, { recursive: true }) };
}

/** Processors whose undefined flags are ours: AMD's family 26. */
function hasOurUndefinedFlags(): boolean {
  const text = readFileSync('/proc/cpuinfo', 'latin1');
  return /AuthenticAMD/.test(text) && /cpu family\s*: 26\b/.test(text);
}

/**
 * The processor of this machine. Needs root, because guest memory begins at address 0. Segments
 * end where RAM does.
 */
export function nativeProcessor(): Harness {
  return harness(undefined, { exact: hasOurUndefinedFlags(), hindrance, unbounded: false });
}

/** The emulator qemu-i386. */
export function qemuUser(): Harness {
  return harness('qemu-i386', { exact: false, hindrance: qemuHindrance, unbounded: true });
}

/**
 * Why `make` gives no oracle that can be asked here, or undefined if it does: no gcc for 32-bit
 * programs, a host that cannot run them, address 0 out of reach, no emulator.
 */
export function whyNot(make: () => Harness): string | undefined {
  let oracle: Harness | undefined;
  try {
    oracle = make();
    oracle.ask('', ['T a mem=0:90']);
    return undefined;
  } catch (error) {
    return (error as Error).message.split('\n').filter(Boolean).at(-1);
  } finally {
    oracle?.close();
  }
}

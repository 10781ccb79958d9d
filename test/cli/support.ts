/** Runs the program as a user does: a process of its own, and what it says and leaves behind. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it, vi } from 'vitest';
import { runCommandLine } from '../../src/cli/command-line.ts';
import { isLong } from '../support/runs.ts';

const fromHere = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** What package.json installs as `vmft`. */
export const PROGRAM = fromHere('../../dist/bin/main.js');
export const GUESTS = fromHere('../../programs/asm');
export const SCENARIOS = fromHere('../../src/sim/scenarios');

export interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Invocation {
  /** What standard input holds; closed at once if not given. */
  readonly stdin?: string;
  readonly env?: Record<string, string>;
}

/** A run that hangs ends with the status null after this time. */
const TIMEOUT_MS = 100_000;

/** A folder that is gone after the tests of a file, and the program running in it. */
export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'vmft-cli-'));

  constructor() {
    afterAll(() => rmSync(this.path, { recursive: true, force: true }));
  }

  at(name: string): string {
    return join(this.path, name);
  }

  write(name: string, content: string | Uint8Array): string {
    writeFileSync(this.at(name), content);
    return name;
  }

  read(name: string): Buffer {
    return readFileSync(this.at(name));
  }

  copy(from: string, name: string): void {
    copyFileSync(from, this.at(name));
  }

  folder(name: string): void {
    mkdirSync(this.at(name));
  }

  /** Starts the program and leaves it running. */
  start(args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const cwd = this.path;
    return spawn(process.execPath, [PROGRAM, ...args], { cwd, timeout: TIMEOUT_MS, ...options });
  }

  /** Runs the program to its end. */
  async vmft(args: readonly string[], { stdin = '', env = {} }: Invocation = {}): Promise<Result> {
    const child = this.start(args, { env: { ...process.env, ...env } });
    child.stdin?.on('error', () => {});
    child.stdin?.end(stdin);
    return ended(child);
  }
}

/** What a process that was started says until it ends. */
export async function ended(child: ChildProcess): Promise<Result> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { status, stdout, stderr };
}

/** Waits until `stream` has shown `text`. */
export async function shows(child: ChildProcess, text: string): Promise<void> {
  let seen = '';
  await new Promise<void>((resolve, reject) => {
    child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
      seen += piece;
      if (seen.includes(text)) resolve();
    });
    child.on('close', () => reject(new Error(`"${text}" expected on the console, got "${seen}"`)));
  });
}

/**
 * Does what a command line asks for in this process, in the folder: an answer that needs no guest
 * takes a tenth of the time of a process. Not for several at once.
 */
export async function vmftHere(folder: Folder, words: readonly string[]): Promise<Result> {
  const here = process.cwd();
  const said = { stdout: '', stderr: '' };
  const ears = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      said[name] += text;
      return true;
    }),
  );
  process.chdir(folder.path);
  try {
    await runCommandLine(words);
    return { status: Number(process.exitCode ?? 0), ...said };
  } finally {
    process.exitCode = undefined;
    process.chdir(here);
    for (const ear of ears) ear.mockRestore();
  }
}

/** A command line, the status that it ends with, and its one message. */
export type Mistake = readonly [args: string, status: number, message: string | RegExp];

/** A message that no user should see. */
const NO_MESSAGE = /\n\s+at |node:internal|undefined|\[object|this is a bug/;

/** Expects the status and one message that names thing, place and remedy. */
function isRefused(result: Result, [, status, message]: Mistake): void {
  expect(result.stderr).toMatch(message);
  expect(result.stderr).not.toMatch(NO_MESSAGE);
  expect(result.stderr.match(/^vmft: /gm) ?? []).toHaveLength(/error: /.test(`${message}`) ? 0 : 1);
  expect(result.status).toBe(status);
  expect(result.stdout).toBe('');
}

/** Each mistake is refused while the program runs as a user runs it. */
export function fails(folder: Folder, mistakes: readonly Mistake[]): void {
  it.concurrent.each(mistakes)('%s ends with %i', async (...mistake) => {
    isRefused(await folder.vmft(mistake[0].split(' ')), mistake);
  });
}

/**
 * Each mistake is refused, before any guest runs: the first as a user sees it, the others too in
 * the long checks.
 */
export function refuses(folder: Folder, mistakes: readonly Mistake[]): void {
  const processes = isLong ? mistakes.length : 1;
  fails(folder, mistakes.slice(0, processes));
  it.each(mistakes.slice(processes))('%s ends with %i', async (...mistake) => {
    isRefused(await vmftHere(folder, mistake[0].split(' ')), mistake);
  });
}

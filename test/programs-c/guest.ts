/** Running the guests in C, and the tools that build them. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'vitest';
import { X86Machine } from '../../src/machine/machine.ts';
import { PROGRAMS } from '../support/catalogue.ts';
import { hasher } from '../support/hasher.ts';

/** Where the built images are kept. */
export const IMAGES = join(PROGRAMS, 'images');

/** What built-by.json says: versions, and options separated by blanks. */
export interface BuiltBy {
  readonly tools: { readonly gcc: string; readonly ld: string };
  readonly compile: string;
  readonly link: string;
}

/** Runs an image, which must need nothing from outside. */
export function runGuest(image: Uint8Array, commandLine = '') {
  const config = { ramBytes: 16 << 20, commandLine, slots: [], strict: true };
  const machine = new X86Machine(config, image, hasher);
  const bytes: number[] = [];
  for (;;) {
    const stop = machine.run(20_000_000);
    for (const output of machine.takeOutputs())
      if (output.kind === 'console') bytes.push(...output.bytes);
    if (stop.why === 'output') continue;
    return { stop, console: String.fromCharCode(...bytes), count: machine.count };
  }
}

/** Runs a program that must end with status 0 → what it printed. */
export function runTool(file: string, ...args: string[]): string {
  const done = spawnSync(file, args, { encoding: 'utf8' });
  if (done.error) throw done.error;
  expect(done.status, done.stderr).toBe(0);
  return done.stdout;
}

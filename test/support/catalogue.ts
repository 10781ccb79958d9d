/**
 * Reads programs/catalogue.json, the list of guests with what they need, what to do to them and
 * what must come out (its format: programs/README.md). Tests iterate over it, so that adding a
 * program adds tests: run on QEMU, run, recorded, replayed and failed over on vmft.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isLong } from './runs.ts';

/** programs/ of this tree. */
export const PROGRAMS = resolve(dirname(fileURLToPath(import.meta.url)), '../../programs');

/** In slot order. A disk's content at first is zeros. */
export type CatalogueDevice =
  | { readonly kind: 'net' }
  | { readonly kind: 'block'; readonly sectors: number }
  | { readonly kind: 'entropy' };

/** Something that the tester does, after the step before it is done. */
export type Step =
  /** A datagram to port 7 of the guest, and the reply to wait for. */
  | { readonly send: string; readonly reply: string }
  /** Bytes typed at the console. */
  | { readonly type: string }
  /** Let that much of the guest's time pass. */
  | { readonly waitMs: number };

/** One run of a guest. */
export interface CatalogueRun {
  /** What it shows; with the guest's name, the title of a test. */
  readonly title: string;
  /** The user's words; none if absent. */
  readonly commandLine?: string;
  /** The steps begin when the console has shown this; at once if absent. */
  readonly ready?: string;
  readonly steps?: readonly Step[];
  /** Everything that the console shows: exactly, or as a regular expression for the whole. */
  readonly console: string | { readonly pattern: string };
  /** Why console or disk may differ from run to run; what is not named is always the same. */
  readonly varies?: { readonly console?: string; readonly disk?: string };
  readonly status: number;
}

export interface CatalogueProgram {
  readonly name: string;
  /** Path below programs/: of the source in asm/, or of the image, built from C, in images/. */
  readonly file: string;
  readonly devices: readonly CatalogueDevice[];
  /** In order; a disk keeps what the run before has left on it. */
  readonly runs: readonly CatalogueRun[];
}

/** Every guest of programs/. */
export function readCatalogue(): CatalogueProgram[] {
  const text = readFileSync(`${PROGRAMS}/catalogue.json`, 'utf8');
  return (JSON.parse(text) as { programs: CatalogueProgram[] }).programs;
}

/** The first run of a program, and all of them in the long checks. */
export function someRuns({ runs }: CatalogueProgram): readonly CatalogueRun[] {
  return isLong ? runs : runs.slice(0, 1);
}

/** Whether the console's whole output is what the run asks for. */
export function consoleMatches(run: CatalogueRun, output: string): boolean {
  if (typeof run.console === 'string') return output === run.console;
  return new RegExp(`^(?:${run.console.pattern})$`).test(output);
}

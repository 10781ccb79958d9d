/**
 * What a guest in C is given: library.c calls every function of programs/c/lib, built as guests
 * are. The functions of string.h must do what ISO C says (C17, 7.24).
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PROGRAMS } from '../support/catalogue.ts';
import { describeWithTool } from '../support/tools.ts';
import { type BuiltBy, IMAGES, runGuest, runTool } from './guest.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const C = join(PROGRAMS, 'c');

/** The dates of library.c. */
const DATES = [
  '1970-01-01T00:00:00Z',
  '2000-02-29T23:59:59Z',
  '2000-03-01T00:00:00Z',
  '2026-11-21T11:19:01Z',
  '2100-12-31T12:00:00Z',
];

function buildLibraryGuest(directory: string): Uint8Array {
  const by: BuiltBy = JSON.parse(readFileSync(join(IMAGES, 'built-by.json'), 'utf8'));
  const sources = readdirSync(join(C, 'lib'))
    .filter((file) => /\.[cs]$/.test(file))
    .map((file) => join(C, 'lib', file));
  const objects = [join(HERE, 'library.c'), ...sources].map((source) => {
    const object = join(directory, `${basename(source)}.o`);
    runTool('gcc', ...by.compile.split(' '), '-I', join(C, 'lib'), '-c', '-o', object, source);
    return object;
  });
  const image = join(directory, 'library.elf');
  const link = by.link.replace('lib/guest.ld', join(C, 'lib/guest.ld')).split(' ');
  runTool('ld', ...link, '-o', image, ...objects);
  return new Uint8Array(readFileSync(image));
}

describeWithTool(['gcc', 'ld'], 'the library of the guests in C', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'vmft-library-c-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it('copies, fills, compares, prints, and finds the words of the command line', () => {
    const image = buildLibraryGuest(directory);
    const { stop, console } = runGuest(image, ' xa=1 a= a=x a=65x  b=4294967295 b=2 c');
    expect(console.split('\n')).toEqual([
      'memcpy 10abcde6789',
      'memmove up 10101234789',
      'memmove down 2345656789',
      'memset 1012.....89',
      'memcmp 0-+0',
      'strlen 100',
      'strcmp 0-++',
      'print [-7] [   -7] [-7   ] [-0007] [4294967295]',
      'print [beef] [0000BEEF] [  be] [be  ] [a] [  b] [%]',
      'print [abc] [  abc] [abc  ] [ab] [   abc] [a]',
      'print [-2147483648] [0] [1234]',
      'print_to abcdef1 11 !bcdef1 1',
      `rtc_seconds ${DATES.map((date) => Date.parse(date) / 1000).join(' ')}`,
      'numbers 0 4294967295 0123cdef',
      'arguments 65 4294967295 9',
      '',
    ]);
    expect(stop).toEqual({ why: 'exit', status: 42 });
  });
});

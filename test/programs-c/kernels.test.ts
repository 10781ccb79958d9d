/**
 * The guests in C: the images that are kept are what their sources give, and they compute what the
 * same machine code computes under Linux. (What the catalogue says of them is tested with all other
 * guests: on QEMU, recorded, replayed and failed over.)
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { consoleMatches, PROGRAMS, readCatalogue } from '../support/catalogue.ts';
import { guestImage } from '../support/guest-image.ts';
import { describeWithTool } from '../support/tools.ts';
import { type BuiltBy, IMAGES, runGuest, runTool } from './guest.ts';

const NOT_KERNELS = ['guest.c', 'native.c', 'kernel.h'];
const kernels = readdirSync(join(PROGRAMS, 'c/kernels'))
  .filter((file) => !NOT_KERNELS.includes(file))
  .map((file) => file.replace('.c', ''));
const guests = readCatalogue().filter(({ file }) => file.startsWith('images/'));

const firstLine = (tool: string): string => runTool(tool, '--version').split('\n')[0]!;

/** Whether gcc and ld here are those with which the images were built. */
function toolsAreThose(): boolean {
  const { tools }: BuiltBy = JSON.parse(readFileSync(join(IMAGES, 'built-by.json'), 'utf8'));
  return firstLine('gcc') === tools.gcc && firstLine('ld') === tools.ld;
}

describe('the kernels', () => {
  it('each have an image and a place in the catalogue, by a name that no other guest has', () => {
    const images = readdirSync(IMAGES).filter((file) => file !== 'built-by.json');
    expect(images.sort()).toEqual(kernels.map((name) => `${name}.elf`).sort());
    expect(guests.map(({ file }) => file).sort()).toEqual(images.map((file) => `images/${file}`));
    for (const { name, file } of guests) {
      expect(file).toBe(`images/${name}.elf`);
      expect(existsSync(join(PROGRAMS, 'asm', `${name}.asm`)), name).toBe(false);
    }
  });

  for (const { name, runs } of guests)
    it(`${name} is right about its default size, in a few million instructions`, () => {
      const { stop, console, count } = runGuest(guestImage(name));
      expect(consoleMatches(runs[0]!, console), console).toBe(true);
      expect(stop).toEqual({ why: 'exit', status: 0 });
      expect(count).toBeGreaterThan(2e6);
      expect(count).toBeLessThan(8e6);
    });

  it('sha computes SHA-256', () => {
    const message = Buffer.from(Uint8Array.from({ length: 16_384 }, (_, i) => i));
    let word = 0;
    for (let round = 0; round < 3; round++) {
      message.writeUInt32BE(word);
      word = createHash('sha256').update(message).digest().readUInt32BE();
    }
    const sha = readCatalogue().find(({ name }) => name === 'sha')!;
    expect(sha.runs[0]!.console).toBe(`sha n=3 checksum=${word.toString(16).padStart(8, '0')}\n`);
  });
});

describeWithTool(['gcc', 'ld'], 'gcc', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'vmft-programs-c-'));
    const build = join(PROGRAMS, 'c/build.mjs');
    runTool(process.execPath, build, '--output', directory, '--native', directory);
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  for (const { name, runs } of guests) {
    it(`rebuilds ${name}: the same bytes; with other tools a guest that does the same`, () => {
      const rebuilt = new Uint8Array(readFileSync(join(directory, `${name}.elf`)));
      if (toolsAreThose()) expect(Buffer.compare(rebuilt, guestImage(name))).toBe(0);
      else expect(runGuest(rebuilt).console).toBe(runs[0]!.console);
    });

    it(`${name} computes under Linux what it computes here`, () => {
      const native = join(directory, name);
      expect(runTool(native)).toBe(runs[0]!.console);
      expect(runTool(native, 'n=1')).toBe(runGuest(guestImage(name), 'n=1').console);
    });
  }
});

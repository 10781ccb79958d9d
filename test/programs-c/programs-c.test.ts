/**
 * The guests in C: the images that are kept are what their sources give, and the kernels compute
 * what the same machine code computes under Linux. (What the catalogue says of them is tested with
 * all other guests: on QEMU, recorded, replayed and failed over.)
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Recorder } from '../../src/hypervisor/recorder.ts';
import { X86Machine } from '../../src/machine/machine.ts';
import {
  type CatalogueProgram,
  type CatalogueRun,
  consoleMatches,
  PROGRAMS,
  readCatalogue,
} from '../support/catalogue.ts';
import { guestImage } from '../support/guest-image.ts';
import { configOf, GuestWorld, newDisks, VirtualClock } from '../support/guest-world.ts';
import { hasher } from '../support/hasher.ts';
import { describeWithTool } from '../support/tools.ts';
import { type BuiltBy, IMAGES, runGuest, runTool } from './guest.ts';

const NOT_KERNELS = ['guest.c', 'native.c', 'kernel.h'];
const namesIn = (folder: string): string[] =>
  readdirSync(join(PROGRAMS, 'c', folder))
    .filter((file) => !NOT_KERNELS.includes(file))
    .map((file) => file.replace('.c', ''));
const names = [...namesIn('kernels'), ...namesIn('guests')];
const guests = readCatalogue().filter(({ file }) => file.startsWith('images/'));
const kernels = guests.filter(({ name }) => namesIn('kernels').includes(name));

const firstLine = (tool: string): string => runTool(tool, '--version').split('\n')[0]!;

/** Whether gcc and ld here are those with which the images were built. */
function toolsAreThose(): boolean {
  const { tools }: BuiltBy = JSON.parse(readFileSync(join(IMAGES, 'built-by.json'), 'utf8'));
  return firstLine('gcc') === tools.gcc && firstLine('ld') === tools.ld;
}

/** Plays a run, as the catalogue or a test has it. */
function play(
  program: CatalogueProgram,
  run: CatalogueRun,
  image: Uint8Array,
  disks = newDisks(program),
): void {
  const clock = new VirtualClock(1);
  const machine = new X86Machine(configOf(program, run), image, hasher);
  const recorder = new Recorder({ machine, sources: clock, hasher });
  const world = new GuestWorld(recorder, clock, disks, run);
  expect(world.play()).toEqual({ why: 'exit', status: run.status });
  expect(consoleMatches(run, world.console), world.console).toBe(true);
}

/** Plays the runs of the catalogue with this image. */
function playAll(program: CatalogueProgram, image: Uint8Array): void {
  const disks = newDisks(program);
  for (const run of program.runs) play(program, run, image, disks);
}

describe('the guests in C', () => {
  it('each have an image and a place in the catalogue, by a name that no other guest has', () => {
    const images = readdirSync(IMAGES).filter((file) => file !== 'built-by.json');
    expect(images.sort()).toEqual(names.map((name) => `${name}.elf`).sort());
    expect(guests.map(({ file }) => file).sort()).toEqual(images.map((file) => `images/${file}`));
    for (const { name, file } of guests) {
      expect(file).toBe(`images/${name}.elf`);
      expect(existsSync(join(PROGRAMS, 'asm', `${name}.asm`)), name).toBe(false);
    }
  });
});

describe('the drivers', () => {
  const guest = (name: string) => readCatalogue().find((program) => program.name === name)!;

  it('carry more frames than there are buffers and descriptors', () => {
    const texts = Array.from({ length: 300 }, (_, i) => 'x'.repeat(i * 4));
    const steps = texts.map((text) => ({ send: text, reply: text }));
    const run = {
      title: '',
      ready: 'udp-echo: ready\n',
      steps: [...steps, { send: 'quit', reply: 'bye' }],
      console: 'udp-echo: ready\n',
      status: 0,
    };
    play(guest('udp-echo'), run, guestImage('udp-echo'));
  });

  it('lose nothing that is typed faster than it is read', () => {
    const lines = Array.from({ length: 40 }, (_, i) => `echo line ${i} of many`);
    const run = {
      title: '',
      steps: [{ type: `${lines.join('\n')}\nexit 5\n` }],
      console: {
        pattern: `[^]*${lines.map((line) => `> ${line}\n${line.slice(5)}\n`).join('')}> exit 5\n`,
      },
      status: 5,
    };
    play(guest('shell'), run, guestImage('shell'));
  });

  it('do without devices that are not there', () => {
    const bare = { ...guest('shell'), devices: [] };
    const steps = [{ type: 'disk\nexit\n' }];
    const pattern = '[^]*> disk\ndisk: there is none\n> exit\n';
    play(bare, { title: '', steps, console: { pattern }, status: 0 }, guestImage('shell'));
    const console = 'udp-echo: no network device\n';
    const deaf = { ...guest('udp-echo'), devices: [] };
    play(deaf, { title: '', console, status: 2 }, guestImage('udp-echo'));
  });
});

/** What a kernel prints whose command line says nothing. */
const byDefault = (runs: readonly CatalogueRun[]) =>
  runs.find(({ commandLine }) => commandLine === undefined)!.console;

describe('the kernels', () => {
  for (const { name, runs } of kernels)
    it(`${name} is right about its default size, in a few million instructions`, () => {
      const { stop, console, count } = runGuest(guestImage(name));
      expect(console).toBe(byDefault(runs));
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
    expect(byDefault(sha.runs)).toBe(`sha n=3 checksum=${word.toString(16).padStart(8, '0')}\n`);
  });
});

describeWithTool(['gcc', 'ld', 'ar'], 'gcc', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'vmft-programs-c-'));
    const build = join(PROGRAMS, 'c/build.mjs');
    runTool(process.execPath, build, '--output', directory, '--native', directory);
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  for (const program of guests)
    it(`rebuilds ${program.name}: the same bytes, or with other tools the same behaviour`, () => {
      const rebuilt = new Uint8Array(readFileSync(join(directory, `${program.name}.elf`)));
      const same = Buffer.compare(rebuilt, guestImage(program.name)) === 0;
      if (toolsAreThose()) expect(same).toBe(true);
      else playAll(program, rebuilt);
    });

  for (const { name, runs } of kernels)
    it(`${name} computes under Linux what it computes here`, () => {
      const native = join(directory, name);
      expect(runTool(native)).toBe(byDefault(runs));
      expect(runTool(native, 'n=1')).toBe(runGuest(guestImage(name), 'n=1').console);
    });
});

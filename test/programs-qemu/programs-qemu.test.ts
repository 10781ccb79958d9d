/** Every guest does on QEMU what programs/catalogue.json says. */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type CatalogueProgram,
  type CatalogueRun,
  consoleMatches,
  PROGRAMS,
  readCatalogue,
} from '../support/catalogue.ts';
import { describeWithTool } from '../support/tools.ts';
import { buildWithNasm, QemuGuest } from './qemu.ts';

const catalogue = readCatalogue();
const sources = catalogue.map(({ file }) => file).filter((file) => file.endsWith('.asm'));

async function play(guest: QemuGuest, run: CatalogueRun): Promise<void> {
  if (run.ready !== undefined) await guest.shows(run.ready);
  let id = 0;
  for (const step of run.steps ?? []) {
    if ('waitMs' in step) await sleep(step.waitMs);
    else if ('type' in step) guest.type(step.type);
    else {
      id++;
      expect(await guest.request(`#${id} ${step.send}`)).toBe(`#${id} ${step.reply}`);
    }
  }
}

function testProgram(program: CatalogueProgram, directory: () => string): void {
  let elf: string;
  let disk: string;
  beforeAll(() => {
    elf = join(directory(), `${program.name}.elf`);
    disk = join(directory(), `${program.name}.img`);
    if (program.file.endsWith('.elf')) copyFileSync(`${PROGRAMS}/${program.file}`, elf);
    else buildWithNasm(program.file, elf);
    for (const device of program.devices)
      if (device.kind === 'block') writeFileSync(disk, new Uint8Array(512 * device.sectors));
  });

  for (const run of program.runs)
    it(run.title, async () => {
      const guest = await QemuGuest.start(elf, run.commandLine ?? '', program.devices, disk);
      try {
        await play(guest, run);
        const status = await guest.end();
        expect({ status, matches: consoleMatches(run, guest.console) }, guest.console).toEqual({
          status: run.status,
          matches: true,
        });
      } finally {
        guest.kill();
      }
    });
}

describe('the catalogue', () => {
  it('lists every program of programs/asm, once', () => {
    const files = readdirSync(`${PROGRAMS}/asm`).map((file) => `asm/${file}`);
    expect([...sources].sort()).toEqual(files.sort());
  });

  it('holds programs of at most 120 lines, most of them under 80', () => {
    const lengths = sources
      .map((file) => readFileSync(`${PROGRAMS}/${file}`, 'utf8').split('\n').length - 1)
      .sort((a, b) => a - b);
    expect(lengths.at(-1)).toBeLessThanOrEqual(120);
    expect(lengths[lengths.length >> 1]).toBeLessThan(80);
  });
});

describeWithTool('nasm', 'nasm', () => {
  it.each(sources)('assembles %s as a flat binary too', (file) => {
    const args = ['-Werror', '-f', 'bin', '-o', '/dev/null', file];
    const nasm = spawnSync('nasm', args, { cwd: PROGRAMS, encoding: 'utf8' });
    expect(nasm.stderr).toBe('');
  });
});

describeWithTool(['qemu-system-i386', 'nasm', 'ld'], 'a guest on QEMU', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'vmft-qemu-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  for (const program of catalogue)
    describe(program.name, () => testProgram(program, () => directory));
});

/**
 * Same image, two machines: every guest does on QEMU what programs/catalogue.json says, and what it
 * does on vmft: console, exit status, replies and disk. `npm run compare:qemu` prints the table.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type CatalogueProgram,
  type CatalogueRun,
  consoleMatches,
  PROGRAMS,
  readCatalogue,
  someRuns,
} from '../support/catalogue.ts';
import { describeWithTool } from '../support/tools.ts';
import { ComparisonTable } from './comparison-table.ts';
import { sameDisk, TwoMachines } from './two-machines.ts';

const catalogue = readCatalogue();
const sources = catalogue.map(({ file }) => file).filter((file) => file.endsWith('.asm'));
const table = new ComparisonTable();

async function compare(machines: TwoMachines, run: CatalogueRun): Promise<void> {
  const theirs = await machines.onQemu(run);
  const { instructions, ...ours } = machines.onVmft(run);
  table.add(machines.program.name, run, theirs, ours, instructions);
  const replies = (run.steps ?? []).flatMap((step) => ('reply' in step ? [step.reply] : []));
  for (const outcome of [theirs, ours]) {
    expect(consoleMatches(run, outcome.console), outcome.console).toBe(true);
    expect(outcome.status).toBe(run.status);
    expect(outcome.replies).toEqual(replies.map((reply, i) => `#${i + 1} ${reply}`));
  }
  if (!run.varies?.console) expect(ours.console).toBe(theirs.console);
  if (!run.varies?.disk) expect(sameDisk(ours, theirs), 'the same disk').toBe(true);
}

function testProgram(program: CatalogueProgram, directory: () => string): void {
  let machines: TwoMachines;
  beforeAll(() => {
    machines = new TwoMachines(program, directory());
  });
  const runs = process.env.VMFT_TABLE ? program.runs : someRuns(program);
  for (const run of runs) it(run.title, () => compare(machines, run));
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

  it('gives a reason only where a console cannot be foretold', () => {
    for (const { runs } of catalogue)
      for (const { console, varies } of runs)
        if (varies?.console) expect(typeof console).toBe('object');
  });
});

/** A folder for the tests of a block, while they run. */
function scratchFolder(): () => string {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'vmft-qemu-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));
  return () => directory;
}

describeWithTool('nasm', 'nasm', () => {
  // Not to /dev/null: nasm deletes its output when it fails.
  const directory = scratchFolder();
  it.each(sources)('assembles %s as a flat binary too', (file) => {
    const args = ['-Werror', '-f', 'bin', '-o', join(directory(), 'flat.bin'), file];
    const nasm = spawnSync('nasm', args, { cwd: PROGRAMS, encoding: 'utf8' });
    expect(nasm.stderr).toBe('');
  });
});

describeWithTool('qemu-system-i386', 'the same image on QEMU and on vmft', () => {
  const directory = scratchFolder();
  afterAll(() => {
    if (process.env.VMFT_TABLE) process.stdout.write(table.text());
  });

  for (const program of catalogue) describe(program.name, () => testProgram(program, directory));
});

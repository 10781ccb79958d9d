/**
 * The images of ring 0 (ring0/rig.inc) on QEMU and on vmft: what both print must be the same, byte
 * for byte, but for the lines in ring0/deviations.ts.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithTool } from '../support/tools.ts';
import { buildWithNasm, QemuGuest } from './qemu.ts';
import { DEVIATIONS } from './ring0/deviations.ts';
import { IMAGES, RING0, recordImage } from './ring0/images.ts';

/** A line as it is printed. */
const lineOf = (begin: string, rest: string): string => `${begin} ${rest}`.trimEnd();

/** What the lines of `there` would be if QEMU had no deviations; `here` says where to look. */
function corrected(name: string, here: readonly string[], there: readonly string[]): string[] {
  const deviations = Object.entries(DEVIATIONS[name] ?? {});
  return there.map((line, n) => {
    const listed = deviations.some(
      ([begin, { vmft, qemu }]) => line === lineOf(begin, qemu) && here[n] === lineOf(begin, vmft),
    );
    return listed ? here[n]! : line;
  });
}

const runs = IMAGES.flatMap(({ name, commandLines }) =>
  commandLines.map((commandLine) => ({ name, commandLine })),
);

describeWithTool(['nasm', 'ld', 'qemu-system-i386'], 'ring 0 as on QEMU', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'vmft-ring0-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const seen = new Map<string, string[]>();

  it.each(runs)('$name $commandLine', async ({ name, commandLine }) => {
    const elf = join(directory, `${name}.elf`);
    buildWithNasm(`${RING0}/${name}.asm`, elf, RING0);
    const run = recordImage(new Uint8Array(readFileSync(elf)), commandLine);
    const guest = await QemuGuest.start(elf, commandLine, [], '');
    const status = await guest.ending();
    const here = run.console.split('\n');
    const there = guest.console.split('\n');
    seen.set(name, [...(seen.get(name) ?? []), ...here]);
    expect(corrected(name, here, there)).toEqual(here);
    const end = run.stop.why === 'exit' ? run.stop.status : run.stop.why;
    expect(end).toBe(status === 'reset' ? 'fault' : status);
    expect(here.length).toBeGreaterThan(1);
  });

  it('every deviation listed is a line of its image', () => {
    for (const [name, lines] of Object.entries(DEVIATIONS))
      for (const [begin, { vmft }] of Object.entries(lines))
        expect(seen.get(name)).toContain(lineOf(begin, vmft));
  });
});

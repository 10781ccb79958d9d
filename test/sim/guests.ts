/** The guests of programs/ for simulated runs, assembled by nasm once for a test process. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { machineParts } from '../../src/sim/guest.ts';
import type { RunParts } from '../../src/sim/run.ts';
import { parseScenario, type Scenario } from '../../src/sim/scenario.ts';
import { buildWithNasm } from '../programs-qemu/qemu.ts';
import { hasher } from '../support/hasher.ts';

const images = new Map<string, Uint8Array>();

/** The image of asm/NAME.asm. */
export function guestImage(name: string): Uint8Array {
  let image = images.get(name);
  if (!image) {
    const directory = mkdtempSync(join(tmpdir(), 'vmft-guest-'));
    try {
      const output = join(directory, name);
      buildWithNasm(`asm/${name}.asm`, output);
      image = new Uint8Array(readFileSync(output));
    } finally {
      rmSync(directory, { recursive: true });
    }
    images.set(name, image);
  }
  return image;
}

export const guestParts: RunParts = machineParts(guestImage, hasher);

/** A scenario of src/sim/scenarios/. */
export function namedScenario(name: string): Scenario {
  const file = new URL(`../../src/sim/scenarios/${name}.yaml`, import.meta.url);
  return parseScenario(readFileSync(file, 'utf8'), `${name}.yaml`);
}

/** A protected machine with two disks, one request in flight on each, over deaths. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runs } from '../support/runs.ts';
import { Protected } from './protected.ts';
import { until } from './support.ts';

const GUEST = fileURLToPath(new URL('guests/two-disks.asm', import.meta.url));

/** Numbers that the guest comes to between two deaths. */
const COUNTS = 20;

const SECTOR = 512;

let machine: Protected;
beforeEach(async () => {
  machine = await Protected.inFolder();
});
afterEach(() => machine.end());

describe('a machine with two disks', () => {
  it('has the same on both, in their places, when its processes have died', async () => {
    const deaths = runs(1);
    const count = COUNTS * (deaths + 1);
    const sectors = [count + 1, count + 9];
    const disks = sectors.map((n, index) => {
      const disk = join(machine.home, `disk-${index}.img`);
      writeFileSync(disk, new Uint8Array(n * SECTOR));
      return disk;
    });
    copyFileSync(GUEST, join(machine.home, 'two-disks.asm'));
    const options = disks.flatMap((disk) => ['--disk', disk]);
    options.push('--append', `count=${count}`, '--restart', '--guest-exit-code');
    const { child, said } = machine.watch('two-disks.asm', '7/udp', ...options);
    const numbers = (): number[] => [...said().matchAll(/^(\d+)$/gm)].map(([, n]) => Number(n));
    for (let death = 0; death < deaths; death++) {
      const reached = numbers().length + COUNTS / 2;
      await until('the guest counts', () => numbers().length >= reached);
      const victim = death % 2 === 0 ? 'disk' : 'primary';
      machine.vmft('crash', machine.dir, victim);
    }
    await until('the machine has ended', () => child.exitCode !== null);
    expect(child.exitCode, said()).toBe(0);
    expect(numbers()).toEqual(Array.from({ length: count }, (_, n) => n + 1));
    const [first, second] = disks.map((disk) => readFileSync(disk));
    for (let n = 1; n <= count; n++) {
      expect(first!.readUInt32LE(n * SECTOR)).toBe(n);
      expect(second!.readUInt32LE((sectors[1]! - n) * SECTOR)).toBe(n);
    }
  });
});

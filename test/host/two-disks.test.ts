/** A guest with two disks, one request in flight on each: alone, and protected, over deaths. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isLong, runs } from '../support/runs.ts';
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

/** Two empty disks of different sizes, for `count` numbers; their paths. */
function makeDisks(count: number): string[] {
  return sizesFor(count).map((sectors, index) => {
    const disk = join(machine.home, `disk-${index}.img`);
    writeFileSync(disk, new Uint8Array(sectors * SECTOR));
    return disk;
  });
}

const sizesFor = (count: number): number[] => [count + 1, count + 9];

function expectNumbers(disks: readonly string[], count: number): void {
  const [first, second] = disks.map((disk) => readFileSync(disk));
  for (let n = 1; n <= count; n++) {
    expect(first!.readUInt32LE(n * SECTOR)).toBe(n);
    expect(second!.readUInt32LE((sizesFor(count)[1]! - n) * SECTOR)).toBe(n);
  }
}

describe('a guest with two disks', () => {
  it('has each number on both of them, in its place', () => {
    const disks = makeDisks(COUNTS);
    const options = disks.flatMap((disk) => ['--disk', disk]);
    const args = ['run', GUEST, ...options, '--append', `count=${COUNTS}`, '--guest-exit-code'];
    expect(machine.vmft(...args)).toMatchObject({ status: 0 });
    expectNumbers(disks, COUNTS);
  });

  if (isLong) {
    it('has them too when it is protected, and its processes have died', async () => {
      const deaths = runs(1);
      const count = COUNTS * (deaths + 1);
      const disks = makeDisks(count);
      const options = disks.flatMap((disk) => ['--disk', disk]);
      options.push('--append', `count=${count}`, '--restart', '--guest-exit-code');
      const { child, said } = machine.watch(GUEST, '7/udp', ...options);
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
      expectNumbers(disks, count);
    });
  }
});

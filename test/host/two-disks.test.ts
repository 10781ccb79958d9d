/** A guest with two disks, one request in flight on each: alone, and protected, over deaths. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { isLong, runs } from '../support/runs.ts';
import { Protected } from './protected.ts';
import { until } from './support.ts';

const GUEST = fileURLToPath(new URL('guests/two-disks.asm', import.meta.url));

/** Numbers that the guest comes to alone, and at least between two deaths. */
const COUNTS = 20;

/** More numbers than there is time for: the guest must not end before its processes have died. */
const NEVER_REACHED = 20_000;

const SECTOR = 512;

const machine = Protected.forEachTest();

/** Two empty disks of different sizes, for `count` numbers; their paths. */
function makeDisks(count: number): string[] {
  return sizesFor(count).map((sectors, index) => {
    const disk = join(machine.home, `disk-${index}.img`);
    writeFileSync(disk, new Uint8Array(sectors * SECTOR));
    return disk;
  });
}

const sizesFor = (count: number): number[] => [count + 1, count + 9];

/** That the disks for `count` numbers have the first `reached` of them. */
function expectNumbers(disks: readonly string[], count: number, reached: number): void {
  const [first, second] = disks.map((disk) => readFileSync(disk));
  for (let n = 1; n <= reached; n++) {
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
    expectNumbers(disks, COUNTS, COUNTS);
  });

  if (isLong) {
    it('has them too when it is protected, and its processes have died', async () => {
      const disks = makeDisks(NEVER_REACHED);
      const options = disks.flatMap((disk) => ['--disk', disk]);
      options.push('--append', `count=${NEVER_REACHED}`, '--restart');
      const { said } = machine.watch(GUEST, '7/udp', ...options);
      const numbers = (): number[] => [...said().matchAll(/^(\d+)\n/gm)].map(([, n]) => Number(n));
      const countsOn = async (): Promise<void> => {
        const reached = numbers().length + COUNTS;
        await until('the guest counts', () => numbers().length >= reached);
      };
      await countsOn();
      for (let death = 0; death < runs(1); death++) {
        await machine.isProtected();
        const victim = death % 2 === 0 ? 'disk' : 'primary';
        expect(machine.vmft('crash', machine.dir, victim)).toMatchObject({ status: 0 });
        await countsOn();
      }
      expect(machine.vmft('stop', machine.dir)).toMatchObject({ status: 0 });
      const counted = numbers();
      expect(counted).toEqual(counted.map((_, index) => index + 1));
      expectNumbers(disks, NEVER_REACHED, counted.length);
    });
  }
});

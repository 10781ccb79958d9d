/** What may happen to a protected machine on a real host, and must leave nothing behind. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { ConsoleFile } from '../../src/host/console-file.ts';
import { isLong, runs } from '../support/runs.ts';
import { describeUnless } from '../support/tools.ts';
import { Asker } from './asker.ts';
import { Protected } from './protected.ts';
import { PROGRAM } from './support.ts';

const CLOCK = fileURLToPath(new URL('jumping-clock.mjs', import.meta.url));

const HALF_HOUR_MS = 1_800_000;

/** A machine is up after about so many ms, on a computer that has little else to do. */
const BIRTH_MS = 1500;

const machine = Protected.forEachTest();

/** A guest that goes on until it is ended, and where. */
const ofCounter = (): string[] => {
  const publish = ['--publish', `${machine.port}:7/udp`];
  return ['udp-counter', ...publish, '--dir', machine.dir];
};

/** Waits until a process has ended. */
const endOf = (child: ReturnType<typeof spawn>) =>
  child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;

describe('a machine', () => {
  it('leaves nothing, whenever its user interrupts it', async () => {
    const prng = new Prng(7);
    for (let time = 0; time < runs(1); time++) {
      const { child } = machine.watch('udp-counter', '7/udp');
      const delayMs = prng.below(BIRTH_MS);
      await new Promise((done) => setTimeout(done, delayMs));
      child.kill('SIGINT');
      await endOf(child);
      // Before it has begun to make anything the signal ends it as it ends any program.
      expect([0, 'SIGINT'], `after ${delayMs} ms`).toContain(child.exitCode ?? child.signalCode);
      if (existsSync(machine.dir)) machine.expectNothingLeft();
    }
  });
});

it('what a guest prints waits while the disk is full', () => {
  const troubles: string[] = [];
  const file = new ConsoleFile('/dev/full', (trouble) => troubles.push(trouble));
  for (const text of ['one', 'two', 'three']) file.append(Buffer.from(text));
  expect([file.bytes, troubles]).toEqual([
    0,
    ['console /dev/full: no space is left on the device; what is printed waits'],
  ]);
  file.append(new Uint8Array(2 * 1024 * 1024));
  expect(troubles[1]).toMatch(/; \d+ bytes are lost$/);
  file.close();
});

if (isLong) {
  describe('a machine, more rarely', () => {
    it('is cleared away by "stop" after all of its processes have died at once', async () => {
      const { child } = machine.watch('udp-counter', '7/udp');
      await machine.isProtected();
      const marks = readdirSync(machine.dir).filter((name) => name.endsWith('.pid'));
      const pids = marks.map(
        (name) => JSON.parse(readFileSync(join(machine.dir, name), 'utf8')).pid,
      );
      child.kill('SIGKILL');
      for (const pid of pids) process.kill(pid, 'SIGKILL');
      await endOf(child);
      expect(machine.vmft('protect', 'hello', '--dir', machine.dir).status).toBe(5);
      expect(machine.vmft('stop', machine.dir).status).toBe(0);
      machine.expectNothingLeft();
      const again = machine.vmft('protect', 'hello', '--dir', machine.dir);
      expect(again).toMatchObject({ status: 0, stdout: 'Hello from inside.\n' });
      machine.expectNothingLeft();
    });

    it('is ended by "stop" at any moment of its birth too', async () => {
      const prng = new Prng(11);
      const begin = ['protect', ...ofCounter(), '--detach'];
      for (let time = 0; time < runs(2); time++) {
        const supervised = time % 2 === 0 ? ['--restart'] : [];
        const args = [PROGRAM, ...begin, ...supervised];
        const child = spawn(process.execPath, args, { cwd: machine.home });
        await new Promise((done) => setTimeout(done, prng.below(BIRTH_MS)));
        // It may not have begun to make anything.
        expect([0, 5]).toContain(machine.vmft('stop', machine.dir).status);
        await endOf(child);
        if (!existsSync(machine.dir)) continue;
        machine.vmft('stop', machine.dir);
        machine.expectNothingLeft();
      }
    });

    it('has its folder for itself: of two that begin at once, one is refused', async () => {
      const patient = ['--failure-timeout', '10s'];
      const args = [PROGRAM, 'protect', ...ofCounter(), '--detach', ...patient];
      const children = [1, 2].map(() => spawn(process.execPath, args, { cwd: machine.home }));
      await Promise.all(children.map((child) => endOf(child)));
      expect(children.map(({ exitCode }) => exitCode).sort()).toEqual([0, 5]);
      expect((await machine.isProtected()).replicas).toHaveLength(2);
      expect(machine.vmft('stop', machine.dir).status).toBe(0);
      machine.expectNothingLeft();
    });

    it('does not care what date its hosts think it is', async () => {
      const options = process.env.NODE_OPTIONS;
      process.env.NODE_OPTIONS = `${options ?? ''} --import ${CLOCK}`;
      const asker = Asker.at(machine.port);
      try {
        machine.start('udp-counter', '7/udp', '--failure-timeout', '5s');
        let last = await asker.count('#0');
        const began = performance.now();
        for (let n = 1; performance.now() - began < 2000; n++) {
          const next = await asker.count(`#${n}`);
          expect(next).toBeGreaterThan(last);
          last = next;
        }
        const { generation, replicas } = (await machine.look())!;
        expect([generation, replicas.map(({ role }) => role)]).toEqual([1, ['primary', 'backup']]);
      } finally {
        asker.close();
        process.env.NODE_OPTIONS = options ?? '';
      }
      expect(machine.vmft('stop', machine.dir).status).toBe(0);
      const [last] = machine.log('alpha').trim().split('\n').at(-1)!.split(' ');
      expect(Math.abs(Date.parse(last!) - Date.now()), 'the clock did jump').toBeGreaterThan(
        HALF_HOUR_MS,
      );
      machine.expectNothingLeft();
    });
  });

  const mayMount = spawnSync('sh', ['-c', 'test "$(id -u)" = 0 && command -v mount']).status === 0;
  describeUnless(mayMount ? undefined : 'needs root and mount', 'on a full disk', () => {
    it('a machine says so and does not begin; what it had made is gone', () => {
      const small = join(machine.home, 'small');
      mkdirSync(small);
      const mount = ['-t', 'tmpfs', '-o', 'size=64k', 'vmft-small', small];
      expect(spawnSync('mount', mount).status).toBe(0);
      try {
        for (const left of [0, 8, 12]) {
          writeFileSync(join(small, 'filler'), new Uint8Array(left * 4096));
          const { status, stderr } = machine.vmft('protect', 'redis', '--dir', join(small, 'm.d'));
          expect(stderr).toMatch(/no space is left on the device/);
          expect(status).toBe(5);
          expect(readdirSync(join(small, 'm.d')).filter((name) => name !== 'log')).toEqual([]);
        }
      } finally {
        spawnSync('umount', [small]);
      }
    });
  });
}

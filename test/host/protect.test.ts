/** `vmft protect` and what acts on it: real processes, real clients, real deaths. */
import { createSocket } from 'node:dgram';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isLong, runs } from '../support/runs.ts';
import { Asker } from './asker.ts';
import { Protected } from './protected.ts';
import { until } from './support.ts';

const machine = Protected.forEachTest();
const client = Asker.forEachTest(machine);

describe('vmft protect', () => {
  it('carries clients over deaths, and leaves nothing behind', async () => {
    machine.start('udp-counter', '7/udp', '--standbys', '1');
    const first = await client.count('#0');
    const started = JSON.parse(machine.vmft('status', machine.dir, '--json').stdout);
    expect(started).toMatchObject({
      generation: 1,
      replicas: [{ role: 'primary' }, { role: 'backup' }, { role: 'standby' }],
      gateway: { state: 'running' },
    });
    expect(machine.vmft('protect', 'hello', '--dir', machine.dir)).toMatchObject({ status: 5 });
    const killed = machine.vmft('crash', machine.dir, 'primary');
    expect(killed.stdout).toMatch(/^alpha \(primary\), process \d+: killed\n$/);
    const second = await client.count('#1');
    expect(second).toBeGreaterThan(first);
    const { generation, gateway } = await machine.isProtected();
    expect([generation, gateway.pid]).toEqual([2, started.gateway.pid]);
    expect(machine.vmft('crash', machine.dir, 'backup').stdout).toContain('killed');
    await machine.withRole('alone');
    expect(await client.count('#2')).toBeGreaterThan(second);
    expect(machine.vmft('stop', machine.dir)).toEqual({ status: 0, stdout: '', stderr: '' });
    machine.expectNothingLeft();
  });

  it('starts who died anew, and ends when its guest does', async () => {
    const { said, ended } = machine.watch('udp-counter', '7/udp', '--restart');
    let last = await client.count('#0');
    for (let round = 1; round <= runs(1); round++) {
      for (const victim of ['primary', 'gateway']) {
        await machine.isProtected();
        expect(machine.vmft('crash', machine.dir, victim).status).toBe(0);
        const next = await client.count(`#${round}${victim}`);
        expect(next).toBeGreaterThan(last);
        last = next;
      }
    }
    expect(await client.ask('#end', 'quit')).toBe('bye');
    expect(await ended).toBe(0);
    expect(said()).toContain('udp-counter: ready\n');
    expect(said()).toContain('vmft: the guest ended with status 0\n');
    machine.expectNothingLeft();
  });

  if (isLong) {
    it('lets nobody speak who was suspended while another took over', async () => {
      const { child } = machine.watch('udp-counter', '7/udp', '--failure-timeout', '4s');
      const before = await client.count('#0');
      // Who has given birth is nobody's parent.
      child.kill('SIGKILL');
      await machine.isProtected();
      const { name } = await machine.withRole('primary');
      expect(machine.vmft('crash', machine.dir, 'primary', '--pause').stdout).toContain('paused');
      const after = await client.count('#1');
      expect(after).toBeGreaterThan(before);
      expect(machine.vmft('crash', machine.dir, 'primary', '--resume').stdout).toContain(name);
      await until('it halts', () => machine.log(name).includes('halts: lost-test-and-set'));
      expect(await client.count('#2')).toBeGreaterThan(after);
      expect(machine.vmft('stop', machine.dir).status).toBe(0);
      machine.expectNothingLeft();
    });
  }

  it('ends with the user', async () => {
    const { child, ended } = machine.watch('udp-counter', '7/udp');
    await machine.isProtected();
    child.kill('SIGINT');
    expect(await ended).toBe(0);
    machine.expectNothingLeft();
  });

  it('says what is wrong, and leaves nothing running', async () => {
    const taken = createSocket('udp4').bind(machine.port, '127.0.0.1');
    await until('the port is taken', () => {
      try {
        return taken.address().port;
      } catch {
        return undefined;
      }
    });
    const busy = machine.vmft(
      'protect',
      'udp-counter',
      '--publish',
      `${machine.port}:7/udp`,
      '--dir',
      machine.dir,
    );
    taken.close();
    expect(busy).toMatchObject({ status: 5 });
    expect(busy.stderr).toContain(
      `cannot listen on UDP 127.0.0.1:${machine.port}: the port is in use`,
    );
    machine.expectNothingLeft();
    expect(machine.vmft('protect', 'hello', '--dir', '/proc/m.d').stderr).toMatch(
      /^vmft: folder \/proc\/m\.d: /,
    );
    for (const args of [['status'], ['stop'], ['crash', 'primary']]) {
      const [command, ...rest] = args as [string, ...string[]];
      const { status, stderr } = machine.vmft(command, join(machine.home, 'none'), ...rest);
      expect(stderr).toMatch(/^vmft: .*none: there is no machine; /);
      expect(status).toBe(5);
    }
  });
});

/** A machine that nobody looks after but its supervisor: whoever dies is there again. */
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hurt, livingParts, type Victim } from '../../src/host/machine-control.ts';
import { openMachine } from '../../src/host/machine-folder.ts';
import { freePortRange } from '../support/ports.ts';
import { isLong } from '../support/runs.ts';
import { Asker } from './asker.ts';
import { Protected } from './protected.ts';
import { until } from './support.ts';

const DISK_BYTES = 64 * 512;

const machine = Protected.forEachTest();
const client = Asker.forEachTest(machine);

const kill = (victim: Victim) => hurt(openMachine(machine.dir), victim, 'kill');

const supervisor = async () => (await machine.look())!.supervisor!;

describe('a supervisor', () => {
  it('starts whoever dies anew; without it the machine goes on', async () => {
    writeFileSync(join(machine.home, 'disk.img'), new Uint8Array(DISK_BYTES));
    const port = await freePortRange(5);
    const options = ['--disk', 'disk.img', '--metrics', `${port}`];
    machine.start('udp-counter', '7/udp', '--restart', ...options);
    const numbers = [await client.count('#0')];
    const before = (await machine.look())!;
    for (const victim of ['primary', 'gateway', 'disk'] as const) await kill(victim);
    numbers.push(await client.count('#1'));
    const after = await machine.isProtected();
    expect(after).toMatchObject({ generation: 2, supervisor: { restarts: 3, failing: [] } });
    expect(after.gateway.pid).not.toBe(before.gateway.pid);
    expect(after.disk!.pid).not.toBe(before.disk!.pid);
    expect(machine.log('supervisor')).toMatch(/ gateway has died; starts it anew\n/);
    // Each has the port that it had before.
    expect(machine.vmft('status', machine.dir).stdout).toContain(
      `metrics    alpha 127.0.0.1:${port}, beta 127.0.0.1:${port + 1}, `,
    );
    const measured = async () => {
      const primary = (await machine.look())?.replicas.find(({ role }) => role === 'primary');
      return primary?.roundTripMs && primary.metrics;
    };
    const metrics = await until('the round trip of the channel is measured', measured);
    expect(await (await fetch(`http://${metrics}/metrics`)).text()).toMatch(
      /^vmft_channel_round_trip_seconds\{.*\} 0\.\d+$/m,
    );
    const restarts = await (await fetch(`http://127.0.0.1:${port + 4}/metrics`)).text();
    expect(restarts).toMatch(/^vmft_restarts_total\{.*part="supervisor"\} 3$/m);
    expect(machine.vmft('crash', machine.dir, 'supervisor').status).toBe(0);
    await kill('backup');
    await machine.withRole('alone');
    numbers.push(await client.count('#2'));
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    const { stdout } = machine.vmft('status', machine.dir);
    expect(stdout).toContain('supervisor dead, so nobody starts anew who dies\n');
    expect(machine.vmft('stop', machine.dir)).toEqual({ status: 0, stdout: '', stderr: '' });
    machine.expectNothingLeft();
  });

  if (isLong) {
    it('gives who dies at its birth longer pauses each time, and ends with the guest', async () => {
      machine.start('udp-counter', '7/udp', '--restart');
      const first = await client.count('#0');
      const [key, kept] = [join(machine.dir, 'key'), join(machine.home, 'kept')];
      copyFileSync(key, kept);
      writeFileSync(key, 'no key');
      await kill('gateway');
      await until('it has died again and again', () =>
        machine.log('supervisor').includes('at its birth, 3 in a row; starts it anew in 1000 ms'),
      );
      expect((await supervisor()).failing).toEqual(['gateway']);
      copyFileSync(kept, key);
      expect(await client.count('#1')).toBeGreaterThan(first);
      await until('it works', async () => (await supervisor()).failing?.length === 0);
      expect(await client.ask('#end', 'quit')).toBe('bye');
      // None that is started too late is left.
      await until('all have ended', () => livingParts(openMachine(machine.dir)).length === 0);
      expect(machine.vmft('stop', machine.dir).status).toBe(0);
      machine.expectNothingLeft();
    });
  }
});

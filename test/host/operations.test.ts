/** What people ask of a protected machine, and the capture of its wire through all of it. */
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freePorts } from '../support/ports.ts';
import { isLong } from '../support/runs.ts';
import { describeWithTool } from '../support/tools.ts';
import { Asker } from './asker.ts';
import { Protected } from './protected.ts';
import { PROGRAM, until } from './support.ts';

const machine = Protected.forEachTest();
const client = Asker.forEachTest(machine);

const shares = async () => {
  const { replicas } = (await machine.look())!;
  return Object.fromEntries(replicas.map(({ role, cpuPercent }) => [role, cpuPercent]));
};

/** The next number of a machine that goes on from a snapshot. */
async function resumed(file: string): Promise<number> {
  const [port] = (await freePorts(1)) as [number];
  const args = [PROGRAM, 'run', file, '--publish', `${port}:7/udp`];
  const child = spawn(process.execPath, args, {
    cwd: machine.home,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const asker = Asker.at(port);
  try {
    return await asker.count('#resumed');
  } finally {
    asker.close();
    child.kill('SIGKILL');
  }
}

describeWithTool('tcpdump', 'a protected machine', () => {
  it('is switched over and throttled, and its wire is captured, also after deaths', async () => {
    const pcap = join(machine.home, 'wire.pcap');
    const options = ['--restart', '--pcap', 'wire.pcap'];
    const { said, ended } = machine.watch('udp-counter', '7/udp', ...options);
    const numbers = [await client.count('#first')];
    await machine.isProtected();
    const switched = machine.vmft('switch-over', machine.dir);
    expect(switched).toEqual({ status: 0, stdout: 'alpha has handed over to beta\n', stderr: '' });
    numbers.push(await client.count('#switched'));
    await machine.isProtected();
    expect(machine.vmft('throttle', machine.dir, '40').status).toBe(0);
    await until('both know', async () => {
      const { primary, backup } = await shares();
      return primary === 40 && backup === 40;
    });
    // A question that was asked again has counted again.
    const reached = Number(await client.ask('#reached', 'get'));
    const kept = machine.vmft('snapshot', machine.dir, '-o', 'kept.vmsnap');
    expect(kept).toMatchObject({ status: 0, stderr: '' });
    expect(kept.stdout).toMatch(/kept\.vmsnap: the machine at instruction \d+, \d+ bytes\n$/);
    for (const victim of ['gateway', 'primary'])
      expect(machine.vmft('crash', machine.dir, victim).status).toBe(0);
    numbers.push(await client.count('#survived'));
    await machine.isProtected();
    expect((await shares()).primary).toBe(40);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    machine.vmft('stop', machine.dir);
    expect(await ended).toBe(0);
    expect(said()).not.toContain('all replicas have died');
    // The machine of the past goes on from there, on its own.
    expect(await resumed('kept.vmsnap')).toBe(reached + 1);
    const read = spawnSync('tcpdump', ['-n', '-A', '-r', pcap, 'udp'], { encoding: 'utf8' });
    expect(read).toMatchObject({ status: 0, stderr: expect.not.stringContaining('truncated') });
    for (const [at, tag] of ['#first', '#switched', '#survived'].entries())
      expect(read.stdout).toContain(`${tag} ${numbers[at]}`);
  });
});

if (isLong) {
  describe('an operation', () => {
    it('says who cannot do what is asked', async () => {
      machine.start('udp-counter', '7/udp');
      expect(machine.vmft('crash', machine.dir, 'backup').status).toBe(0);
      await machine.withRole('alone');
      const { status, stderr } = machine.vmft('switch-over', machine.dir);
      expect([status, stderr]).toEqual([
        5,
        `vmft: ${machine.dir}: alpha has no backup; wait until a standby has become its backup, ` +
          'or start one\n',
      ]);
      expect(machine.vmft('throttle', machine.dir, '0').status).toBe(2);
    });
  });
}

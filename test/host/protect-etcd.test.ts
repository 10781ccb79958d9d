/** Protected machines whose arbiter is etcd: its members and theirs die together. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { askForPassword, type EtcdCluster, makeTls, startEtcd } from '../support/etcd.ts';
import { freePorts } from '../support/ports.ts';
import { isLong } from '../support/runs.ts';
import { describeWithTool } from '../support/tools.ts';
import { Asker } from './asker.ts';
import { Protected } from './protected.ts';
import { until } from './support.ts';

let cluster: EtcdCluster | undefined;

// Registered first, so called last: the machine is stopped while its arbiter is there.
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

const machine = Protected.forEachTest();
const client = Asker.forEachTest(machine);

/** What etcd holds of each generation, asked of `node` by etcd's own program. */
function registers(node: number): { generation: number; owner: string; version: number }[] {
  const { url } = cluster!.nodes[node]!;
  const args = [`--endpoints=${url}`, 'get', '--prefix', 'vmft/', '--write-out=json'];
  const text = execFileSync('etcdctl', args, {
    encoding: 'utf8',
    env: { ...process.env, ETCDCTL_API: '3' },
  });
  const { kvs = [] } = JSON.parse(text) as {
    kvs?: { key: string; value: string; version: number }[];
  };
  return kvs.map(({ key, value, version }) => ({
    generation: Number(Buffer.from(key, 'base64').toString().split('/').at(-1)),
    owner: Buffer.from(value, 'base64').toString(),
    version,
  }));
}

/** The command lines of all processes of this computer, as anyone can read them. */
const commandLines = (): string =>
  readdirSync('/proc')
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        return '';
      }
    })
    .join('\n');

const crash = (victim: string): void =>
  expect(machine.vmft('crash', machine.dir, victim).status).toBe(0);

describe('vmft protect --arbiter', () => {
  it('says who cannot be asked, and begins nothing', async () => {
    const [port] = await freePorts(1);
    const arbiter = `etcd:http://127.0.0.1:${port}`;
    const told = machine.vmft('protect', 'hello', '--dir', machine.dir, '--arbiter', arbiter);
    expect(told).toMatchObject({ status: 5, stdout: '' });
    expect(told.stderr).toBe(`vmft: arbiter http://127.0.0.1:${port}: nobody listens there\n`);
    expect(existsSync(machine.dir)).toBe(false);
  });
});

if (isLong) {
  describeWithTool(['etcd', 'etcdctl'], 'a machine whose arbiter is etcd', () => {
    it('goes on when one member of three dies with its primary, by one grant', async () => {
      cluster = await startEtcd(3);
      machine.start('udp-counter', '7/udp', '--standbys', '1', '--arbiter', cluster.spec);
      const first = await client.count('#0');
      // The member that all ask first goes down in the very moment of the failover.
      const killed = cluster.nodes[0]!.kill();
      crash('primary');
      await killed;
      const second = await client.count('#1');
      expect(second).toBeGreaterThan(first);
      expect((await machine.isProtected()).generation).toBe(2);
      expect(registers(1)).toMatchObject([{ generation: 1, version: 1 }]);
      expect(registers(1)[0]!.owner).toMatch(/^beta\./);
      crash('backup');
      await machine.withRole('alone');
      expect(await client.count('#2')).toBeGreaterThan(second);
      expect(registers(2)).toMatchObject([
        { generation: 1, version: 1 },
        { generation: 2, version: 1 },
      ]);
    });

    it('waits while quorum is lost, emits nothing, and goes on when it is back', async () => {
      cluster = await startEtcd(3);
      machine.start('udp-counter', '7/udp', '--arbiter', cluster.spec);
      const first = await client.count('#0');
      await cluster.nodes[0]!.kill();
      await cluster.nodes[1]!.kill();
      crash('primary');
      const answer = client.count('#1');
      const silences = (): number => machine.log('beta').split('no answer in').length - 1;
      await until('the arbiter is asked in vain', () => silences() > 0);
      expect((await machine.look())!.replicas.map(({ role }) => role)).toEqual(['dead', 'backup']);
      expect(client.isAnswered('#1')).toBe(false);
      await cluster.nodes[1]!.start();
      expect(await answer).toBeGreaterThan(first);
      await machine.withRole('alone');
      expect(registers(1)).toMatchObject([{ generation: 1, version: 1 }]);
    });

    it('has one that goes on when both halves of a cut link ask, with a member down', async () => {
      cluster = await startEtcd(3);
      machine.start('udp-counter', '7/udp', '--failure-timeout', '4s', '--arbiter', cluster.spec);
      const first = await client.count('#0');
      await cluster.nodes[2]!.kill();
      expect(machine.vmft('crash', machine.dir, 'link', '--pause').status).toBe(0);
      const { name } = await machine.withRole('alone');
      const loser = name === 'alpha' ? 'beta' : 'alpha';
      await until('the other halts', () => machine.log(loser).includes('lost-test-and-set'));
      expect(await client.count('#1')).toBeGreaterThan(first);
      expect(registers(0)).toMatchObject([{ generation: 1, version: 1 }]);
      expect(registers(0)[0]!.owner.split('.')[0]).toBe(name);
    });
  });

  describeWithTool(['etcd', 'etcdctl', 'openssl'], 'an etcd of one member, with TLS', () => {
    it('asks for a password, which no command line shows', async () => {
      const tls = makeTls(machine.home);
      cluster = await startEtcd(1, tls);
      askForPassword(cluster, tls, 'se:cret');
      const options = ['--arbiter', cluster.spec, '--arbiter-ca', 'cert.pem'];
      const refused = machine.vmft('protect', 'hello', '--dir', machine.dir, ...options);
      expect(refused.status).toBe(5);
      expect(refused.stderr).toMatch(/^vmft: arbiter https:\S+: status 4\d\d: /);
      writeFileSync(join(machine.home, 'user'), 'root:se:cret\n');
      machine.start('udp-counter', '7/udp', ...options, '--arbiter-user', 'user');
      const first = await client.count('#0');
      expect(commandLines()).toContain('cert.pem');
      expect(commandLines()).not.toContain('se:cret');
      crash('primary');
      expect(await client.count('#1')).toBeGreaterThan(first);
    });
  });
}

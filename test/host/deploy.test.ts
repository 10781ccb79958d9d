/**
 * The walk-through of docs/deploy.md, on five hosts in network namespaces: a client counts on one
 * connection while the primary's cable is pulled out and put in again.
 */
import { once } from 'node:events';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readConfig } from '../../src/host/config-file.ts';
import { isLong } from '../support/runs.ts';
import { describeWithNamespaces } from '../support/tools.ts';
import { CONFIG, Deployed, type HostName } from './deployed.ts';
import { until } from './support.ts';

interface Status {
  readonly role: string;
  readonly generation: number;
  readonly protected: boolean;
  readonly token: number;
}

/** Numbers counted between two events. */
const COUNTS = 50;

let hosts: Deployed;

const is = (host: HostName, wanted: Partial<Status>) =>
  until(`${host} is ${JSON.stringify(wanted)}`, async () => {
    const status = await hosts.status<Status>(host);
    return status && Object.entries(wanted).every(([k, v]) => status[k as keyof Status] === v);
  });

/** A redis-cli on the client's host, which asks for the next number as soon as it has one. */
function startCounting() {
  const { stdin, stdout, stderr } = hosts.run('client', 'redis-cli', '-h', '10.77.0.4');
  const numbers: string[] = [];
  const trouble: string[] = [];
  stdout!.setEncoding('utf8').on('data', (text: string) => {
    numbers.push(...text.split('\n').filter((line) => line !== ''));
    stdin!.write('INCR n\n');
  });
  stdin!.on('error', () => {});
  stderr!.setEncoding('utf8').on('data', (text: string) => trouble.push(text));
  stdin!.write('INCR n\n');
  const more = async (count = COUNTS): Promise<void> => {
    const wanted = numbers.length + count;
    await until('the client counts', () => numbers.length >= wanted);
  };
  return { numbers, trouble, more };
}

function walkThrough(): void {
  beforeEach(() => {
    hosts = new Deployed();
  });
  afterEach(() => hosts.end());

  it('a cable that is pulled out costs a pause, and no number comes twice', async () => {
    hosts.startEtcd();
    hosts.start('disk', 'disk');
    hosts.start('gateway', 'gateway');
    const alpha = hosts.start('alpha', 'host', 'alpha', '--cold-start');
    hosts.start('beta', 'host', 'beta', '--cold-start');
    await is('alpha', { role: 'primary', protected: true });
    const { numbers, trouble, more } = startCounting();
    await more();
    expect(await hosts.look('alpha')).toMatchObject({
      replicas: [{ role: 'primary' }, { role: 'elsewhere', known: ['backup of alpha'] }],
      gateway: { state: 'elsewhere', known: ['connected with alpha'] },
      disk: { state: 'elsewhere', known: ['connected with alpha'] },
    });
    // The primary hears nobody, nor the arbiter: it may not go on.
    hosts.cut('alpha');
    await is('beta', { role: 'alone', token: 3 });
    await more();
    const seen = (await hosts.look('gateway')).replicas[1];
    expect(seen).toMatchObject({ known: ['speaks at the gateway with token 3'] });
    expect(await hosts.status<Status>('alpha')).toMatchObject({ role: 'primary', generation: 1 });
    const ended = once(alpha, 'exit');
    hosts.join('alpha');
    await ended;
    expect(hosts.log('alpha')).toContain('halts: lost-test-and-set');
    await more();
    // As systemd would: it comes back, and is made the next backup.
    hosts.start('alpha', 'host', 'alpha');
    await is('beta', { role: 'primary', generation: 2, protected: true });
    await more();
    // This time the cable of the backup: the primary goes on.
    hosts.cut('alpha');
    await is('beta', { role: 'alone', token: 5 });
    await more();
    hosts.join('alpha');
    await more();
    expect(numbers).toEqual(numbers.map((_, index) => String(index + 1)));
    expect(numbers.length).toBeGreaterThanOrEqual(6 * COUNTS);
    expect(trouble).toEqual([]);
  });
}

it('the configuration of docs/deploy.md is sound', () => {
  const { hosts: members, publish } = readConfig(CONFIG);
  expect([members.map(({ name }) => name), publish.length]).toEqual([['alpha', 'beta'], 1]);
});

if (isLong)
  describeWithNamespaces(['etcd', 'redis-cli'], 'the walk-through of docs/deploy.md', walkThrough);

/**
 * A machine on several computers as it is seen from one of them, by addresses that are set aside
 * for documentation (RFC 5737): the process there is real, in another folder.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { openMachine } from '../../src/host/machine-folder.ts';
import { statusOf } from '../../src/host/machine-status.ts';
import { guestImage } from '../support/guest-image.ts';
import { freePorts } from '../support/ports.ts';
import { Parts, PROGRAM, until } from './support.ts';

const here = Parts.forEachTest();
const there = Parts.forEachTest();

/** What `vmft status` prints here, line by line. */
function shown(): string[] {
  const args = [PROGRAM, 'status', here.folder];
  const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return stdout.replace(/process \d+(, [\d.]+ M instructions)?/g, 'process N').split('\n');
}

/** What is known here of beta, which runs there. */
async function knownOfBeta(): Promise<readonly string[] | undefined> {
  const { replicas } = await statusOf(openMachine(here.folder));
  expect(replicas[0]).toMatchObject({ name: 'beta', role: 'elsewhere', pid: undefined });
  return replicas[0]!.known;
}

it('tells of processes elsewhere what those here know, and calls none dead', async () => {
  const [a, b, g, p] = (await freePorts(4)) as [number, number, number, number];
  const configure = (parts: Parts, beta: string) => {
    parts.configure({
      hosts: [
        { name: 'beta', address: beta },
        { name: 'alpha', address: `127.0.0.1:${a}` },
      ],
      gateway: `127.0.0.1:${g}`,
      disk: '198.51.100.3:7100',
      disks: [{ file: 'disk.img', sectors: 8 }],
      publish: [{ port: p, guestPort: 7, protocol: 'udp' }],
      // No heartbeat gets from here to the address that beta is said to have.
      timing: { failureTimeoutMs: 60_000 },
    });
    writeFileSync(parts.at('image'), guestImage('udp-counter'));
  };
  configure(here, '198.51.100.2:7100');
  configure(there, `127.0.0.1:${b}`);
  expect(await knownOfBeta()).toEqual([]);
  copyFileSync(here.at('key'), there.at('key'));
  here.start('gateway', ['gateway']);
  await until('the gateway is there', () => here.status('gateway'));
  here.start('alpha', ['host', 'alpha', '--cold-start']);
  there.start('beta', ['host', 'beta', '--cold-start']);
  await until(
    'beta speaks',
    async () => (await here.status<{ linked: boolean }>('gateway'))?.linked,
  );
  await until('alpha has a channel', async () => {
    const alpha = await here.status<{ role: string; gateway: boolean }>('alpha');
    return alpha?.role === 'backup' && alpha.gateway;
  });
  expect(shown().slice(0, 5)).toEqual([
    'm, generation 1',
    'beta       elsewhere 198.51.100.2:7100, primary of generation 1, whose backup is alpha, ' +
      'speaks at the gateway with token 2',
    'alpha      backup    process N',
    'gateway    running   process N, 0 client connections',
    'disk       elsewhere 198.51.100.3:7100, not connected with alpha',
  ]);
  await there.kill('beta');
  await until('it is gone', async () =>
    (await knownOfBeta())?.includes('not connected with the gateway'),
  );
});

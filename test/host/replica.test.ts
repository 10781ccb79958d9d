/** Replicas as processes of their own, killed while a client asks. */
import { writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { guestImage } from '../support/guest-image.ts';
import { freePorts } from '../support/ports.ts';
import { Parts, until } from './support.ts';
import { Wire } from './wire.ts';

/** What a replica says of itself. */
interface Status {
  readonly role: string;
  readonly generation: number;
  readonly protected: boolean;
  readonly refused: number;
  readonly failovers: readonly { readonly generation: number }[];
}

const HOSTS = ['alpha', 'beta', 'gamma'];

const parts = Parts.forEachTest();
let wire: Wire;

const is = (name: string, wanted: Partial<Status>) =>
  until(`${name} is ${JSON.stringify(wanted)}`, async () => {
    const status = await parts.status<Status>(name);
    return status && Object.entries(wanted).every(([k, v]) => status[k as keyof Status] === v);
  });

async function begin(guest: string, hosts: readonly string[]): Promise<void> {
  const ports = await freePorts(hosts.length);
  writeFileSync(parts.at('image'), guestImage(guest));
  parts.configure({
    publish: [{ port: 1, guestPort: 7, protocol: 'udp' }],
    hosts: hosts.map((name, index) => ({ name, address: `127.0.0.1:${ports[index]}` })),
    // Nothing here waits for a timeout: a slow computer must not look like a dead one.
    timing: { failureTimeoutMs: 60_000 },
  });
  wire = await Wire.open('m', parts.at('gateway.socket'), parts.key);
  for (const name of hosts) parts.start(name, ['host', name, '--cold-start']);
  await is('alpha', { role: 'primary', protected: true });
}

afterEach(() => wire.close());

describe('replicas', () => {
  it('carry a counter over the deaths of two primaries; nobody hears a number twice', async () => {
    await begin('udp-counter', HOSTS);
    // A question that is asked again counts twice; a number that is heard again has been lost.
    const count = async (tag: string): Promise<number> =>
      Number((await wire.ask(`${tag} inc`)).slice(tag.length));
    const first = await count('#1');
    expect(first).toBeGreaterThanOrEqual(11);
    expect(wire.speaker).toBe('alpha');
    await parts.kill('alpha');
    const second = await count('#2');
    expect(second).toBeGreaterThan(first);
    expect(wire.speaker).toBe('beta');
    await is('beta', { role: 'primary', protected: true });
    await is('gamma', { role: 'backup' });
    await parts.kill('beta');
    expect(await count('#3')).toBeGreaterThan(second);
    await is('gamma', { role: 'alone' });
    expect((await parts.status<Status>('gamma'))!.failovers).toHaveLength(1);
    expect(wire.console).toBe('udp-counter: ready\n');
  });
});

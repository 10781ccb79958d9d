/** A machine whose every address is of IPv6, and hosts that are called by name. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Heartbeats } from '../../src/host/heartbeats.ts';
import { guestImage } from '../support/guest-image.ts';
import { freePorts } from '../support/ports.ts';
import { Parts, until } from './support.ts';

interface Status {
  readonly role: string;
  readonly protected: boolean;
  readonly disk: boolean;
}

/** Of the disk on which redis keeps its journal. */
const SECTORS = 8192;

const parts = Parts.forEachTest();

describe('addresses', () => {
  it('may all be of IPv6: channel, heartbeats, disk, gateway and clients', async () => {
    const [a, b, disk, gateway, port] = await freePorts(5);
    writeFileSync(parts.at('image'), guestImage('redis'));
    writeFileSync(parts.at('disk.img'), new Uint8Array(SECTORS * 512));
    parts.configure({
      disks: [{ file: 'disk.img', sectors: SECTORS }],
      publish: [{ host: '::1', port, guestPort: 6379 }],
      hosts: [
        { name: 'alpha', address: `[::1]:${a}` },
        { name: 'beta', address: `[::1]:${b}` },
      ],
      disk: `[::1]:${disk}`,
      gateway: `[::1]:${gateway}`,
      // A slow computer must not look like a dead one.
      timing: { failureTimeoutMs: 60_000 },
    });
    parts.start('disk', ['disk', '--listen', `[::]:${disk}`]);
    parts.start('gateway', ['gateway', '--listen', `[::]:${gateway}`]);
    parts.start('alpha', ['host', 'alpha', '--cold-start', '--listen', `[::]:${a}`]);
    parts.start('beta', ['host', 'beta', '--cold-start']);
    await until('alpha is protected', async () => {
      const status = await parts.status<Status>('alpha');
      return status?.protected && status.disk;
    });
    const client = connect(port!, '::1');
    client.write('INCR n\r\n');
    expect(String((await once(client, 'data'))[0])).toBe(':1\r\n');
    client.destroy();
    expect(parts.log('gateway')).toContain(`TCP [::1]:${port} is port 6379 of the guest`);
  });

  it('that somebody else has are told, with the protocol, and nothing is left', async () => {
    const [a, gateway] = (await freePorts(2)) as [number, number];
    writeFileSync(parts.at('image'), guestImage('hello'));
    parts.configure({
      hosts: [{ name: 'alpha', address: `[::1]:${a}` }],
      gateway: `[::1]:${gateway}`,
    });
    const taken = [createServer().listen(gateway, '::1'), createSocket('udp6').bind(a, '::1')];
    await Promise.all(taken.map((socket) => once(socket, 'listening')));
    const ends = [
      [
        parts.start('gateway', ['gateway']),
        `cannot listen on [::1]:${gateway}: the port is in use`,
      ],
      [parts.start('alpha', ['host', 'alpha']), `cannot listen on UDP [::1]:${a}: the port is in`],
    ] as const;
    for (const [child, words] of ends) {
      if (child.exitCode === null) await once(child, 'exit');
      expect(child.exitCode).toBe(5);
      expect(parts.log(child === ends[0][0] ? 'gateway' : 'alpha')).toContain(words);
    }
    for (const socket of taken) socket.close();
    const left = readdirSync(parts.folder).filter((name) => name.endsWith('.control'));
    expect(left).toEqual([]);
  });

  it('may be names', async () => {
    const ports = await freePorts(2);
    const hosts = ['alpha', 'beta'].map((name, i) => ({
      name,
      place: name,
      address: { host: 'localhost', port: ports[i]! },
    }));
    const heard: string[] = [];
    const open = (host: string) =>
      Heartbeats.open({
        key: parts.key,
        host,
        hosts,
        life: 1,
        onHeartbeat: (from) => heard.push(from),
        onRefused: (reason) => heard.push(reason),
      });
    const [alpha, beta] = [await open('alpha'), await open('beta')];
    await until('beta hears alpha', () => {
      alpha.send('beta', Uint8Array.of(1));
      return heard.length > 0;
    });
    expect(new Set(heard)).toEqual(new Set(['alpha']));
    for (const each of [alpha, beta]) each.close();
  });
});

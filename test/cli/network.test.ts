/** --publish, with real clients. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPcap } from '../../src/net/pcap.ts';
import { freePort } from '../support/ports.ts';
import { ended, Folder, fails, shows } from './support.ts';

const folder = new Folder();
const taken: Socket = createSocket('udp4');
let port = 0;

beforeAll(async () => {
  taken.bind(0, '127.0.0.1');
  await once(taken, 'listening');
  port = await freePort();
});
afterAll(() => void taken.close());

/** Asks once: between processes of one computer, of which one waits, no datagram is lost. */
async function ask(client: Socket, text: string): Promise<string> {
  client.send(text, port, '127.0.0.1');
  return String((await once(client, 'message'))[0]);
}

describe('--publish', () => {
  it('lets real clients talk to the guest', async () => {
    const child = folder.start(['run', 'udp-counter', '--publish', `${port}:7/udp`]);
    const result = ended(child);
    await shows(child, 'udp-counter: ready\n');
    const [a, b] = [createSocket('udp4'), createSocket('udp4')];
    expect(await ask(a, '#a get')).toBe('#a 10');
    expect(await ask(b, '#b get')).toBe('#b 10');
    expect(await ask(a, '#c inc')).toBe('#c 11');
    expect(await ask(b, '#d get')).toBe('#d 11');
    expect(await ask(b, '#e quit')).toBe('#e bye');
    a.close();
    b.close();
    expect(await result).toMatchObject({
      status: 0,
      stderr: `vmft: UDP 127.0.0.1:${port} is port 7 of the guest\n`,
    });
  });

  it('carries web pages, and --pcap keeps what the wire carried', async () => {
    const args = ['--publish', `${port}:80/tcp`, '--publish', `${port}:7/udp`];
    const child = folder.start(['run', 'httpd', ...args, '--pcap', 'wire.pcap']);
    const result = ended(child);
    await shows(child, 'httpd: ready\n');
    const page = await fetch(`http://127.0.0.1:${port}/bytes/100000`);
    expect((await page.arrayBuffer()).byteLength).toBe(100_000);
    const client = createSocket('udp4');
    expect(await ask(client, '#a quit')).toBe('#a bye');
    client.close();
    expect((await result).status).toBe(0);
    const frames = readPcap(folder.read('wire.pcap')).map(({ frame }) => Buffer.from(frame));
    expect(frames.some((frame) => frame.includes('GET /bytes/100000 HTTP/1.1'))).toBe(true);
    expect(frames.some((frame) => frame.includes('#a bye'))).toBe(true);
  });

  it('ends with status 5 where the port is in use, also by itself', async () => {
    const { port: used } = taken.address();
    const [others, own] = await Promise.all([
      folder.vmft(['run', 'hello', '--publish', `${used}:7/udp`]),
      folder.vmft(['run', 'hello', '--publish', `${port}:7/udp`, '--publish', `${port}:8/udp`]),
    ]);
    expect(others.stderr).toBe(
      `vmft: cannot listen on UDP 127.0.0.1:${used}: the port is in use; ` +
        'publish at another, or end who has it\n',
    );
    expect([others.status, own.status]).toEqual([5, 5]);
  });

  fails(folder, [
    ['run hello --publish 192.0.2.1:7000:7/udp', 5, 'this host has no such address'],
    ['run hello --publish nobody.invalid:7000:7/udp', 5, 'there is no such host'],
  ]);
});

/** Real clients and real deaths: replicas and gateway as processes of their own. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { consolePath } from '../../src/host/gateway-process.ts';
import { guestImage } from '../support/guest-image.ts';
import { freePorts } from '../support/ports.ts';
import { isLong } from '../support/runs.ts';
import { describeWithTool } from '../support/tools.ts';
import { Parts, until } from './support.ts';

const exec = promisify(execFile);
const HOSTS = ['alpha', 'beta'];

/** What a gateway says of itself. */
interface Status {
  readonly linked: boolean;
  readonly token: number;
  readonly replicas: readonly string[];
  readonly connections: number;
  readonly published: readonly string[];
}

const parts = Parts.forEachTest();
let port: number;

/** Two replicas of `guest`, the second the backup of the first, and a gateway. */
async function begin(guest: string, guestPort: number): Promise<void> {
  const ports = await freePorts(HOSTS.length + 1);
  port = ports.pop()!;
  writeFileSync(parts.at('image'), guestImage(guest));
  parts.configure({
    publish: [{ port, guestPort, protocol: 'tcp' }],
    hosts: HOSTS.map((name, index) => ({ name, address: `127.0.0.1:${ports[index]}` })),
    // Nothing here waits for a timeout: a slow computer must not look like a dead one.
    timing: { failureTimeoutMs: 60_000 },
  });
  parts.start('gateway', ['gateway', '--pcap', parts.at('wire.pcap')]);
  for (const name of HOSTS) parts.start(name, ['host', name, '--cold-start']);
  await until('the machine is protected', async () => {
    const status = await parts.status<{ protected: boolean }>('alpha');
    return status?.protected && (await parts.status<Status>('gateway'))?.linked;
  });
}

describeWithTool(['redis-cli', 'tcpdump'], 'redis-cli at a protected guest', () => {
  it('has one connection over the death of the primary; every command is done once', async () => {
    await begin('redis', 6379);
    const client = spawn('redis-cli', ['-p', String(port)], { stdio: 'pipe' });
    let output = '';
    client.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    const numbers = () => output.split('\n').filter((line) => line !== '');
    for (let i = 1; i <= 40; i++) {
      client.stdin.write('INCR n\n');
      await until(`${i} answers`, () => numbers().length >= i);
      if (i === 20) await parts.kill('alpha');
    }
    client.stdin.end();
    await once(client, 'exit');
    expect(numbers()).toEqual(Array.from({ length: 40 }, (_, i) => String(i + 1)));
    const status = await parts.status<Status>('gateway');
    expect(status!.token).toBe(3);
    expect(status!.published).toEqual([`TCP 127.0.0.1:${port} is port 6379 of the guest`]);
    expect(readFileSync(consolePath({ folder: parts.folder, machine: 'm' }), 'utf8')).toMatch(
      /^redis: ready/,
    );
    const { stdout } = await exec('tcpdump', ['-r', parts.at('wire.pcap'), '-n', 'tcp']);
    expect(stdout).toMatch(/10\.0\.2\.2\.\d+ > 10\.0\.2\.15\.6379: Flags \[S\]/);
  });
});

describeWithTool('curl', 'curl at a protected guest', () => {
  if (isLong) {
    it('gets every byte of a download during which the primary dies', async () => {
      await begin('httpd', 80);
      const size = 1_000_000;
      const client = spawn('curl', ['-sS', `http://127.0.0.1:${port}/bytes/${size}`]);
      const pieces: Buffer[] = [];
      let killed: Promise<void> | undefined;
      client.stdout.on('data', (piece: Buffer) => {
        pieces.push(piece);
        killed ??= parts.kill('alpha');
      });
      const [status] = await once(client, 'close');
      await killed;
      expect(status).toBe(0);
      const bytes = Buffer.concat(pieces);
      expect(bytes.length).toBe(size);
      const expected = Buffer.alloc(size);
      for (let i = 0; i < size / 4; i++)
        expected.writeUInt32LE(Math.imul(i, 0x9e3779b1) >>> 0, 4 * i);
      expect(bytes.equals(expected)).toBe(true);
    });
  }

  it('is reset when the gateway dies, and served by the next one', async () => {
    await begin('httpd', 80);
    const url = `http://127.0.0.1:${port}/`;
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.resume().on('error', () => {});
    await parts.kill('gateway');
    await closed;
    await expect(exec('curl', ['-sS', url])).rejects.toThrow(/connect/);
    parts.start('gateway', ['gateway']);
    await until('the replica has found the gateway', async () => {
      return (await parts.status<Status>('gateway'))?.linked;
    });
    expect((await exec('curl', ['-sS', '--max-time', '20', url])).stdout).toContain('<title>httpd');
  });
});

/**
 * The servers of the catalogue on QEMU's board, asked over TCP by clients that we did not write:
 * curl, redis-cli and redis-benchmark.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CatalogueDevice } from '../support/catalogue.ts';
import { guestImage } from '../support/guest-image.ts';
import { runsByLength } from '../support/runs.ts';
import { describeWithTool } from '../support/tools.ts';
import { QemuGuest } from './qemu.ts';

const run = promisify(execFile);
const NET: CatalogueDevice = { kind: 'net' };
const DISK: CatalogueDevice = { kind: 'block', sectors: 2048 };

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'vmft-servers-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Starts a guest whose TCP port is forwarded, does something with it, and lets it quit. */
async function withGuest(
  name: string,
  port: number,
  devices: readonly CatalogueDevice[],
  body: (port: number) => Promise<void>,
): Promise<void> {
  const elf = join(directory, `${name}.elf`);
  writeFileSync(elf, guestImage(name));
  const guest = await QemuGuest.start(elf, '', devices, join(directory, 'disk.img'), [], port);
  try {
    await guest.shows('ready\n');
    await body(guest.tcpPort);
    expect(await guest.request('quit')).toBe('bye');
    expect(await guest.end()).toBe(0);
  } finally {
    guest.kill();
  }
}

describeWithTool(['qemu-system-i386', 'curl'], 'curl', () => {
  it('gets the page, one more visit each time, and a large answer byte for byte', () =>
    withGuest('httpd', 80, [NET], async (port) => {
      const url = `http://127.0.0.1:${port}`;
      const pages = await run('curl', ['-sSf', `${url}/`, `${url}/`, `${url}/`]);
      const visits = [...pages.stdout.matchAll(/<b>(\d+)<\/b>/g)].map(([, number]) => number);
      expect(visits).toEqual(['1', '2', '3']);
      const count = 8_000_001;
      const file = join(directory, 'bytes');
      await run('curl', ['-sSf', '-o', file, `${url}/bytes/${count}`]);
      const expected = Buffer.alloc(count + 3);
      for (let i = 0; 4 * i < count; i++)
        expected.writeUInt32LE(Math.imul(i, 2654435761) >>> 0, 4 * i);
      const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
      expect(sha256(readFileSync(file))).toBe(sha256(expected.subarray(0, count)));
      const heads = await run('curl', ['-sSI', `${url}/bytes/5`, `${url}/nothing`]);
      expect(heads.stdout).toMatch(/200 OK.*Content-Length: 5\r\n.*404 Not Found/s);
    }));
});

describeWithTool(['qemu-system-i386', 'redis-cli', 'redis-benchmark'], 'redis', () => {
  it('talks to redis-cli, and its journal keeps what it said', async () => {
    writeFileSync(join(directory, 'disk.img'), new Uint8Array(512 * DISK.sectors));
    const cli = async (port: number, ...words: string[]) =>
      (await run('redis-cli', ['-p', `${port}`, ...words])).stdout.trimEnd();
    await withGuest('redis', 6379, [NET, DISK], async (port) => {
      expect(await cli(port, 'ping')).toBe('PONG');
      expect(await cli(port, 'set', 'greeting', 'hello world', 'ex', '1000')).toBe('OK');
      expect(await cli(port, 'lpush', 'list', 'a', 'b', 'c')).toBe('3');
      expect(await cli(port, 'config', 'get', 'append*')).toBe(
        'appendfsync\nalways\nappendonly\nyes',
      );
      expect(await cli(port, '--no-raw', 'get', 'list')).toMatch(/^\(error\) WRONGTYPE/);
    });
    await withGuest('redis', 6379, [NET, DISK], async (port) => {
      expect(await cli(port, 'get', 'greeting')).toBe('hello world');
      expect(Number(await cli(port, 'ttl', 'greeting'))).toBeGreaterThan(900);
      expect(await cli(port, 'lrange', 'list', '0', '-1')).toBe('c\nb\na');
    });
  });

  it('passes every test of redis-benchmark, with fifty clients', () =>
    withGuest('redis', 6379, [NET], async (port) => {
      const args = ['-p', `${port}`, '-n', `${runsByLength(60, 300, 300)}`, '-q'];
      const { stdout, stderr } = await run('redis-benchmark', args);
      const lines = stdout.split(/[\r\n]+/).filter((line) => line.includes('per second'));
      expect(stderr).toBe('');
      expect(stdout).not.toContain('rror');
      expect(lines).toHaveLength(20);
    }));
});

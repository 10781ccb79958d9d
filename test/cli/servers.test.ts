/** `vmft run … --publish PORT:PORT/tcp`: servers in guests, with clients that we did not write. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { freePort } from '../support/ports.ts';
import { describeWithTool } from '../support/tools.ts';
import { ended, Folder, shows } from './support.ts';

const run = promisify(execFile);
const folder = new Folder();

/** Runs a guest whose TCP port is published, does something with it, and ends it. */
async function withGuest(name: string, guestPort: number, body: (port: number) => Promise<void>) {
  const port = await freePort();
  const child = folder.start(['run', name, '--publish', `${port}:${guestPort}/tcp`]);
  const result = ended(child);
  try {
    await shows(child, `${name}: ready\n`);
    await body(port);
  } finally {
    child.kill('SIGTERM');
    await result;
  }
}

describeWithTool('curl', 'httpd', () => {
  it('counts the visits of curl and sends it large answers', () =>
    withGuest('httpd', 80, async (port) => {
      const url = `http://127.0.0.1:${port}`;
      const pages = await run('curl', ['-sSf', `${url}/`, `${url}/`]);
      expect(pages.stdout).toMatch(/<b>1<.*<b>2</s);
      const count = 1_000_001;
      const options = { encoding: 'buffer', maxBuffer: 2 * count } as const;
      const { stdout } = await run('curl', ['-sSf', `${url}/bytes/${count}`], options);
      const expected = Buffer.alloc(count + 3);
      for (let i = 0; 4 * i < count; i++)
        expected.writeUInt32LE(Math.imul(i, 2654435761) >>> 0, 4 * i);
      const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
      expect(sha256(stdout)).toBe(sha256(expected.subarray(0, count)));
    }));
});

describeWithTool(['redis-cli', 'redis-benchmark'], 'redis', () => {
  it('talks to redis-cli, and to redis-benchmark with fifty clients', () =>
    withGuest('redis', 6379, async (port) => {
      const cli = async (...words: string[]) =>
        (await run('redis-cli', ['-p', `${port}`, ...words])).stdout.trimEnd();
      expect(await cli('incrby', 'n', '41')).toBe('41');
      expect(await cli('incr', 'n')).toBe('42');
      const tests = ['-t', 'set,get', '-c', '50', '-n', '200'];
      const { stdout, stderr } = await run('redis-benchmark', ['-p', `${port}`, '-q', ...tests]);
      expect(stderr).toBe('');
      expect(stdout.match(/requests per second/g)).toHaveLength(2);
      expect(await cli('dbsize')).toBe('2');
    }));
});

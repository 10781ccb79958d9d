/**
 * One download over two deaths: curl has every byte, on one connection. 200 MiB in the long checks;
 * `npm test` lets the client stop reading meanwhile, so that a small one lasts long enough.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { hurt } from '../../src/host/machine-control.ts';
import { openMachine } from '../../src/host/machine-folder.ts';
import { runsByLength } from '../support/runs.ts';
import { describeWithTool } from '../support/tools.ts';
import { Protected } from './protected.ts';

const MIB = 1024 * 1024;
const BYTES = runsByLength(12, 200, 200) * MIB;

/** Bytes received at the deaths. */
const DEATHS = [BYTES / 10, BYTES / 3];

const machine = Protected.forEachTest();

/** SHA-256 of what httpd says at /bytes/N: multiples of 2^32 divided by the golden ratio. */
function expectedDigest(): string {
  const hash = createHash('sha256');
  const words = new Uint32Array(MIB / 4);
  for (let at = 0; at < BYTES / 4; at += words.length) {
    for (let i = 0; i < words.length; i++) words[i] = Math.imul(at + i, 0x9e3779b1);
    hash.update(words);
  }
  return hash.digest('hex');
}

describeWithTool('curl', 'a download from a guest that is protected', () => {
  it('is complete and on one connection after two deaths of its primary', async () => {
    machine.watch('httpd', '80/tcp', '--restart');
    await machine.isProtected();
    const url = `http://127.0.0.1:${machine.port}/bytes/${BYTES}`;
    const client = spawn('curl', ['-sS', '-w', '%{stderr}%{num_connects}', url]);
    const hash = createHash('sha256');
    let received = 0;
    let said = '';
    client.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const ended = once(client, 'close');
    const deaths = [...DEATHS];
    for await (const piece of client.stdout as AsyncIterable<Buffer>) {
      hash.update(piece);
      received += piece.length;
      if (deaths.length === 0 || received < deaths[0]!) continue;
      deaths.shift();
      await machine.isProtected();
      await hurt(openMachine(machine.dir), 'primary', 'kill');
    }
    const [status] = await ended;
    expect({ status, said, received }).toEqual({ status: 0, said: '1', received: BYTES });
    expect(hash.digest('hex')).toBe(expectedDigest());
    expect((await machine.isProtected()).generation).toBeGreaterThan(DEATHS.length);
  });
});

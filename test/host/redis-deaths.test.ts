/**
 * A client that does not notice: redis-cli counts on one connection while the primary under it, and
 * the disk server to which every number goes, are killed again and again. Every answer must be the
 * next number.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runs } from '../support/runs.ts';
import { describeWithTool } from '../support/tools.ts';
import { Protected } from './protected.ts';
import { until } from './support.ts';

/** Numbers counted between two deaths. */
const COUNTS = 100;

/** Bytes of the disk on which redis keeps its journal. */
const DISK_BYTES = 4 * 1024 * 1024;

let machine: Protected;
let client: ChildProcess | undefined;

beforeEach(async () => {
  machine = await Protected.inFolder();
});
afterEach(() => {
  client?.kill();
  machine.end();
});

describeWithTool('redis-cli', 'a redis that is protected', () => {
  it('counts on over the deaths of primaries and disk servers, on one connection', async () => {
    const disk = join(machine.home, 'disk.img');
    writeFileSync(disk, new Uint8Array(DISK_BYTES));
    machine.watch('redis', '6379/tcp', '--restart', '--disk', disk);
    await machine.isProtected();
    const args = ['-h', '127.0.0.1', '-p', String(machine.port)];
    const { stdin, stdout, stderr } = (client = spawn('redis-cli', args));
    const lines: string[] = [];
    const trouble: string[] = [];
    stdout.setEncoding('utf8').on('data', (text: string) => {
      lines.push(...text.split('\n').filter((line) => line !== ''));
      stdin.write('INCR deaths\n');
    });
    // At the end of the test it may have gone before the last question.
    stdin.on('error', () => {});
    stderr.setEncoding('utf8').on('data', (text: string) => trouble.push(text));
    stdin.write('INCR deaths\n');
    for (let death = 1; death <= runs(2); death++) {
      const reached = lines.length + COUNTS;
      await until('the client counts', () => lines.length >= reached);
      await machine.isProtected();
      const victim = death % 2 === 1 ? 'primary' : 'disk';
      expect(machine.vmft('crash', machine.dir, victim).status).toBe(0);
      const atDeath = lines.length;
      await until('it counts again', () => lines.length > atDeath);
    }
    expect(lines).toEqual(lines.map((_, index) => String(index + 1)));
    expect(trouble).toEqual([]);
  });
});

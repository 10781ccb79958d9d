/** The disk server: a process of its own, killed and started again under its clients. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BytesError } from '../../src/base/bytes.ts';
import { Prng } from '../../src/base/prng.ts';
import type { HostEvent } from '../../src/ft/ports.ts';
import { DiskClient } from '../../src/host/disk-client.ts';
import { DiskFence } from '../../src/host/disk-fence.ts';
import { settleDisks } from '../../src/host/disk-files.ts';
import {
  type DiskMessage,
  decodeDiskMessage,
  encodeDiskMessage,
} from '../../src/host/disk-messages.ts';
import { frameBytes } from '../../src/host/framing.ts';
import { openMachine } from '../../src/host/machine-folder.ts';
import { connectSecure } from '../../src/host/secure-socket.ts';
import type { DiskRequest } from '../../src/machine/output.ts';
import { runs } from '../support/runs.ts';
import { Parts, PROGRAM, until } from './support.ts';

const SECTOR = 512;
const sectorOf = (fill: number, sectors = 1) => new Uint8Array(sectors * SECTOR).fill(fill);
const write = (id: number, sector: number, fill: number): DiskRequest => ({
  id,
  disk: 0,
  op: 'write',
  sector,
  sectors: 1,
  data: sectorOf(fill),
});
const read = (id: number, sector: number): DiskRequest => ({
  id,
  disk: 0,
  op: 'read',
  sector,
  sectors: 1,
});

const parts = Parts.forEachTest();
let clients: DiskClient[];

beforeEach(() => {
  clients = [];
  writeFileSync(parts.at('disk.img'), sectorOf(0, 8));
  parts.configure({ disks: [{ file: 'disk.img', sectors: 8 }] });
});
afterEach(() => {
  for (const client of clients) client.close();
});

const startServer = async () => {
  parts.start('disk', ['disk']);
  await until('the disk server listens', () => parts.status('disk'));
};
const fileSector = (sector: number) => readFileSync(parts.at('disk.img'))[sector * SECTOR];

/** A client that keeps what it is told. */
function open(host: string, { machine = 'm', key = parts.key } = {}) {
  const events: HostEvent[] = [];
  const news: string[] = [];
  const address = { path: parts.at('disk.socket') };
  const client = new DiskClient({
    address,
    key,
    machine,
    host,
    onEvent: (event) => events.push(event),
    report: (text) => news.push(text),
  });
  clients.push(client);
  const completed = (id: number) =>
    until(`request ${id} is answered`, () =>
      events.find((e) => e.kind === 'input' && e.input.kind === 'disk' && e.input.id === id),
    );
  return { client, events, news, completed };
}

describe('a disk server', () => {
  it('loses no acknowledged write when it is killed, and takes up again where it was', async () => {
    await startServer();
    const { client, completed, events } = open('alpha');
    client.request(2, write(1, 0, 0xaa));
    await completed(1);
    await parts.kill('disk');
    expect(fileSector(0)).toBe(0xaa);
    client.request(2, write(2, 1, 0xbb));
    client.request(2, { id: 3, disk: 0, op: 'flush', sector: 0, sectors: 0 });
    await startServer();
    await completed(2);
    await completed(3);
    client.request(2, read(4, 1));
    await completed(4);
    expect(events.at(-1)).toEqual({
      kind: 'input',
      input: { kind: 'disk', id: 4, ok: true, data: sectorOf(0xbb) },
    });
  });

  it('keeps its fence over its own death, and refuses every lower token', async () => {
    await startServer();
    const loser = open('alpha');
    const winner = open('beta');
    winner.client.fence(3);
    await until('the fence is confirmed', () => {
      winner.client.fence(3);
      return winner.events.some((e) => e.kind === 'fenced' && e.token === 3);
    });
    await parts.kill('disk');
    await startServer();
    loser.client.request(2, write(9, 0, 0x11));
    await until('it is refused', () => loser.events.length);
    expect(loser.events).toEqual([{ kind: 'refused', token: 3 }]);
    winner.client.request(3, write(9, 0, 0x22));
    await winner.completed(9);
    expect(fileSector(0)).toBe(0x22);
    expect(await parts.status('disk')).toMatchObject({ fence: 3, writes: 1 });
  });

  it('recognises the second copy of a request by token and id', async () => {
    await startServer();
    const { client, completed } = open('alpha');
    client.request(2, write(1, 0, 0xaa));
    await completed(1);
    client.request(2, write(2, 0, 0xbb));
    await completed(2);
    // The first copy has lingered somewhere and comes only now.
    client.request(2, write(1, 0, 0xaa));
    await until('it is recognised', async () => (await parts.status('disk'))?.repetitions === 1);
    expect(fileSector(0)).toBe(0xbb);
  });

  it('fails what lies outside the disk, and goes on', async () => {
    await startServer();
    const { client, events, completed } = open('alpha');
    client.request(2, write(1, 8, 0xaa));
    client.request(2, { ...read(2, 0), disk: 3 });
    client.request(2, read(3, 7));
    await completed(3);
    expect(events.map((e) => e.kind === 'input' && e.input.kind === 'disk' && e.input.ok)).toEqual([
      false,
      false,
      true,
    ]);
    expect(readFileSync(parts.at('disk.img'))).toHaveLength(8 * SECTOR);
  });

  it('turns strangers away, counts them, and serves on', async () => {
    await startServer();
    const stranger = open('alpha', { key: new Uint8Array(randomBytes(32)) });
    const other = open('alpha', { machine: 'another' });
    await until('the stranger is told', () => stranger.news.length);
    await until('the other machine is told', () => other.news.length);
    expect(other.news[0]).toContain('expected machine m, got another');
    const garbage = connectSecure({ path: parts.at('disk.socket') }, parts.key, 'gamma');
    garbage.write(frameBytes(new Uint8Array(randomBytes(100))));
    await new Promise((resolve) => garbage.resume().once('close', resolve));
    const liar = connectSecure({ path: parts.at('disk.socket') }, parts.key, 'gamma');
    liar.write(new Uint8Array(64).fill(0xff));
    await new Promise((resolve) => liar.resume().once('close', resolve));
    for (const { client } of [stranger, other]) client.close();
    const { client, completed } = open('beta');
    client.request(2, write(1, 0, 0xaa));
    await completed(1);
    const status = await parts.status<{ refused: number }>('disk');
    expect(status?.refused).toBeGreaterThanOrEqual(4);
  });
});

/** What `vmft disk check` says of the disks. */
function check(...more: string[]) {
  const args = [PROGRAM, 'disk', 'check', parts.folder, ...more];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('the disks of a disk server that is killed at any moment', () => {
  it('have every write that was acknowledged, and are as stored', async () => {
    const prng = new Prng(runs(1));
    const stored = new Map<number, number>();
    await startServer();
    const { client, events } = open('alpha');
    let id = 0;
    for (let death = 0; death < runs(2); death++) {
      const killAfter = prng.below(30);
      let killed: Promise<void> | undefined;
      const written: { sector: number; fill: number }[] = [];
      const done = new Set<number>();
      for (let i = 0; i < 30; i++) {
        const [sector, fill] = [prng.below(8), 1 + prng.below(255)];
        written.push({ sector, fill });
        client.request(2, write(++id, sector, fill));
        if (i === killAfter) killed = parts.kill('disk');
        if (prng.chance(0.3)) await new Promise((resolve) => setImmediate(resolve));
      }
      await killed;
      // What is acknowledged now is there for good, whatever is sent again later.
      const first = id - 29;
      for (const event of events)
        if (event.kind === 'input' && event.input.kind === 'disk') done.add(event.input.id);
      const before = readFileSync(parts.at('disk.img'));
      await startServer();
      await until('all are acknowledged', () => events.length === id);
      for (const { sector, fill } of written) stored.set(sector, fill);
      const after = readFileSync(parts.at('disk.img'));
      for (const [sector, fill] of stored) expect(after[sector * SECTOR]).toBe(fill);
      for (const [i, { sector }] of written.entries()) {
        const isLast = !written.slice(i + 1).some((later) => later.sector === sector);
        if (isLast && done.has(first + i)) expect(before[sector * SECTOR]).toBe(stored.get(sector));
      }
    }
    expect(check()).toEqual({
      status: 0,
      stdout: `disk ${parts.at('disk.img')}: 8 sectors, as stored\n`,
      stderr: '',
    });
  });

  it('are found out when somebody else writes to them, with the disk and the sector', async () => {
    await startServer();
    const { client, events, completed } = open('alpha');
    client.request(2, write(1, 5, 0xaa));
    await completed(1);
    const bytes = readFileSync(parts.at('disk.img'));
    for (const at of [5 * SECTOR + 77, 6 * SECTOR, 7 * SECTOR + 511]) bytes[at]! ^= 1;
    writeFileSync(parts.at('disk.img'), bytes);
    const { status, stdout, stderr } = check();
    const file = parts.at('disk.img');
    expect(status).toBe(1);
    expect(stdout).toBe(
      `disk ${file}: 8 sectors, 3 of them damaged\n` +
        `disk ${file}, sectors 5 to 7: not what was stored there\n`,
    );
    expect(stderr).toContain('until the guest writes it anew; or stop the machine');
    expect(JSON.parse(check('--json').stdout)).toEqual({
      disks: [{ file, sectors: 8, damagedSectors: 3, damaged: [{ sector: 5, sectors: 3 }] }],
    });
    client.request(2, read(2, 6));
    await completed(2);
    expect(events.at(-1)).toEqual({ kind: 'input', input: { kind: 'disk', id: 2, ok: false } });
    expect(parts.log('disk')).toContain(`disk ${file}, sector 6: it is not what was stored there`);
    // After the next start too: only a write makes it good.
    await parts.kill('disk');
    await startServer();
    client.request(2, write(3, 6, 0xbb));
    await completed(3);
    expect(JSON.parse(check('--json').stdout).disks[0]).toMatchObject({
      damaged: [{ sector: 7, sectors: 1 }],
    });
  });

  it('say that there is no space, lose nothing, and go on when there is', async () => {
    const megabyte = 2048;
    truncateSync(parts.at('disk.img'), 8 * megabyte * SECTOR);
    parts.configure({ disks: [{ file: 'disk.img', sectors: 8 * megabyte }] });
    // Beyond 5 MB no file of this process can grow: what a full device is to a sparse file.
    parts.start('disk', ['disk'], 'ulimit -f 10240');
    await until('the disk server listens', () => parts.status('disk'));
    const { client, events, completed } = open('alpha');
    client.request(2, write(1, 100, 0xaa));
    client.request(2, write(2, 7 * megabyte, 0xbb));
    client.request(2, write(3, 101, 0xcc));
    await completed(3);
    expect(events.map((e) => e.kind === 'input' && e.input.kind === 'disk' && e.input.ok)).toEqual([
      true,
      false,
      true,
    ]);
    expect(parts.log('disk')).toContain(`sector ${7 * megabyte}: cannot be written`);
    expect(check().status).toBe(0);
    await parts.kill('disk');
    await startServer();
    expect(check().status).toBe(0);
    client.request(2, write(4, 7 * megabyte, 0xdd));
    await completed(4);
    expect([100, 101, 7 * megabyte].map(fileSector)).toEqual([0xaa, 0xcc, 0xdd]);
  });
});

describe('the disks of a machine that is cleared away', () => {
  it('get what only the journal has, when the computer has crashed', async () => {
    await startServer();
    const { client, completed } = open('alpha');
    client.request(2, write(1, 5, 0xaa));
    await completed(1);
    await parts.kill('disk');
    // The system had acknowledged the journal, and not yet written the disk.
    writeFileSync(parts.at('disk.img'), sectorOf(0, 8));
    const config = openMachine(parts.folder);
    await settleDisks(config);
    expect(fileSector(5)).toBe(0xaa);
    await parts.kill('disk');
    writeFileSync(parts.at('disk.img'), sectorOf(0, 7));
    await expect(settleDisks(config)).rejects.toThrow(
      `7 sectors, expected 8; without ${parts.at('disk.journal')}, and what the disks lack, the ` +
        'machine can be cleared away',
    );
  });
});

const arbitraryRequest = fc.oneof(
  fc.nat().map((id) => write(id, 3, id & 0xff)),
  fc.nat().map((id) => read(id, 5)),
);
const arbitraryMessage: fc.Arbitrary<DiskMessage> = fc.oneof(
  fc.record({
    kind: fc.constant('hello' as const),
    version: fc.nat(),
    machine: fc.string(),
    host: fc.string(),
  }),
  fc.record({ kind: fc.constantFrom('fence', 'fenced', 'stale'), token: fc.nat() }),
  fc.record({
    kind: fc.constant('request' as const),
    token: fc.nat(),
    local: fc.boolean(),
    request: arbitraryRequest,
  }),
  fc.record({ kind: fc.constant('welcome' as const), version: fc.nat(), fence: fc.nat() }),
  fc.record({ kind: fc.constant('refusal' as const), reason: fc.string() }),
  fc.record(
    {
      kind: fc.constant('done' as const),
      id: fc.nat(),
      ok: fc.boolean(),
      local: fc.boolean(),
      data: fc.uint8Array(),
    },
    { requiredKeys: ['kind', 'id', 'ok', 'local'] },
  ),
);

describe('messages of the disk server', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(arbitraryMessage, (message) => {
        expect(decodeDiskMessage(encodeDiskMessage(message))).toEqual(message);
      }),
    );
  });

  it('are read from any bytes, or refused with an error of their own', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeDiskMessage(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(BytesError);
        }
      }),
    );
  });
});

describe('the file of a fence', () => {
  it('is refused where it is damaged, or belongs to another machine', () => {
    const path = parts.at('fence');
    const fence = new DiskFence(path, 'm');
    fence.raise(5);
    fence.raise(3);
    expect(new DiskFence(path, 'm').token).toBe(5);
    expect(() => new DiskFence(path, 'other')).toThrow(/belongs to the machine m/);
    writeFileSync(path, 'vmft fen');
    expect(() => new DiskFence(path, 'm')).toThrow(/damaged/);
  });
});

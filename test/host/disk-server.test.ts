/** The disk server: a process of its own, killed and started again under its clients. */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BytesError } from '../../src/base/bytes.ts';
import type { HostEvent } from '../../src/ft/ports.ts';
import { DiskClient } from '../../src/host/disk-client.ts';
import { DiskFence } from '../../src/host/disk-fence.ts';
import {
  type DiskMessage,
  decodeDiskMessage,
  encodeDiskMessage,
} from '../../src/host/disk-messages.ts';
import { frameBytes } from '../../src/host/framing.ts';
import { connectSecure } from '../../src/host/secure-socket.ts';
import type { DiskRequest } from '../../src/machine/output.ts';
import { Parts, until } from './support.ts';

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

let parts: Parts;
let clients: DiskClient[];

beforeEach(() => {
  parts = new Parts();
  clients = [];
  writeFileSync(parts.at('disk.img'), sectorOf(0, 8));
  parts.configure({ disks: [{ file: 'disk.img', sectors: 8 }] });
});
afterEach(async () => {
  for (const client of clients) client.close();
  await parts.end();
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

/** The virtio disk: requests, completions, and what makes it need a reset. */
import { beforeEach, describe, expect, test } from 'vitest';
import { BugError } from '../../../src/base/assert.ts';
import { VirtioBlock } from '../../../src/machine/devices/virtio-block.ts';
import type { DiskRequest } from '../../../src/machine/output.ts';
import { Reg, type TestBuffer, VirtioDriver } from '../../support/virtio-driver.ts';

const SECTORS = 64;
const STATUS = 0x60000;
const NO_ANSWER = 0xee;

const pattern = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 7 + seed) & 0xff);

function header(type: number, sector: number | bigint): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setBigUint64(8, BigInt(sector), true);
  return bytes;
}

const IN = 0;
const OUT = 1;
const FLUSH = 4;
const GET_ID = 8;

let requests: DiskRequest[];
let ids: number;
let disk: VirtioBlock;
let driver: VirtioDriver;

const newDisk = (): VirtioBlock =>
  new VirtioBlock(
    3,
    SECTORS,
    () => ++ids,
    (request) => requests.push(request),
  );

beforeEach(() => {
  requests = [];
  ids = 0;
  disk = newDisk();
  driver = new VirtioDriver(disk).bringUp(1);
  driver.memory.write(STATUS, Uint8Array.of(NO_ANSWER));
});

/** Offers one request with data in `buffers`, notifies, and returns its head. */
function ask(type: number, sector: number | bigint, ...buffers: TestBuffer[]): number {
  const head = driver.offer(0, { address: 0x40000, bytes: header(type, sector) }, ...buffers, {
    address: STATUS,
    room: 1,
  });
  driver.notify(0);
  return head;
}

const status = (): number => driver.memory.read(STATUS, 1)[0]!;

test('it is device 2 with FLUSH, and its capacity in sectors is in its configuration', () => {
  expect(driver.read(Reg.DeviceId)).toBe(2);
  expect(driver.read(Reg.DeviceFeatures) & 0xff_ffff).toBe(1 << 9);
  expect([driver.read(0x100), driver.read(0x104)]).toEqual([SECTORS, 0]);
});

describe('reading', () => {
  test('leaves as a request; data, status, used ring and interrupt come on completion', () => {
    const head = ask(IN, 5, { address: 0x50000, room: 512 });
    const request = { id: 1, disk: 3, op: 'read', sector: 5, sectors: 1 };
    expect(requests).toEqual([request]);
    expect(disk.pending()).toEqual([request]);
    expect([status(), driver.irq]).toEqual([NO_ANSWER, false]);
    disk.complete(1, true, pattern(512, 1));
    expect(driver.memory.read(0x50000, 512)).toEqual(pattern(512, 1));
    expect([status(), driver.irq]).toEqual([0, true]);
    expect(driver.takeUsed(0)).toEqual([[head, 513]]);
    expect(disk.pending()).toEqual([]);
  });

  test('data and status byte may be split anywhere', () => {
    const head = driver.offer(
      0,
      { address: 0x40000, bytes: header(IN, 0).subarray(0, 3) },
      { address: 0x40100, bytes: header(IN, 0).subarray(3) },
      { address: 0x50000, room: 500 },
      { address: 0x51000, room: 13 },
    );
    driver.notify(0);
    disk.complete(1, true, pattern(512, 2));
    expect(driver.memory.read(0x50000, 500)).toEqual(pattern(512, 2).subarray(0, 500));
    expect(driver.memory.read(0x51000, 13)).toEqual(
      Uint8Array.of(...pattern(512, 2).subarray(500), 0),
    );
    expect(driver.takeUsed(0)).toEqual([[head, 513]]);
  });

  test('a failure answers IOERR and writes no data', () => {
    const head = ask(IN, 5, { address: 0x50000, room: 512 });
    disk.complete(1, false, undefined);
    expect(status()).toBe(1);
    expect(driver.memory.read(0x50000, 512)).toEqual(new Uint8Array(512));
    expect(driver.takeUsed(0)).toEqual([[head, 513]]);
  });

  test('descriptors that change while a request is pending change nothing', () => {
    const head = ask(IN, 5, { address: 0x50000, room: 512 });
    for (let i = 0; i < driver.size; i++) driver.describe(0, i, new Uint8Array(16).fill(0xff));
    disk.complete(1, true, pattern(512, 3));
    expect(driver.memory.read(0x50000, 512)).toEqual(pattern(512, 3));
    expect(driver.takeUsed(0)).toEqual([[head, 513]]);
  });
});

describe('writing', () => {
  test('copies the data out when the request is made', () => {
    ask(OUT, 60, { address: 0x50000, bytes: pattern(1024, 4) });
    driver.memory.write(0x50000, new Uint8Array(1024));
    const data = pattern(1024, 4);
    const request = { id: 1, disk: 3, op: 'write', sector: 60, sectors: 2, data };
    expect(requests).toEqual([request]);
    expect(disk.pending()).toEqual([request]);
    disk.complete(1, true, undefined);
    expect(status()).toBe(0);
    expect(driver.takeUsed(0)).toEqual([[0, 1]]);
  });

  test('a flush is a request without sectors', () => {
    ask(FLUSH, 0);
    expect(requests).toEqual([{ id: 1, disk: 3, op: 'flush', sector: 0, sectors: 0 }]);
    disk.complete(1, true, undefined);
    expect(status()).toBe(0);
  });
});

describe('answered at once', () => {
  test('GET_ID, in at most 20 bytes', () => {
    const head = ask(GET_ID, 0, { address: 0x50000, room: 20 });
    expect(Buffer.from(driver.memory.read(0x50000, 20)).toString()).toBe(
      'vmft-disk-3'.padEnd(20, '\0'),
    );
    expect([status(), requests.length]).toEqual([0, 0]);
    expect(driver.takeUsed(0)).toEqual([[head, 21]]);
    ask(GET_ID, 0, { address: 0x51000, room: 4 });
    expect(Buffer.from(driver.memory.read(0x51000, 5)).toString()).toBe('vmft\0');
  });

  test('no data with OK, also where they go the wrong way', () => {
    ask(IN, SECTORS);
    expect(status()).toBe(0);
    ask(OUT, 0, { address: 0x50000, room: 512 });
    expect([status(), requests.length]).toEqual([0, 0]);
  });

  test('an unknown type with UNSUPP', () => {
    ask(11, 0, { address: 0x50000, room: 512 });
    expect([status(), requests.length]).toEqual([2, 0]);
  });

  test.each<[string, number, number | bigint, TestBuffer[]]>([
    ['a sector beyond the end', IN, SECTORS, [{ address: 0x50000, room: 512 }]],
    ['sectors over the end', IN, SECTORS - 1, [{ address: 0x50000, room: 1024 }]],
    ['a sector of 64 bits', IN, (1n << 64n) - 1n, [{ address: 0x50000, room: 512 }]],
    ['no data beyond the end', IN, SECTORS + 1, []],
    ['half a sector', IN, 0, [{ address: 0x50000, room: 256 }]],
    ['half a sector to write', OUT, 0, [{ address: 0x50000, bytes: new Uint8Array(700) }]],
  ])('%s with IOERR', (_title, type, sector, buffers) => {
    ask(type, sector, ...buffers);
    expect([status(), requests.length]).toEqual([1, 0]);
    expect(driver.needsReset).toBe(false);
  });

  test('more data than one request may have with IOERR', () => {
    disk = new VirtioBlock(
      0,
      2 ** 40,
      () => 1,
      (request) => requests.push(request),
    );
    driver = new VirtioDriver(disk).bringUp(1);
    const half = { address: 0, room: 512 * 1024 };
    ask(IN, 0, half, half);
    expect(requests).toHaveLength(1);
    ask(IN, 0, half, half, { address: 0x50000, room: 512 });
    expect(requests).toHaveLength(1);
    expect(driver.takeUsed(0)).toHaveLength(1);
  });

  test('more pending requests than the limit with IOERR', () => {
    for (let _round = 0; disk.pending().length < 256; _round++) {
      driver.bringUp(1);
      ask(IN, 0, { address: 0x50000, room: 512 });
    }
    driver.bringUp(1);
    ask(IN, 0, { address: 0x50000, room: 512 });
    expect(disk.pending()).toHaveLength(256);
    expect(status()).toBe(1);
  });
});

describe('faults', () => {
  test.each<[string, TestBuffer[]]>([
    [
      'without a whole header',
      [
        { address: 0x40000, bytes: new Uint8Array(15) },
        { address: STATUS, room: 1 },
      ],
    ],
    ['without a status byte', [{ address: 0x40000, bytes: header(FLUSH, 0) }]],
  ])('a request %s stops the queue', (_title, buffers) => {
    driver.offer(0, ...buffers);
    driver.notify(0);
    expect(driver.needsReset).toBe(true);
    expect(driver.takeUsed(0)).toEqual([]);
  });
});

describe('a reset', () => {
  test('leaves requests pending, but their completions no longer touch the guest', () => {
    ask(IN, 5, { address: 0x50000, room: 512 });
    ask(OUT, 6, { address: 0x51000, bytes: pattern(512, 1) });
    driver.bringUp(1);
    expect(disk.pending().map(({ id }) => id)).toEqual([1, 2]);
    disk.complete(1, true, pattern(512, 9));
    disk.complete(2, true, undefined);
    expect(driver.memory.read(0x50000, 512)).toEqual(new Uint8Array(512));
    expect(status()).toBe(NO_ANSWER);
    expect(driver.irq).toBe(false);
    expect(disk.pending()).toEqual([]);
  });
});

describe('state', () => {
  test('a disk restored with requests pending completes them as the original', () => {
    ask(OUT, 6, { address: 0x51000, bytes: pattern(512, 1) });
    ask(IN, 5, { address: 0x50000, room: 512 });
    const otherDisk = newDisk();
    const other = new VirtioDriver(otherDisk);
    other.memory.restore(driver.memory.capture());
    other.transport.restore(driver.transport.state());
    expect(otherDisk.pending()).toEqual(disk.pending());
    for (const each of [disk, otherDisk]) each.complete(2, true, pattern(512, 5));
    expect(other.memory.hash()).toEqual(driver.memory.hash());
    expect(other.transport.state()).toEqual(driver.transport.state());
  });

  test('completing what is not pending, or with the wrong size, is a bug of the world', () => {
    ask(IN, 5, { address: 0x50000, room: 512 });
    expect(() => disk.complete(2, true, undefined)).toThrow(BugError);
    expect(() => disk.complete(1, true, pattern(511, 1))).toThrow(BugError);
  });
});

/** The virtio network card: frames out and in. */
import { beforeEach, describe, expect, test } from 'vitest';
import { BugError } from '../../../src/base/assert.ts';
import { VirtioNet } from '../../../src/machine/devices/virtio-net.ts';
import { Reg, VirtioDriver } from '../../support/virtio-driver.ts';

const RX = 0;
const TX = 1;
const MAC = Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56);
const HEADER = new Uint8Array(12);

const frame = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i & 0xff);

let sent: Uint8Array[];
let net: VirtioNet;
let driver: VirtioDriver;
beforeEach(() => {
  sent = [];
  net = new VirtioNet(MAC, (bytes) => sent.push(bytes));
  driver = new VirtioDriver(net).bringUp(2);
});

test('it is device 1 with MAC and STATUS, and its link is up', () => {
  const { transport } = driver;
  expect(driver.read(Reg.DeviceId)).toBe(1);
  expect(driver.read(Reg.DeviceFeatures) & 0xff_ffff).toBe((1 << 5) | (1 << 16));
  expect(Array.from({ length: 8 }, (_, i) => transport.read(0x100 + i, 1))).toEqual([...MAC, 1, 0]);
});

describe('transmitting', () => {
  test('a notification sends every frame waiting, without header, and returns its buffers', () => {
    const first = driver.offer(
      TX,
      { address: 0x40000, bytes: HEADER },
      { address: 0x41000, bytes: frame(60) },
    );
    const second = driver.offer(TX, {
      address: 0x42000,
      bytes: Uint8Array.of(...HEADER, ...frame(1514)),
    });
    driver.notify(TX);
    expect(sent).toEqual([frame(60), frame(1514)]);
    expect(driver.takeUsed(TX)).toEqual([
      [first, 0],
      [second, 0],
    ]);
    expect(driver.irq).toBe(true);
  });

  test('header and frame may be split anywhere', () => {
    const bytes = Uint8Array.of(...HEADER, ...frame(30));
    driver.offer(
      TX,
      { address: 0x40000, bytes: bytes.subarray(0, 5) },
      { address: 0x41000, bytes: bytes.subarray(5, 20) },
      { address: 0x42000, bytes: bytes.subarray(20) },
    );
    driver.notify(TX);
    expect(sent).toEqual([frame(30)]);
  });

  test.each([1515, 13, 0, 60_000])('a frame of %i bytes is dropped, its buffer returned', (n) => {
    driver.offer(TX, { address: 0x40000, bytes: Uint8Array.of(...HEADER, ...frame(n)) });
    driver.notify(TX);
    expect(sent).toEqual([]);
    expect(driver.takeUsed(TX)).toHaveLength(1);
    expect(driver.needsReset).toBe(false);
  });

  test.each([
    ['without a whole header', { address: 0x40000, bytes: frame(11) }],
    ['for writing', { address: 0x40000, room: 2000 }],
  ])('a chain %s is a fault', (_title, buffer) => {
    driver.offer(TX, buffer);
    driver.notify(TX);
    expect(driver.needsReset).toBe(true);
    expect(driver.takeUsed(TX)).toEqual([]);
  });

  test('after a fault of one queue the other goes on', () => {
    driver.offer(TX, { address: 0x40000, room: 20 });
    driver.notify(TX);
    driver.offer(RX, { address: 0x50000, room: 2000 });
    net.receive(frame(60));
    expect(driver.takeUsed(RX)).toHaveLength(1);
  });
});

describe('receiving', () => {
  test('a packet needs a buffer', () => {
    expect(net.hasReceiveBuffer).toBe(false);
    driver.offer(RX, { address: 0x50000, room: 2000 });
    expect(net.hasReceiveBuffer).toBe(true);
    net.receive(frame(60));
    expect(net.hasReceiveBuffer).toBe(false);
  });

  test('a packet lies behind a header with num_buffers 1, over the buffers of one chain', () => {
    const head = driver.offer(RX, { address: 0x50000, room: 20 }, { address: 0x51000, room: 100 });
    net.receive(frame(60));
    const header = new Uint8Array(12);
    header[10] = 1;
    const received = [...driver.memory.read(0x50000, 20), ...driver.memory.read(0x51000, 52)];
    expect(received).toEqual([...header, ...frame(60)]);
    expect(driver.memory.read(0x51000 + 52, 48)).toEqual(new Uint8Array(48));
    expect(driver.takeUsed(RX)).toEqual([[head, 72]]);
    expect(driver.irq).toBe(true);
  });

  test('a packet that does not fit is dropped, and its buffer comes back empty', () => {
    const head = driver.offer(RX, { address: 0x50000, room: 71 });
    net.receive(frame(60));
    expect(driver.takeUsed(RX)).toEqual([[head, 0]]);
    expect(driver.memory.read(0x50000, 71)).toEqual(new Uint8Array(71));
    expect(driver.needsReset).toBe(false);
  });

  test.each([
    ['smaller than a header', { address: 0x50000, room: 11 }],
    ['for reading', { address: 0x50000, bytes: frame(100) }],
  ])('a buffer %s is a fault', (_title, buffer) => {
    driver.offer(RX, buffer);
    net.receive(frame(60));
    expect(driver.needsReset).toBe(true);
    expect(net.hasReceiveBuffer).toBe(false);
  });

  test('a packet above the limit is a bug of the world', () => {
    driver.offer(RX, { address: 0x50000, room: 2000 });
    expect(() => net.receive(frame(1515))).toThrow(BugError);
  });
});

/** The virtio entropy device. */
import { beforeEach, expect, test } from 'vitest';
import { MAX_ENTROPY_BYTES } from '../../../src/base/limits.ts';
import { Prng } from '../../../src/base/prng.ts';
import { VirtioEntropy } from '../../../src/machine/devices/virtio-entropy.ts';
import { Reg, VirtioDriver } from '../../support/virtio-driver.ts';

let bytes: Uint8Array;
let driver: VirtioDriver;
beforeEach(() => {
  const device = new VirtioEntropy({ value: () => 0n, entropy: () => bytes });
  driver = new VirtioDriver(device).bringUp(1);
});

/** Notifies as the machine does: takes the reading that the notification needs. */
function notify(): number {
  const need = driver.need(0);
  const size = need?.kind === 'entropy' ? need.size : 0;
  bytes = new Prng(1).bytes(size);
  driver.notify(0);
  return size;
}

test('it is device 4', () => {
  expect(driver.read(Reg.DeviceId)).toBe(4);
});

test('a notification takes one reading for all buffers, and fills them', () => {
  const first = driver.offer(0, { address: 0x40000, room: 8 });
  const second = driver.offer(0, { address: 0x41000, room: 3 }, { address: 0x42000, room: 4 });
  expect(notify()).toBe(15);
  expect(driver.memory.read(0x40000, 8)).toEqual(bytes.subarray(0, 8));
  expect(driver.memory.read(0x41000, 3)).toEqual(bytes.subarray(8, 11));
  expect(driver.memory.read(0x42000, 4)).toEqual(bytes.subarray(11));
  expect(driver.takeUsed(0)).toEqual([
    [first, 8],
    [second, 7],
  ]);
});

test('no buffers, no need', () => {
  expect(driver.need(0)).toBeUndefined();
  expect(notify()).toBe(0);
  expect(driver.irq).toBe(false);
});

test('a reading is at most MAX_ENTROPY_BYTES, and no buffer comes back empty', () => {
  driver.offer(0, { address: 0x40000, room: 5000 });
  driver.offer(0, { address: 0x42000, room: 5000 });
  driver.offer(0, { address: 0x44000, room: 5000 });
  expect(notify()).toBe(MAX_ENTROPY_BYTES);
  expect(driver.takeUsed(0).map(([, written]) => written)).toEqual([MAX_ENTROPY_BYTES - 2, 1, 1]);
});

test('a buffer for reading is a fault, and takes no reading', () => {
  driver.offer(0, { address: 0x40000, room: 8 });
  driver.offer(0, { address: 0x41000, bytes: new Uint8Array(8) });
  expect(notify()).toBe(0);
  expect(driver.needsReset).toBe(true);
  expect(driver.takeUsed(0)).toEqual([]);
});

test('chains that cannot be counted take no reading and need a reset', () => {
  driver.setAvailableIndex(0, 100);
  expect(notify()).toBe(0);
  expect(driver.needsReset).toBe(true);
});

test('a buffer over the ring itself harms no one but the driver', () => {
  driver.offer(0, { address: driver.available(0), room: 16 });
  driver.offer(0, { address: 0x41000, room: 8 });
  notify();
  expect(driver.memory.read(driver.available(0), 16)).toEqual(bytes.subarray(0, 16));
});

test('a device that is not running needs nothing', () => {
  driver.offer(0, { address: 0x40000, room: 8 });
  driver.write(Reg.Status, 0);
  expect(driver.need(0)).toBeUndefined();
});

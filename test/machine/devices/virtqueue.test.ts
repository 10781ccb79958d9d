/** The split virtqueue, honest drivers and broken ones. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { VirtioDevice } from '../../../src/machine/devices/virtio-mmio.ts';
import {
  type Chain,
  lengthOf,
  slice,
  type Virtqueue,
} from '../../../src/machine/devices/virtqueue.ts';
import {
  descriptor,
  INDIRECT,
  NEXT,
  RAM_BYTES,
  VirtioDriver,
  WRITE,
} from '../../support/virtio-driver.ts';

const INDIRECT_DESC = 1 << 28;

let queue: Virtqueue;
let driver: VirtioDriver;

/** A device whose queue the test works on itself. */
const passive: VirtioDevice = {
  deviceId: 42,
  features: 0,
  queueSizes: [8],
  config: new Uint8Array(0),
  attach: (queues) => {
    queue = queues[0]!;
  },
  notify: () => {},
  abandon: () => {},
  state: () => null,
  restore: () => {},
};

beforeEach(() => {
  driver = new VirtioDriver(passive, 8).bringUp(1, INDIRECT_DESC);
});

/** Offers the chain that begins at descriptor 0 of those given. */
function offerRaw(...descriptors: Uint8Array[]): Chain | undefined {
  for (const [i, bytes] of descriptors.entries()) driver.describe(0, i, bytes);
  driver.offerHead(0, 0);
  return queue.take();
}

describe('chains', () => {
  test('are taken in the order of the available ring, wherever they begin', () => {
    const first = driver.offer(0, { address: 0x40000, room: 4 });
    const second = driver.offer(
      0,
      { address: 0x40100, bytes: Uint8Array.of(1, 2) },
      { address: 0x40200, bytes: Uint8Array.of(3) },
      { address: 0x40300, room: 7 },
    );
    expect(queue.take()).toEqual({
      head: first,
      readable: [],
      writable: [{ address: 0x40000, length: 4 }],
    });
    const chain = queue.take()!;
    expect(chain.head).toBe(second);
    expect(queue.gather(chain.readable)).toEqual(Uint8Array.of(1, 2, 3));
    expect(queue.take()).toBeUndefined();
  });

  test('positions run freely modulo 2^16', () => {
    let right = 0;
    for (let i = 0; i < 70_000; i++) {
      const head = driver.offer(0, { address: 0x40000, room: 4 });
      queue.return(queue.take()!.head, i & 3);
      const used = driver.takeUsed(0);
      if (used.length === 1 && used[0]![0] === head && used[0]![1] === (i & 3)) right++;
    }
    expect(right).toBe(70_000);
  });

  test('an indirect table holds a chain of its own', () => {
    driver.memory.write(0x50000, descriptor(0x40000, 3, NEXT, 1));
    driver.memory.write(0x50010, descriptor(0x40010, 5, WRITE, 0));
    expect(offerRaw(descriptor(0x50000, 32, INDIRECT, 0))).toEqual({
      head: 0,
      readable: [{ address: 0x40000, length: 3 }],
      writable: [{ address: 0x40010, length: 5 }],
    });
  });

  test('an indirect table may come after direct descriptors', () => {
    driver.memory.write(0x50000, descriptor(0x40010, 5, WRITE, 0));
    const chain = offerRaw(descriptor(0x40000, 3, NEXT, 1), descriptor(0x50000, 16, INDIRECT, 0));
    expect(lengthOf(chain!.readable)).toBe(3);
    expect(lengthOf(chain!.writable)).toBe(5);
  });

  test('a chain as long as the queue is taken', () => {
    const all = Array.from({ length: 8 }, (_, i) =>
      descriptor(0x40000, 1, i < 7 ? NEXT : 0, i + 1),
    );
    expect(offerRaw(...all)!.readable).toHaveLength(8);
  });

  test('a buffer may end where RAM ends', () => {
    expect(offerRaw(descriptor(RAM_BYTES - 4, 4, 0, 0))).toBeDefined();
  });
});

describe('a chain is unusable, and stops the queue, if', () => {
  test.each<[string, Uint8Array[]]>([
    ['it loops', [descriptor(0x40000, 4, NEXT, 1), descriptor(0x40000, 4, NEXT, 0)]],
    ['it points to itself', [descriptor(0x40000, 4, NEXT, 0)]],
    ['next is outside the table', [descriptor(0x40000, 4, NEXT, 8)]],
    ['a buffer is empty', [descriptor(0x40000, 0, 0, 0)]],
    ['a buffer ends outside RAM', [descriptor(RAM_BYTES - 3, 4, 0, 0)]],
    ['a buffer begins outside RAM', [descriptor(0xfeb00000, 4, 0, 0)]],
    ['address and length wrap', [descriptor(0xffff_fff0, 0xffff_ffff, 0, 0)]],
    [
      'a writable buffer stands before a readable one',
      [descriptor(0x40000, 4, WRITE | NEXT, 1), descriptor(0x40000, 4, 0, 0)],
    ],
    ['an indirect table is empty', [descriptor(0x50000, 0, INDIRECT, 0)]],
    ['an indirect table has a broken length', [descriptor(0x50000, 24, INDIRECT, 0)]],
    ['an indirect table lies outside RAM', [descriptor(RAM_BYTES - 8, 16, INDIRECT, 0)]],
    [
      'an indirect descriptor has a successor',
      [descriptor(0x50000, 16, INDIRECT | NEXT, 1), descriptor(0x40000, 4, 0, 0)],
    ],
    ['an indirect table holds an indirect descriptor', [descriptor(0x50020, 16, INDIRECT, 0)]],
    ['an indirect chain is longer than the queue', [descriptor(0x50100, 9 * 16, INDIRECT, 0)]],
    ['an indirect chain loops', [descriptor(0x50200, 0x10000, INDIRECT, 0)]],
  ])('%s', (_title, descriptors) => {
    driver.memory.write(0x50000, descriptor(0x40000, 4, 0, 0));
    driver.memory.write(0x50020, descriptor(0x50000, 16, INDIRECT, 0));
    for (let i = 0; i < 9; i++)
      driver.memory.write(0x50100 + 16 * i, descriptor(0x40000, 4, i < 8 ? NEXT : 0, i + 1));
    driver.memory.write(0x50200, descriptor(0x40000, 4, NEXT, 0));
    expect(offerRaw(...descriptors)).toBeUndefined();
    expect(driver.needsReset).toBe(true);
    expect(queue.live).toBe(false);
    expect(queue.hasWaiting).toBe(false);
  });

  test('its 64-bit address has a high word', () => {
    const bytes = descriptor(0x40000, 4, 0, 0);
    bytes[4] = 1;
    expect(offerRaw(bytes)).toBeUndefined();
    expect(driver.needsReset).toBe(true);
  });

  test('its head is outside the table', () => {
    driver.offerHead(0, 8);
    expect(queue.take()).toBeUndefined();
    expect(driver.needsReset).toBe(true);
  });

  test('indirect descriptors were not negotiated', () => {
    driver.bringUp(1);
    driver.memory.write(0x50000, descriptor(0x40000, 4, 0, 0));
    expect(offerRaw(descriptor(0x50000, 16, INDIRECT, 0))).toBeUndefined();
    expect(driver.needsReset).toBe(true);
  });

  test('the available index is further ahead than the queue is long', () => {
    driver.setAvailableIndex(0, 9);
    expect(queue.hasWaiting).toBe(true);
    expect(queue.take()).toBeUndefined();
    expect(driver.needsReset).toBe(true);
  });
});

describe('looking', () => {
  test('peekAll changes nothing', () => {
    driver.offer(0, { address: 0x40000, room: 4 });
    driver.offer(0, { address: 0x40010, room: 4 });
    const before = queue.state();
    const chains = queue.peekAll();
    expect(queue.state()).toEqual(before);
    expect(chains).toEqual([queue.take(), queue.take()]);
    driver.setAvailableIndex(0, 99);
    expect(queue.peekAll()).toBe('fault');
    expect(driver.needsReset).toBe(false);
  });
});

describe('buffers', () => {
  const buffers = [
    { address: 0x1000, length: 4 },
    { address: 0x2000, length: 2 },
    { address: 0x3000, length: 10 },
  ];

  test('slice cuts across buffers', () => {
    expect(slice(buffers, 3, 4)).toEqual([
      { address: 0x1003, length: 1 },
      { address: 0x2000, length: 2 },
      { address: 0x3000, length: 1 },
    ]);
    expect(slice(buffers, 16, 5)).toEqual([]);
    expect(slice(buffers, 0, 0)).toEqual([]);
  });

  test('scatter writes what gather reads, and nothing beside it', () => {
    const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7);
    queue.scatter(buffers, bytes);
    expect(queue.gather(slice(buffers, 0, 7))).toEqual(bytes);
    expect(driver.memory.read(0x3001, 9)).toEqual(new Uint8Array(9));
    expect(driver.memory.read(0x1004, 4)).toEqual(new Uint8Array(4));
  });
});

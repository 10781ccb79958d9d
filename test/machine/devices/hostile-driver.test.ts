/**
 * Drivers that mean harm: rings and descriptors of random bytes (made so that they often nearly
 * make sense), registers written at random, completions in between.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.ts';
import { VirtioBlock } from '../../../src/machine/devices/virtio-block.ts';
import { VirtioEntropy } from '../../../src/machine/devices/virtio-entropy.ts';
import { VirtioNet } from '../../../src/machine/devices/virtio-net.ts';
import { runs } from '../../support/runs.ts';
import { RAM_BYTES, Reg, VirtioDriver } from '../../support/virtio-driver.ts';

/** A descriptor that is often nearly right. Indices beyond the table and odd addresses happen. */
const wildDescriptor = fc.record({
  address: fc.oneof(
    fc.integer({ min: 0x40000, max: 0x48000 }),
    fc.constantFrom(0x10000, 0x12000, 0x13000, 0x14000, RAM_BYTES - 4, 0xffff_fff0),
  ),
  high: fc.constantFrom(0, 0, 0, 0, 0, 1),
  length: fc.oneof(
    fc.integer({ min: 0, max: 40 }),
    fc.constantFrom(16, 512, 1024, 2000, 4096, 0x10_0000, 0xffff_ffff),
  ),
  flags: fc.constantFrom(0, 1, 2, 3, 4, 5, 0xffff),
  next: fc.integer({ min: 0, max: 9 }),
});

type WildDescriptor = typeof wildDescriptor extends fc.Arbitrary<infer T> ? T : never;

const action = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ slot: fc.nat(7), table: fc.boolean(), descriptor: wildDescriptor }),
  },
  { weight: 6, arbitrary: fc.record({ offer: fc.nat(9), queue: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ index: fc.nat(0xffff), queue: fc.nat(1) }) },
  { weight: 4, arbitrary: fc.record({ notify: fc.nat(2) }) },
  {
    weight: 1,
    arbitrary: fc.record({ register: fc.nat(0x48).map((n) => n * 4), value: fc.nat(0x1_0000) }),
  },
  { weight: 1, arbitrary: fc.constant({ bringUp: true }) },
  { weight: 3, arbitrary: fc.constant({ outside: true }) },
);

type Action = Partial<{
  slot: number;
  table: boolean;
  descriptor: WildDescriptor;
  offer: number;
  queue: number;
  index: number;
  notify: number;
  register: number;
  value: number;
  bringUp: boolean;
  outside: boolean;
}>;

const FEATURES = 1 << 28;
/** Where an indirect table lies, and RAM that neither buffers nor rings come near. */
const TABLE = 0x4_8000;
const UNNAMED = { address: 0x8_0000, length: RAM_BYTES - 0x8_0000 - 4 };

function perform(driver: VirtioDriver, queues: number, a: Action, outside: () => void): void {
  const queue = (a.queue ?? 0) % queues;
  if (a.descriptor) {
    const { address, high, length, flags, next } = a.descriptor;
    const words = Uint32Array.of(address, high, length, flags | (next << 16));
    const bytes = new Uint8Array(words.buffer);
    if (a.table) driver.memory.write(TABLE + 16 * a.slot!, bytes);
    else for (let q = 0; q < queues; q++) driver.describe(q, a.slot!, bytes);
  } else if (a.offer !== undefined) driver.offerHead(queue, a.offer);
  else if (a.index !== undefined) driver.setAvailableIndex(queue, a.index);
  else if (a.notify !== undefined) driver.notify(a.notify);
  else if (a.register !== undefined) driver.write(a.register, a.value!);
  else if (a.bringUp) driver.bringUp(queues, FEATURES);
  else outside();
}

/** Lets no buffer that lies in RAM reach far, and indirect tables be {@link TABLE}. */
function tame(a: Action): Action {
  const { descriptor } = a;
  if (!descriptor) return a;
  if (descriptor.flags & 4) return { ...a, descriptor: { ...descriptor, address: TABLE } };
  const far = descriptor.address < TABLE && descriptor.address + descriptor.length <= RAM_BYTES;
  return far && descriptor.length > 4096
    ? { ...a, descriptor: { ...descriptor, length: 4096 } }
    : a;
}

function attack(
  title: string,
  queues: number,
  make: () => { driver: VirtioDriver; outside: () => void },
): void {
  test(`${title}: no driver makes it throw, hang or write outside the buffers named`, () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
        const { driver, outside } = make();
        driver.bringUp(queues, FEATURES);
        for (const a of actions) perform(driver, queues, tame(a), outside);
        const { address, length } = UNNAMED;
        expect(Buffer.compare(driver.memory.read(address, length), new Uint8Array(length))).toBe(0);
        // Whatever happened, a reset brings the device back.
        driver.bringUp(queues, FEATURES);
        expect(driver.read(Reg.Status)).toBe(0x0f);
      }),
      { numRuns: runs(150) },
    );
  });
}

attack('network', 2, () => {
  const net = new VirtioNet(new Uint8Array(6), (frame) => {
    expect(frame.length).toBeLessThanOrEqual(1514);
  });
  const driver = new VirtioDriver(net);
  const outside = (): void => {
    if (driver.transport.running && net.hasReceiveBuffer)
      net.receive(new Uint8Array(60).fill(0xff));
  };
  return { driver, outside };
});

attack('block', 1, () => {
  let ids = 0;
  const disk = new VirtioBlock(
    0,
    1000,
    () => ++ids,
    (request) => {
      expect(request.sector + request.sectors).toBeLessThanOrEqual(1000);
      expect(request.data?.length ?? 0).toBe(request.op === 'write' ? request.sectors * 512 : 0);
    },
  );
  const driver = new VirtioDriver(disk);
  const outside = (): void => {
    const [request] = disk.pending();
    if (!request) return;
    const data =
      request.op === 'read' ? new Uint8Array(512 * request.sectors).fill(0xff) : undefined;
    disk.complete(request.id, true, data);
  };
  return { driver, outside };
});

attack('entropy', 1, () => {
  const prng = new Prng(5);
  let driver: VirtioDriver;
  const device = new VirtioEntropy({
    value: () => 0n,
    // The need of the notification under way is still the same: nothing has changed since.
    entropy: () => {
      const need = driver.need(0);
      return prng.bytes(need?.kind === 'entropy' ? need.size : 0);
    },
  });
  driver = new VirtioDriver(device);
  return { driver, outside: () => {} };
});

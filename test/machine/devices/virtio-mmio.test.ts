/** The virtio-mmio transport: registers, bring-up and interrupts. */
import { beforeEach, describe, expect, test } from 'vitest';
import { EmptySlot, type VirtioDevice } from '../../../src/machine/devices/virtio-mmio.ts';
import type { Virtqueue } from '../../../src/machine/devices/virtqueue.ts';
import { NEEDS_RESET, Reg, VirtioDriver } from '../../support/virtio-driver.ts';

/** A device that returns every chain at once, unwritten, and remembers what it was told. */
class Echo implements VirtioDevice {
  readonly deviceId = 42;
  readonly features = 0b101;
  readonly queueSizes = [16, 4];
  readonly config = Uint8Array.of(1, 2, 3, 4, 5);
  readonly told: string[] = [];
  queues: readonly Virtqueue[] = [];

  attach(queues: readonly Virtqueue[]): void {
    this.queues = queues;
  }

  notify(index: number): void {
    this.told.push(`notify ${index}`);
    const chain = this.queues[index]!.take();
    if (chain) this.queues[index]!.return(chain.head, 0);
  }

  abandon(): void {
    this.told.push('abandon');
  }

  state(): null {
    return null;
  }

  restore(): void {}
}

let device: Echo;
let driver: VirtioDriver;
beforeEach(() => {
  device = new Echo();
  driver = new VirtioDriver(device, 4);
});

describe('discovery', () => {
  test('the slot says virtio, version 2, and which device it is', () => {
    expect([0, 4, 8].map((offset) => driver.read(offset))).toEqual([0x74726976, 2, 42]);
  });

  test('an empty slot says DeviceID 0', () => {
    const slot = new EmptySlot();
    expect([0, 4, 8, 0x70].map((offset) => slot.read(offset, 4))).toEqual([0x74726976, 2, 0, 0]);
  });

  test('features are read by word; bit 32 is VERSION_1, further words are 0', () => {
    const word = (n: number): number => {
      driver.write(Reg.DeviceFeaturesSel, n);
      return driver.read(Reg.DeviceFeatures);
    };
    expect([word(0), word(1), word(2)]).toEqual([0b101 | (1 << 28), 1, 0]);
  });

  test('QueueNumMax is 0 for a queue that does not exist', () => {
    const max = (n: number): number => {
      driver.write(Reg.QueueSel, n);
      return driver.read(Reg.QueueNumMax);
    };
    expect([max(0), max(1), max(2), max(0xffff_ffff)]).toEqual([16, 4, 0, 0]);
  });

  test('configuration is read in 8, 16 and 32 bits, and is 0 beyond its end', () => {
    const { transport } = driver;
    expect(transport.read(0x100, 1)).toBe(1);
    expect(transport.read(0x101, 2)).toBe(0x0302);
    expect(transport.read(0x102, 4)).toBe(0x00050403);
    expect(transport.read(0x1fc, 4)).toBe(0);
  });

  test('there is no shared memory region: its length and base read all ones', () => {
    driver.write(0xac, 0);
    expect([0xb0, 0xb4, 0xb8, 0xbc].map((r) => driver.read(r))).toEqual(Array(4).fill(2 ** 32 - 1));
  });

  test('registers of the legacy transport and of queue reset read 0 and do nothing', () => {
    for (const register of [0x28, 0x3c, 0x40, 0xc0]) {
      driver.write(register, 1);
      expect(driver.read(register)).toBe(0);
    }
  });

  test('registers are 32 bits wide: other accesses read 0 and write nothing', () => {
    const { transport } = driver;
    expect(transport.read(0, 2)).toBe(0);
    expect(transport.read(0, 1)).toBe(0);
    transport.write(Reg.Status, 1, 1);
    expect(driver.read(Reg.Status)).toBe(0);
  });
});

describe('negotiation', () => {
  test.each([
    ['what was offered', 0b101, 1, 0x0b],
    ['nothing but VERSION_1', 0, 1, 0x0b],
    ['no VERSION_1', 0b101, 0, 0x03],
    ['a bit that was not offered', 0b111, 1, 0x03],
    ['a bit of the second word that was not offered', 0, 3, 0x03],
  ])('a driver that accepts %s', (_title, low, high, status) => {
    driver.negotiate(low, high);
    expect(driver.read(Reg.Status)).toBe(status);
  });

  test('a driver that accepts a bit above 63 is refused', () => {
    driver.negotiate(0);
    driver.write(Reg.Status, 0);
    driver.write(Reg.DriverFeaturesSel, 2);
    driver.write(Reg.DriverFeatures, 1);
    driver.write(Reg.DriverFeaturesSel, 1);
    driver.write(Reg.DriverFeatures, 1);
    driver.write(Reg.Status, 0x0b);
    expect(driver.read(Reg.Status)).toBe(0x03);
  });

  test('a device whose features were refused does not run, whatever DRIVER_OK says', () => {
    driver.negotiate(0b111);
    driver.setUpQueue(0);
    driver.write(Reg.Status, 0x0f);
    driver.offer(0, { address: 0x40000, room: 8 });
    driver.notify(0);
    expect(device.told).not.toContain('notify 0');
    expect(driver.takeUsed(0)).toEqual([]);
  });

  test('features are fixed from FEATURES_OK on', () => {
    driver.negotiate(0b100);
    driver.write(Reg.DriverFeaturesSel, 0);
    driver.write(Reg.DriverFeatures, 0);
    expect(driver.transport.state().driverFeatures).toEqual([0b100, 1, 0]);
  });

  test('status bits are only ever added', () => {
    driver.bringUp(0);
    driver.write(Reg.Status, 1);
    expect(driver.read(Reg.Status)).toBe(0x0f);
  });

  test('writing 0 to Status resets the device', () => {
    driver.bringUp(2);
    driver.offer(0, { address: 0x40000, room: 8 });
    driver.notify(0);
    expect(driver.irq).toBe(true);
    device.told.length = 0;
    driver.write(Reg.Status, 0);
    expect(driver.irq).toBe(false);
    expect(device.told).toEqual(['abandon']);
    expect([Reg.Status, Reg.InterruptStatus, Reg.QueueReady].map((r) => driver.read(r))).toEqual([
      0, 0, 0,
    ]);
  });
});

describe('queues', () => {
  test('a queue is ready when its driver says so, and its setting is fixed then', () => {
    driver.bringUp(1);
    driver.write(Reg.QueueSel, 0);
    expect(driver.read(Reg.QueueReady)).toBe(1);
    driver.write(Reg.QueueNum, 2);
    driver.write(0x80, 0);
    expect(driver.transport.state().queues[0]).toMatchObject({
      size: 4,
      descriptors: { low: driver.descriptors(0) },
    });
  });

  test.each([0, 2])('QueueReady %i stops the queue, and its buffers are the driver’s', (value) => {
    driver.bringUp(1);
    device.told.length = 0;
    driver.write(Reg.QueueSel, 0);
    driver.write(Reg.QueueReady, value);
    driver.notify(0);
    expect(driver.read(Reg.QueueReady)).toBe(0);
    expect(device.told).toEqual(['abandon']);
  });

  test.each([
    ['size 0', Reg.QueueNum, 0],
    ['a size that is no power of two', Reg.QueueNum, 3],
    ['a size above QueueNumMax', Reg.QueueNum, 32],
    ['an absurd size', Reg.QueueNum, 0x8000_0000],
  ])('%s needs a reset', (_title, register, value) => {
    driver.negotiate(0);
    driver.write(register, value);
    driver.setUpQueue(0);
    expect(driver.needsReset).toBe(true);
    expect(driver.read(Reg.QueueReady)).toBe(0);
  });

  test.each([
    ['descriptors out of alignment', 0x80, 0x10008],
    ['available ring out of alignment', 0x90, 0x12001],
    ['used ring out of alignment', 0xa0, 0x13002],
    ['descriptors outside RAM', 0x80, 0xfff_fff0],
    ['available ring that ends outside RAM', 0x90, 0xf_fffc],
    ['used ring that ends outside RAM', 0xa0, 0xf_fff8],
    ['descriptors above 4 GiB', 0x84, 1],
    ['available ring above 4 GiB', 0x94, 1],
    ['used ring above 4 GiB', 0xa4, 0xffff_ffff],
  ])('%s needs a reset', (_title, register, value) => {
    driver.negotiate(0);
    driver.setUpQueue(0);
    driver.write(Reg.QueueReady, 0);
    driver.write(register, value);
    driver.write(Reg.QueueReady, 1);
    expect(driver.needsReset).toBe(true);
    expect(driver.read(Reg.QueueReady)).toBe(0);
  });

  test('registers of a queue that does not exist do nothing', () => {
    driver.bringUp(1);
    driver.write(Reg.QueueSel, 7);
    for (const register of [Reg.QueueNum, Reg.QueueReady, 0x80, 0xa4]) driver.write(register, 1);
    driver.notify(7);
    expect(driver.read(Reg.QueueReady)).toBe(0);
    expect(driver.needsReset).toBe(false);
  });

  test('notifications count only while the driver runs', () => {
    driver.negotiate(0);
    driver.setUpQueue(0);
    driver.notify(0);
    expect(device.told).not.toContain('notify 0');
    driver.write(Reg.Status, 0x0f);
    driver.notify(0);
    expect(device.told).toContain('notify 0');
  });
});

describe('interrupts', () => {
  beforeEach(() => {
    driver.bringUp(1);
  });

  test('a returned chain raises bit 0 until it is acknowledged', () => {
    driver.offer(0, { address: 0x40000, room: 8 });
    driver.notify(0);
    expect([driver.irq, driver.read(Reg.InterruptStatus)]).toEqual([true, 1]);
    driver.write(Reg.InterruptAck, 2);
    expect(driver.irq).toBe(true);
    driver.write(Reg.InterruptAck, 1);
    expect([driver.irq, driver.read(Reg.InterruptStatus)]).toEqual([false, 0]);
  });

  test('NO_INTERRUPT in the available ring keeps it down', () => {
    driver.setAvailableFlags(0, 1);
    driver.offer(0, { address: 0x40000, room: 8 });
    driver.notify(0);
    expect(driver.irq).toBe(false);
    expect(driver.takeUsed(0)).toHaveLength(1);
  });

  test('NEEDS_RESET comes with a configuration change interrupt; only a reset clears it', () => {
    driver.setAvailableIndex(0, 5);
    driver.notify(0);
    expect(driver.read(Reg.Status)).toBe(0x0f | NEEDS_RESET);
    expect([driver.irq, driver.read(Reg.InterruptStatus)]).toEqual([true, 2]);
    driver.write(Reg.Status, 0x0f);
    expect(driver.needsReset).toBe(true);
    driver.bringUp(1);
    expect(driver.needsReset).toBe(false);
    driver.setAvailableIndex(0, 0);
    driver.offer(0, { address: 0x40000, room: 8 });
    driver.notify(0);
    expect(driver.takeUsed(0)).toHaveLength(1);
  });

  test('a driver that has not finished bring-up gets no interrupt with NEEDS_RESET', () => {
    driver.negotiate(0);
    driver.write(Reg.QueueNum, 3);
    expect(driver.needsReset).toBe(true);
    expect(driver.irq).toBe(false);
  });
});

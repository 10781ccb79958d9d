/**
 * The virtio transport over memory-mapped registers, version 2 (virtio 1.2 §4.2, machine.md): one
 * slot of 0x200 bytes. What the device does with its queues is a `VirtioDevice` behind it; without
 * one the slot is empty and says DeviceID 0.
 *
 * Registers are 32 bits wide: other accesses below offset 0x100 read zero and write nothing.
 * The interrupt line is high while InterruptStatus ≠ 0.
 *
 * A broken driver (virtqueue.ts says what counts as one) never harms more than its own device: the
 * queue stops, DEVICE_NEEDS_RESET is set, and a running driver gets a configuration change
 * interrupt (§2.1.2). Notifications of a device or queue that is not running are dropped.
 *
 * Deviations: no shared memory regions, no queue reset, no event index; the configuration never
 * changes, so ConfigGeneration is 0.
 */
import type { AccessSize, Need } from '../../cpu/bus.ts';
import type { GuestMemory } from '../memory.ts';
import { clonePlain, type Plain } from '../plain.ts';
import type { Device, InterruptLine } from './device.ts';
import { type RingName, Virtqueue, type VirtqueueState } from './virtqueue.ts';

/** What sits behind a transport. It works on the queues that `attach` hands it. */
export interface VirtioDevice {
  readonly deviceId: number;
  /** Device-specific feature bits 0 … 23. */
  readonly features: number;
  /** Largest size of each queue, a power of two. */
  readonly queueSizes: readonly number[];
  attach(queues: readonly Virtqueue[]): void;
  /** The driver has put buffers into queue `index`. */
  notify(index: number): void;
  /** The reading that `notify` will take, or undefined. Pure. */
  need?(index: number): Need | undefined;
  /** The driver has taken back its buffers: nothing that was taken will be returned. */
  abandon(): void;
  /** The configuration space. */
  readonly config: Uint8Array;
  state(): Plain;
  restore(state: Plain): void;
}

const MAGIC = 0x74726976;
const VERSION = 2;
/** "VMFT" in ASCII. */
const VENDOR = 0x54464d56;

const enum Register {
  Magic = 0x00,
  Version = 0x04,
  DeviceId = 0x08,
  Vendor = 0x0c,
  DeviceFeatures = 0x10,
  DeviceFeaturesSel = 0x14,
  DriverFeatures = 0x20,
  DriverFeaturesSel = 0x24,
  QueueSel = 0x30,
  QueueNumMax = 0x34,
  QueueNum = 0x38,
  QueueReady = 0x44,
  QueueNotify = 0x50,
  InterruptStatus = 0x60,
  InterruptAck = 0x64,
  Status = 0x70,
  ShmLengthLow = 0xb0,
  ShmLengthHigh = 0xb4,
  ShmBaseLow = 0xb8,
  ShmBaseHigh = 0xbc,
  Config = 0x100,
}

const RINGS: Readonly<Record<number, readonly [RingName, 'low' | 'high']>> = {
  128: ['descriptors', 'low'],
  132: ['descriptors', 'high'],
  144: ['available', 'low'],
  148: ['available', 'high'],
  160: ['used', 'low'],
  164: ['used', 'high'],
};

const enum Status {
  DriverOk = 0x04,
  FeaturesOk = 0x08,
  NeedsReset = 0x40,
}

const enum Interrupt {
  UsedBuffer = 1,
  ConfigurationChange = 2,
}

/** Length and base of a shared memory region that does not exist (§4.2.2). */
const NO_REGION = 0xffff_ffff;

const INDIRECT_DESC = 1 << 28;
/** VIRTIO_F_VERSION_1, bit 32: the lowest of the second word. */
const VERSION_1 = 1;

/** State of the transport, its queues included. */
export type VirtioMmioState = {
  status: number;
  deviceFeaturesSel: number;
  driverFeaturesSel: number;
  /** Feature bits that the driver has accepted, in two words; the third gathers all above. */
  driverFeatures: number[];
  queueSel: number;
  interruptStatus: number;
  queues: VirtqueueState[];
  device: Plain;
};

type Registers = Omit<VirtioMmioState, 'queues' | 'device'>;

const AT_RESET: Registers = {
  status: 0,
  deviceFeaturesSel: 0,
  driverFeaturesSel: 0,
  driverFeatures: [0, 0, 0],
  queueSel: 0,
  interruptStatus: 0,
};

export class VirtioMmio implements Device {
  #s: Registers = clonePlain(AT_RESET);
  readonly #device: VirtioDevice;
  readonly #queues: readonly Virtqueue[];
  readonly #line: InterruptLine;
  readonly #features: readonly number[];

  constructor(device: VirtioDevice, memory: GuestMemory, line: InterruptLine) {
    this.#device = device;
    this.#line = line;
    this.#features = [(device.features | INDIRECT_DESC) >>> 0, VERSION_1];
    const transport = {
      onUsed: () => this.#interrupt(Interrupt.UsedBuffer),
      onFault: () => this.#needsReset(),
      indirectAllowed: () => (this.#s.driverFeatures[0]! & INDIRECT_DESC) !== 0,
    };
    this.#queues = device.queueSizes.map((size) => new Virtqueue(memory, size, transport));
    device.attach(this.#queues);
  }

  /** Whether the driver has brought the device up: FEATURES_OK, then DRIVER_OK. */
  get running(): boolean {
    const up = Status.FeaturesOk | Status.DriverOk;
    return (this.#s.status & up) === up;
  }

  #interrupt(cause: Interrupt): void {
    this.#s.interruptStatus |= cause;
    this.#line(true);
  }

  #needsReset(): void {
    this.#s.status |= Status.NeedsReset;
    if (this.running) this.#interrupt(Interrupt.ConfigurationChange);
  }

  need(offset: number, size: AccessSize, write?: number): Need | undefined {
    if (offset !== Register.QueueNotify || size !== 4 || write === undefined) return undefined;
    return this.#notifiable(write) ? this.#device.need?.(write) : undefined;
  }

  #notifiable(index: number): boolean {
    return this.running && this.#queues[index]?.live === true;
  }

  read(offset: number, size: AccessSize): number {
    if (offset >= Register.Config) return this.#readConfig(offset - Register.Config, size);
    return size === 4 ? this.#readRegister(offset) : 0;
  }

  #readConfig(offset: number, size: AccessSize): number {
    const { config } = this.#device;
    let value = 0;
    for (let i = 0; i < size; i++) value |= (config[offset + i] ?? 0) << (8 * i);
    return value >>> 0;
  }

  #readRegister(offset: number): number {
    const s = this.#s;
    switch (offset) {
      case Register.Magic:
        return MAGIC;
      case Register.Version:
        return VERSION;
      case Register.DeviceId:
        return this.#device.deviceId;
      case Register.Vendor:
        return VENDOR;
      case Register.DeviceFeatures:
        return this.#features[s.deviceFeaturesSel] ?? 0;
      case Register.QueueNumMax:
        return this.#queues[s.queueSel]?.maxSize ?? 0;
      case Register.QueueReady:
        return this.#queues[s.queueSel]?.ready ? 1 : 0;
      case Register.InterruptStatus:
        return s.interruptStatus;
      case Register.Status:
        return s.status;
      case Register.ShmLengthLow:
      case Register.ShmLengthHigh:
      case Register.ShmBaseLow:
      case Register.ShmBaseHigh:
        return NO_REGION;
      default:
        return 0;
    }
  }

  write(offset: number, size: AccessSize, value: number): void {
    if (size !== 4 || offset >= Register.Config) return;
    const ring = RINGS[offset];
    if (ring) this.#queues[this.#s.queueSel]?.setAddress(...ring, value);
    else this.#writeRegister(offset, value);
  }

  #writeRegister(offset: number, value: number): void {
    const s = this.#s;
    switch (offset) {
      case Register.DeviceFeaturesSel:
        s.deviceFeaturesSel = value;
        break;
      case Register.DriverFeatures:
        this.#writeDriverFeatures(value);
        break;
      case Register.DriverFeaturesSel:
        s.driverFeaturesSel = value;
        break;
      case Register.QueueSel:
        s.queueSel = value;
        break;
      case Register.QueueNum:
        this.#queues[s.queueSel]?.setSize(value);
        break;
      case Register.QueueReady:
        this.#writeQueueReady(value);
        break;
      case Register.QueueNotify:
        if (this.#notifiable(value)) this.#device.notify(value);
        break;
      case Register.InterruptAck:
        s.interruptStatus &= ~value;
        this.#line(s.interruptStatus !== 0);
        break;
      case Register.Status:
        this.#writeStatus(value);
        break;
    }
  }

  #writeDriverFeatures(value: number): void {
    const s = this.#s;
    if (s.status & Status.FeaturesOk) return;
    if (s.driverFeaturesSel < 2) s.driverFeatures[s.driverFeaturesSel] = value;
    else s.driverFeatures[2]! |= value;
  }

  #writeQueueReady(value: number): void {
    const queue = this.#queues[this.#s.queueSel];
    if (!queue) return;
    const wasReady = queue.ready;
    queue.setReady((value & 1) !== 0);
    if (wasReady && !queue.ready) this.#device.abandon();
  }

  /** The driver only ever adds bits; FEATURES_OK stays off unless its choice is acceptable. */
  #writeStatus(value: number): void {
    const s = this.#s;
    if (value === 0) {
      this.#reset();
      return;
    }
    let added = value & 0xff & ~Status.NeedsReset;
    if (!(s.status & Status.FeaturesOk) && !this.#featuresAcceptable()) added &= ~Status.FeaturesOk;
    s.status |= added;
  }

  #featuresAcceptable(): boolean {
    const chosen = this.#s.driverFeatures;
    const offered = this.#features;
    const subset = chosen.every((word, i) => (word & ~(offered[i] ?? 0)) === 0);
    return subset && (chosen[1]! & VERSION_1) !== 0;
  }

  #reset(): void {
    this.#s = clonePlain(AT_RESET);
    for (const queue of this.#queues) queue.reset();
    this.#device.abandon();
    this.#line(false);
  }

  state(): VirtioMmioState {
    return {
      ...clonePlain(this.#s),
      queues: this.#queues.map((queue) => queue.state()),
      device: this.#device.state(),
    };
  }

  restore(state: VirtioMmioState): void {
    const { queues, device, ...registers } = state;
    this.#s = clonePlain(registers);
    for (const [i, queue] of this.#queues.entries()) queue.restore(queues[i]!);
    this.#device.restore(device);
  }
}

/** A slot without a device (§4.2.2.1): drivers see DeviceID 0 and leave it alone. */
export class EmptySlot implements Device {
  read(offset: number, size: AccessSize): number {
    if (size !== 4) return 0;
    if (offset === Register.Magic) return MAGIC;
    if (offset === Register.Version) return VERSION;
    return offset === Register.Vendor ? VENDOR : 0;
  }

  write(): void {}

  state(): null {
    return null;
  }

  restore(): void {}
}

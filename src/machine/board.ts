/**
 * The board: the devices of machine.md, each behind its window, with their interrupt lines and what
 * they let out. Its state is that of its devices by name, plus `board` for what is no device's own.
 */
import { assert } from '../base/assert.ts';
import { VIRTIO_SLOT_BYTES, VIRTIO_SLOTS } from '../base/limits.ts';
import { type BoardFault, type Place, ReadingSlot, SystemBus, type Window } from './bus.ts';
import { parseMac } from './config.ts';
import { DebugExit } from './devices/debug-exit.ts';
import type { Device } from './devices/device.ts';
import { LocalApicWindow } from './devices/local-apic.ts';
import { PicPair } from './devices/pic.ts';
import { Pit } from './devices/pit.ts';
import { Rtc } from './devices/rtc.ts';
import { Uart } from './devices/uart.ts';
import { VirtioBlock } from './devices/virtio-block.ts';
import { VirtioEntropy } from './devices/virtio-entropy.ts';
import { EmptySlot, type VirtioDevice, VirtioMmio } from './devices/virtio-mmio.ts';
import { VirtioNet } from './devices/virtio-net.ts';
import type { Input } from './input.ts';
import { VIRTIO_BASE, VIRTIO_FIRST_IRQ } from './loader.ts';
import type { GuestMemory } from './memory.ts';
import type { DiskRequest } from './output.ts';
import { OutputQueue } from './outputs.ts';
import type { Plain } from './plain.ts';
import type { MachineConfig, VirtioSpec } from './types.ts';

const LOCAL_APIC = { base: 0xfee00000, size: 0x1000 };
const IRQ = { pit: 0, uart: 4 };

/** What the board itself remembers. */
type OwnState = {
  /** Disk requests made so far, over all disks. */
  requests: number;
  fault: BoardFault | null;
};

export class Board {
  readonly outputs = new OutputQueue();
  readonly bus: SystemBus;
  readonly pit: Pit;
  readonly uart: Uart;
  readonly #exit: DebugExit;
  readonly #readings = new ReadingSlot();
  readonly #pic = new PicPair();
  readonly #memory: GuestMemory;
  readonly #devices: Readonly<Record<string, Device>>;
  readonly #disks: VirtioBlock[] = [];
  #net: { readonly device: VirtioNet; readonly transport: VirtioMmio } | undefined;
  #requests = 0;

  /** `place` says where the processor is. */
  constructor(config: MachineConfig, memory: GuestMemory, place: () => Place) {
    this.#memory = memory;
    const pic = this.#pic;
    const readings = this.#readings;
    const { outputs } = this;
    this.pit = new Pit(pic.line(IRQ.pit), readings);
    this.uart = new Uart(pic.line(IRQ.uart), (offset, bytes) =>
      outputs.emit({ kind: 'console', offset, bytes }),
    );
    this.#exit = new DebugExit((status) => {
      this.uart.flush();
      outputs.emit({ kind: 'exit', status });
    });
    const rtc = new Rtc(readings);
    const portWindows: Window[] = [
      { base: 0x20, size: 2, device: pic.first },
      { base: 0xa0, size: 2, device: pic.second },
      { base: 0x40, size: 4, device: this.pit },
      { base: 0x70, size: 2, device: rtc },
      { base: 0x3f8, size: 8, device: this.uart },
      { base: 0xf4, size: 4, device: this.#exit },
    ];
    const slots = Array.from({ length: VIRTIO_SLOTS }, (_, n) => this.#slot(n, config.slots[n]));
    const memoryWindows: Window[] = [
      ...slots.map((device, n) => ({
        base: VIRTIO_BASE + n * VIRTIO_SLOT_BYTES,
        size: VIRTIO_SLOT_BYTES,
        device,
      })),
      { ...LOCAL_APIC, device: new LocalApicWindow() },
    ];
    this.#devices = {
      pic1: pic.first,
      pic2: pic.second,
      pit: this.pit,
      rtc,
      uart: this.uart,
      exit: this.#exit,
      ...Object.fromEntries(slots.map((device, n) => [`virtio${n}`, device])),
    };
    const { strict } = config;
    this.bus = new SystemBus({
      memory,
      memoryWindows,
      portWindows,
      pic,
      outputs,
      readings,
      strict,
      place,
    });
  }

  #slot(n: number, spec: VirtioSpec = { kind: 'empty' }): Device {
    const { outputs } = this;
    switch (spec.kind) {
      case 'empty':
        return new EmptySlot();
      case 'entropy':
        return this.#transport(n, new VirtioEntropy(this.#readings));
      case 'block': {
        const nextId = () => ++this.#requests;
        const disk = new VirtioBlock(n, spec.sectors, nextId, (request) =>
          outputs.emit({ kind: 'disk', request }),
        );
        this.#disks.push(disk);
        return this.#transport(n, disk);
      }
      case 'net': {
        const device = new VirtioNet(parseMac(spec.mac), (bytes) =>
          outputs.emit({ kind: 'frame', bytes }),
        );
        const transport = this.#transport(n, device);
        this.#net = { device, transport };
        return transport;
      }
    }
  }

  #transport(n: number, device: VirtioDevice): VirtioMmio {
    return new VirtioMmio(device, this.#memory, this.#pic.line(VIRTIO_FIRST_IRQ + n));
  }

  /** The status with which the guest has exited, or null. */
  get exitStatus(): number | null {
    return this.#exit.status;
  }

  /** What the guest can never recover from, or null. Only the first counts. */
  get fault(): BoardFault | null {
    return this.bus.fault;
  }

  /** Ends the guest with `fault`, unless an earlier one did. */
  raise(fault: BoardFault): void {
    this.bus.fault ??= fault;
  }

  /** Whether the guest has a buffer for a packet. */
  get acceptsPacket(): boolean {
    const net = this.#net;
    return net?.transport.running === true && net.device.hasReceiveBuffer;
  }

  /** A packet arrives. Only where {@link acceptsPacket}. */
  receivePacket(packet: Uint8Array): void {
    assert(this.acceptsPacket, 'a packet where the guest has a buffer expected, got it without');
    this.#net!.device.receive(packet);
  }

  /** Disk requests without a completion, oldest first. */
  pendingIo(): DiskRequest[] {
    return this.#disks.flatMap((disk) => disk.pending()).sort((a, b) => a.id - b.id);
  }

  /** A pending request is complete. */
  completeDiskRequest({ id, ok, data }: Input & { kind: 'disk' }): void {
    const disk = this.#disks.find((candidate) => candidate.has(id));
    assert(disk, () => `completion of a pending disk request expected, got id ${id}`);
    disk.complete(id, ok, data);
  }

  state(): Readonly<Record<string, Plain>> {
    const devices = Object.entries(this.#devices).map(([name, device]) => [name, device.state()]);
    const own: OwnState = { requests: this.#requests, fault: this.fault };
    return { ...Object.fromEntries(devices), board: own };
  }

  /** Takes the states of a board with the same configuration. */
  restore(states: Readonly<Record<string, Plain>>): void {
    for (const [name, device] of Object.entries(this.#devices)) {
      const state = states[name];
      assert(state !== undefined, () => `a state of device ${name} expected, got none`);
      device.restore(state);
    }
    const { requests, fault } = states.board as OwnState;
    this.#requests = requests;
    this.bus.fault = fault;
  }
}

/** The bus: windows, ports, holes, and what a strict board does about them. */
import { beforeEach, describe, expect, test } from 'vitest';
import { BugError } from '../../src/base/assert.ts';
import { ReadingSlot, SystemBus } from '../../src/machine/bus.ts';
import type { Device } from '../../src/machine/devices/device.ts';
import { PicPair } from '../../src/machine/devices/pic.ts';
import { GuestMemory } from '../../src/machine/memory.ts';
import { OutputQueue } from '../../src/machine/outputs.ts';
import { hasher } from '../support/hasher.ts';

/** Remembers its accesses; reads its offset, and needs time where the offset is 2. */
class Probe implements Device {
  readonly log: string[] = [];
  readonly #readings: ReadingSlot;

  constructor(readings: ReadingSlot) {
    this.#readings = readings;
  }

  need(offset: number) {
    return offset === 2 ? ({ kind: 'timeNs' } as const) : undefined;
  }

  read(offset: number, size: number): number {
    this.log.push(`read ${offset}/${size}`);
    return offset === 2 ? Number(this.#readings.value('timeNs')) : 0x80 | offset;
  }

  write(offset: number, size: number, value: number): void {
    this.log.push(`write ${offset}/${size} ${value.toString(16)}`);
  }

  state(): null {
    return null;
  }

  restore(): void {}
}

const BASE = 0xfeb00000;

let probe: Probe;
let outputs: OutputQueue;
let bus: SystemBus;

function build(strict: boolean): void {
  const readings = new ReadingSlot();
  probe = new Probe(readings);
  outputs = new OutputQueue();
  bus = new SystemBus({
    memory: new GuestMemory(64 * 1024, hasher, () => {}),
    memoryWindows: [{ base: BASE, size: 8, device: probe }],
    portWindows: [
      { base: 0x40, size: 4, device: probe },
      { base: 0xffff, size: 1, device: probe },
    ],
    pic: new PicPair(),
    outputs,
    readings,
    strict,
    place: () => ({ eip: 0x100003, count: 7 }),
  });
}

beforeEach(() => build(false));

describe('memory', () => {
  test('devices see offsets and the size of the access', () => {
    expect(bus.readMemory(BASE + 4, 4)).toBe(0x84);
    bus.writeMemory(BASE + 6, 2, 0xabcd);
    expect(probe.log).toEqual(['read 4/4', 'write 6/2 abcd']);
  });

  test('an access that straddles the edge of a window is one to a hole', () => {
    expect(bus.readMemory(BASE + 6, 4)).toBe(0xffff_ffff);
    expect(bus.readMemory(BASE - 1, 2)).toBe(0xffff);
    bus.writeMemory(BASE + 7, 2, 0);
    expect(probe.log).toEqual([]);
  });

  test('holes read ones in the size of the access', () => {
    expect([bus.readMemory(0xd000_0000, 1), bus.readMemory(0xd000_0000, 4)]).toEqual([
      0xff, 0xffff_ffff,
    ]);
  });
});

describe('ports', () => {
  test('wider accesses are split into bytes at ascending ports', () => {
    bus.give({ kind: 'timeNs', value: 0x11n });
    expect(bus.readPort(0x41, 2)).toBe(0x1181);
    bus.writePort(0x42, 4, 0x44332211);
    expect(probe.log).toEqual(['read 1/1', 'read 2/1', 'write 2/1 11', 'write 3/1 22']);
  });

  test('bytes without a device read ones', () => {
    expect(bus.readPort(0x3e, 4)).toBe(0x8180_ffff);
  });

  test('ports wrap at 64 K', () => {
    expect(bus.readPort(0xffff, 2)).toBe(0xff80);
  });
});

describe('needs', () => {
  test('a wide access needs what any of its bytes needs, and takes one reading', () => {
    expect(bus.need('port', 0x40, 2)).toBeUndefined();
    expect(bus.need('port', 0x40, 4)).toEqual({ kind: 'timeNs' });
    expect(bus.need('memory', BASE + 2, 1)).toEqual({ kind: 'timeNs' });
    expect(bus.need('memory', 0xd000_0000, 1)).toBeUndefined();
  });

  test('a reading serves one access', () => {
    bus.give({ kind: 'timeNs', value: 5n });
    expect(bus.readPort(0x42, 1)).toBe(5);
    expect(() => bus.readPort(0x42, 1)).toThrow(BugError);
  });
});

describe('stops', () => {
  test('an output asks for a stop until it is taken', () => {
    outputs.emit({ kind: 'exit', status: 0 });
    expect(bus.stopRequested).toBe(true);
    outputs.take();
    expect(bus.stopRequested).toBe(false);
  });

  test.each<[string, () => void, string]>([
    ['a read', () => bus.readMemory(0xd000_0000, 4), '0xd0000000'],
    ['a write', () => bus.writeMemory(0xd000_0000, 1, 0), '0xd0000000'],
    ['a straddling access', () => bus.readMemory(BASE + 6, 4), '0xfeb00006'],
    ['a port read', () => bus.readPort(0x44, 1), '0x44'],
    ['a port write', () => bus.writePort(0x43, 2, 0), '0x44'],
    ['a fetch', () => bus.fetchOutside(0xd000_0000), '0xd0000000'],
  ])('%s of what is not there is a fault on a strict board, elsewhere not', (_title, act, at) => {
    act();
    expect(bus.stopRequested).toBe(false);
    build(true);
    act();
    expect(bus.stopRequested).toBe(true);
    expect(bus.fault).toMatchObject({ vector: 18, detail: expect.stringContaining(at) });
  });

  test('the report names access, address, size, instruction and count, of the first one', () => {
    build(true);
    bus.readMemory(0xd000_0000, 4);
    bus.writeMemory(0xd000_0008, 1, 0);
    expect(bus.fault?.detail).toBe(
      'read of address 0xd0000000 (4 bytes), where there is nothing, ' +
        'by the instruction at eip 0x100003, count 7',
    );
  });
});

/** Changes to a guest's memory that go past its processor and its devices. */
import { assert } from '../base/assert.ts';
import { PAGE_BYTES } from '../base/limits.ts';
import type { Machine } from '../machine/types.ts';

/** Flips a bit (0 … 7) of the byte at `address`, which is in the guest's memory (asserted). */
export function flipBit(machine: Machine, address: number, bit: number): void {
  change(machine, address, 1, (bytes, at) => {
    bytes[at]! ^= 1 << bit;
  });
}

/** Writes `data` at `address`, all of it in the guest's memory (asserted). */
export function pokeBytes(machine: Machine, address: number, data: Uint8Array): void {
  change(machine, address, data.length, (bytes, at, index) => {
    bytes[at] = data[index]!;
  });
}

/** Calls `set` for each byte, with its page, its place there and its number. */
function change(
  machine: Machine,
  address: number,
  length: number,
  set: (page: Uint8Array, at: number, index: number) => void,
): void {
  const snapshot = machine.snapshot();
  const pages = [...snapshot.pages];
  const copied = new Map<number, Uint8Array>();
  for (let index = 0; index < length; index++) {
    const number = Math.floor((address + index) / PAGE_BYTES);
    assert(number < pages.length, () => `address ${address + index} is outside the guest's memory`);
    const bytes = copied.get(number) ?? pages[number]?.bytes.slice() ?? new Uint8Array(PAGE_BYTES);
    if (!copied.has(number)) copied.set(number, bytes);
    set(bytes, (address + index) % PAGE_BYTES, index);
  }
  for (const [number, bytes] of copied) pages[number] = { bytes };
  machine.restore({ ...snapshot, pages });
}

interface Buffer {
  readonly address: number;
  readonly length: number;
}

/**
 * What a transfer without bounce buffers would do: the data of a pending read go to where the guest
 * wants them, before its completion. Knows the state of the machine's disks by its shape.
 */
export function transferEarly(machine: Machine, id: number, data: Uint8Array): void {
  for (const device of Object.values(machine.snapshot().devices)) {
    const into = buffersOf(device, id);
    let at = 0;
    for (const { address, length } of into) {
      const part = data.subarray(at, at + length);
      if (part.length > 0) pokeBytes(machine, address, part);
      at += length;
    }
  }
}

type DiskState = null | {
  device?: null | { pending?: { id: number; answer: { into: Buffer[] } | null }[] };
};

function buffersOf(state: unknown, id: number): readonly Buffer[] {
  const pending = (state as DiskState)?.device?.pending ?? [];
  return pending.find((request) => request.id === id)?.answer?.into ?? [];
}

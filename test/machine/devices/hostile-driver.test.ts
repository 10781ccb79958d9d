/**
 * Drivers that mean harm (support/board-steps.ts): rings, descriptors and registers that nearly
 * make sense, and completions and packets at any moment. Whatever they do, nothing is thrown, work
 * stays within what the size of the queues allows, RAM changes only where the driver has named a
 * place to write, and a reset brings the device back. That it goes on alike after a snapshot at
 * any step is shown for the same scripts in every-step.test.ts.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PAGE_BYTES, PAGE_SHIFT } from '../../../src/base/limits.ts';
import type { VirtioMmioState } from '../../../src/machine/devices/virtio-mmio.ts';
import { GuestMemory } from '../../../src/machine/memory.ts';
import { type Access, isWrite } from '../../support/access-guest.ts';
import { BoardBench, type BoardStep } from '../../support/board-bench.ts';
import { driverSteps, RAM_BYTES, SLOTS } from '../../support/board-steps.ts';
import { DriverScript } from '../../support/driver-script.ts';
import { hasher } from '../../support/hasher.ts';
import { namedRanges, type Range } from '../../support/named-ranges.ts';
import { runs } from '../../support/runs.ts';

/** RAM that counts how often a device asks for something. */
class CountingMemory extends GuestMemory {
  calls = 0;

  override read(address: number, length: number): Uint8Array {
    this.calls++;
    return super.read(address, length);
  }

  override readU16(address: number): number {
    this.calls++;
    return super.readU16(address);
  }

  override readU32(address: number): number {
    this.calls++;
    return super.readU32(address);
  }

  override write(address: number, bytes: Uint8Array): void {
    this.calls++;
    super.write(address, bytes);
  }
}

/** Calls for one descriptor, for one chain besides, and for one notification besides. */
const CALLS = { descriptor: 6, chain: 12, notification: 8 };
/** The entropy device looks at all chains before it takes one, twice: for its need and again. */
const LOOKS = 3;

class Attack {
  readonly #memory = new CountingMemory(RAM_BYTES, hasher, () => {});
  readonly #bench = new BoardBench(SLOTS, RAM_BYTES, this.#memory);
  readonly #slot: number;
  /** Named since the last reset; a request to the disk may be answered long after its chain. */
  #named: Range[] = [];

  constructor(slot: number) {
    this.#slot = slot;
  }

  /** Address of QueueNotify. */
  get #notify(): number {
    return 0xfeb0_0050 + 0x200 * this.#slot;
  }

  get #state(): VirtioMmioState {
    return this.#bench.board.state()[`virtio${this.#slot}`] as VirtioMmioState;
  }

  perform(step: BoardStep): void {
    const memory = this.#memory;
    const { access } = step as { access?: Access };
    if (access && isWrite(access) && access[1] < RAM_BYTES) {
      this.#bench.perform(step);
      return;
    }
    const earlier = this.#state;
    const pages = memory.capture();
    const mayWrite = !access || access[1] === this.#notify;
    const before = mayWrite ? memory.read(0, RAM_BYTES) : undefined;
    memory.calls = 0;
    this.#bench.perform(step);
    this.#checkWork(earlier);
    const now = before ? namedRanges(before, earlier) : [];
    const state = this.#state;
    this.#named = state.status === 0 ? [] : [...this.#named, ...now];
    const written = memory.capture().flatMap((page, n) => (page === pages[n] ? [] : [n]));
    if (written.length === 0) return;
    expect(before, `RAM before ${JSON.stringify(step)} wrote to it`).toBeDefined();
    const after = memory.read(0, RAM_BYTES);
    // A buffer may lie over rings and descriptors: what these say then counts, too.
    const later = namedRanges(after, state, earlier);
    const allowed = [...('disk' in step ? this.#named : now), ...later];
    for (const page of written) checkPage(page << PAGE_SHIFT, before!, after, allowed, step);
  }

  #checkWork({ queues }: VirtioMmioState): void {
    const size = Math.max(...queues.map((queue) => queue.size));
    const chain = CALLS.chain + CALLS.descriptor * (size + 1);
    const bound = LOOKS * (CALLS.notification + size * chain);
    expect(this.#memory.calls, `calls with queues of ${size}`).toBeLessThanOrEqual(bound);
  }

  /** Whether the device comes up as if nothing had been. */
  recovers(): boolean {
    const driver = new DriverScript(this.#slot, (access) => this.#bench.perform({ access }));
    driver.bringUp(1);
    return this.#state.status === 0x0f;
  }
}

/** Whether only bytes of `allowed` differ in the page at `start`. */
function checkPage(
  start: number,
  before: Uint8Array,
  after: Uint8Array,
  allowed: readonly Range[],
  step: BoardStep,
): void {
  for (let at = start; at < start + PAGE_BYTES; at++) {
    if (before[at] === after[at]) continue;
    const range = allowed.find(({ from, to }) => from <= at && at < to);
    expect(range, `what ${JSON.stringify(step)} wrote at ${at.toString(16)}`).toBeDefined();
    at = range!.to - 1;
  }
}

describe('no driver makes a device throw, toil, or write what was not named', () => {
  test.each([
    ['network', 0],
    ['block', 1],
    ['entropy', 2],
  ])('%s', (_title, slot) => {
    fc.assert(
      fc.property(driverSteps(slot, 30), (steps) => {
        const attack = new Attack(slot);
        for (const step of steps) attack.perform(step);
        expect(attack.recovers()).toBe(true);
      }),
      { numRuns: runs(15) },
    );
  });
});

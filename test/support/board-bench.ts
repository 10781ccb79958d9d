/**
 * A board without a processor, worked step by step: accesses to ports and memory as a guest makes
 * them, interrupt acknowledges, and what comes from outside. `follow` plays a script on it and at
 * each step also on a board made new from a snapshot.
 *
 * Time stands still but for `pass` and `delay`. Readings follow from the time alone: timeNs is it,
 * timeOfDay is that many nanoseconds after START_OF_DAY, entropy is drawn with it as the seed.
 */
import { expect } from 'vitest';
import { toHex } from '../../src/base/digest.ts';
import { Prng } from '../../src/base/prng.ts';
import type { AccessSize, Need } from '../../src/cpu/bus.ts';
import { Board } from '../../src/machine/board.ts';
import { GuestMemory } from '../../src/machine/memory.ts';
import type { Output } from '../../src/machine/output.ts';
import { encodePlain, type Plain } from '../../src/machine/plain.ts';
import type { MachineConfig, Page, VirtioSpec } from '../../src/machine/types.ts';
import { type Access, isRead, isWrite, NO_VECTOR, sizeOf, spaceOf } from './access-guest.ts';
import { hasher } from './hasher.ts';

/** 2024-02-29 12:34:56 UTC, in nanoseconds since 1970. */
export const START_OF_DAY = 1_709_210_096_000_000_000n;

/** Guest time that an instruction takes. */
export const NS_PER_INSTRUCTION = 16;

/** One step of a script. */
export type BoardStep =
  | { readonly access: Access }
  /** Guest time passes; deadlines that it reaches become ticks. */
  | { readonly pass: number }
  | { readonly packet: Uint8Array }
  | { readonly console: Uint8Array }
  /** The oldest disk request is complete; what is read are bytes of `fill`. */
  | { readonly disk: boolean; readonly fill: number };

/** Everything that a step shows. */
export type Answer = {
  /** What was read or acknowledged, or how often the timer ticked. */
  readonly value: number;
  readonly outputs: readonly Output[];
  readonly interrupt: boolean;
  readonly needed: Need | null;
  readonly deadlineNs: number | null;
  readonly accepts: readonly boolean[];
};

type Snapshot = {
  readonly nowNs: number;
  readonly devices: Readonly<Record<string, Plain>>;
  readonly pages: readonly (Page | undefined)[];
};

export class BoardBench {
  readonly memory: GuestMemory;
  readonly board: Board;
  #nowNs = 0;
  #needed: Need | null = null;

  /** Devices in `slots`, RAM of `ramBytes`, or that of `memory` with all that is in it. */
  constructor(slots: readonly VirtioSpec[], ramBytes: number, memory?: GuestMemory) {
    this.memory = memory ?? new GuestMemory(ramBytes, hasher, () => {});
    const config: MachineConfig = { ramBytes, commandLine: '', slots, strict: false };
    this.board = new Board(config, this.memory, () => ({ eip: 0, count: 0 }));
  }

  /** What is read; of a write, and of a wait (which must find what it waits for), 0. */
  #access(access: Access): number {
    const [kind, at, operand = 0] = access;
    if (kind === 'ack') return this.#acknowledge();
    if (kind === 'delay') return this.#pass(NS_PER_INSTRUCTION * at);
    const size = sizeOf(kind);
    if (isWrite(access)) {
      this.#write(spaceOf(kind), at, size, size === 4 ? operand >>> 0 : operand % 2 ** (8 * size));
      return 0;
    }
    const value = this.#read(spaceOf(kind), at, size);
    if (isRead(access)) return value;
    expect(value, `what ${access.join(' ')} waits for`).toBe(operand >>> 0);
    return 0;
  }

  #read(space: 'memory' | 'port', at: number, size: AccessSize): number {
    const { memory, board } = this;
    if (space === 'memory' && memory.contains(at, size))
      return memory.read(at, size).reduce((sum, byte, i) => sum + byte * 2 ** (8 * i), 0);
    this.#give(board.bus.need(space, at, size));
    return space === 'memory' ? board.bus.readMemory(at, size) : board.bus.readPort(at, size);
  }

  #write(space: 'memory' | 'port', at: number, size: AccessSize, value: number): void {
    const { memory, board } = this;
    if (space === 'memory' && memory.contains(at, size)) {
      memory.write(at, littleEndian(value, size));
      return;
    }
    this.#give(board.bus.need(space, at, size, value));
    if (space === 'memory') board.bus.writeMemory(at, size, value);
    else board.bus.writePort(at, size, value);
  }

  #give(need: Need | undefined): void {
    this.#needed = need ?? null;
    if (need) this.board.bus.give(this.#reading(need));
  }

  #reading(need: Need) {
    const now = BigInt(this.#nowNs);
    if (need.kind === 'entropy')
      return { kind: need.kind, bytes: new Prng(this.#nowNs).bytes(need.size) };
    return { kind: need.kind, value: need.kind === 'timeOfDay' ? START_OF_DAY + now : now };
  }

  #acknowledge(): number {
    const { bus } = this.board;
    return bus.interruptRequested() ? bus.acknowledgeInterrupt() : NO_VECTOR;
  }

  #pass(ns: number): number {
    const { pit } = this.board;
    this.#nowNs += ns;
    let ticks = 0;
    // A hypervisor may be behind, too: not every edge of a fast timer is made up for.
    while (pit.deadlineNs !== undefined && pit.deadlineNs <= this.#nowNs && ticks < 20) {
      pit.tick();
      ticks++;
    }
    return ticks;
  }

  #perform(step: BoardStep): number {
    const { board } = this;
    if ('access' in step) return this.#access(step.access);
    if ('pass' in step) return this.#pass(step.pass);
    if ('packet' in step) {
      if (board.acceptsPacket) board.receivePacket(step.packet);
    } else if ('console' in step) {
      if (board.uart.accepts) board.uart.receive(step.console);
    } else {
      const [request] = board.pendingIo();
      if (!request) return -1;
      const { id, op, sectors } = request;
      const data =
        step.disk && op === 'read' ? { data: new Uint8Array(512 * sectors).fill(step.fill) } : {};
      board.completeDiskRequest({ kind: 'disk', id, ok: step.disk, ...data });
    }
    return 0;
  }

  perform(step: BoardStep): Answer {
    const { board } = this;
    this.#needed = null;
    const value = this.#perform(step);
    return {
      value,
      outputs: board.outputs.take(),
      interrupt: board.bus.interruptRequested(),
      needed: this.#needed,
      deadlineNs: board.pit.deadlineNs ?? null,
      accepts: [board.acceptsPacket, board.uart.accepts, board.pendingIo().length > 0],
    };
  }

  snapshot(): Snapshot {
    const pages = this.memory.capture();
    return { nowNs: this.#nowNs, devices: this.board.state(), pages };
  }

  restore({ nowNs, devices, pages }: Snapshot): void {
    this.#nowNs = nowNs;
    this.memory.restore(pages);
    this.board.restore(devices);
  }

  digest(): string {
    const devices = hasher.hash(encodePlain(this.board.state()));
    return toHex(devices) + toHex(this.memory.hash());
  }
}

function littleEndian(value: number, size: AccessSize): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => Math.floor(value / 2 ** (8 * i)) & 0xff);
}

/**
 * Plays `steps` on a board from its reset, and each step also on a new board that a snapshot taken
 * just before has been restored into: both must answer alike and have the same digest after it.
 * So whatever a device remembers but leaves out of its state shows at the step where it matters.
 * Returns the answers.
 */
export function follow(
  slots: readonly VirtioSpec[],
  ramBytes: number,
  steps: readonly BoardStep[],
): Answer[] {
  const original = new BoardBench(slots, ramBytes);
  const { memory } = new BoardBench(slots, ramBytes);
  return steps.map((step, i) => {
    const copy = new BoardBench(slots, ramBytes, memory);
    copy.restore(original.snapshot());
    const answer = original.perform(step);
    const where = `step ${i} of ${JSON.stringify(steps)}`;
    expect(copy.perform(step), where).toEqual(answer);
    expect(copy.digest(), where).toBe(original.digest());
    return answer;
  });
}

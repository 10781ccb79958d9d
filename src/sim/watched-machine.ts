/**
 * A machine under observation, for scenarios that show what goes in and out of one: a wrapper that
 * tells of every input at the moment it is delivered, and of every return from the guest to its
 * hypervisor. The machine inside does not notice.
 */
import type { Digest } from '../base/digest.ts';
import { STATE_NAMES } from '../cpu/cpu.ts';
import type { Input, InputKind } from '../machine/input.ts';
import type { DiskRequest, Output } from '../machine/output.ts';
import type { Machine, Snapshot, Stop, Timer } from '../machine/types.ts';

/** An input as it reached a machine. */
export interface Delivery {
  readonly kind: InputKind;
  /** The instruction count, and the address of the instruction that follows. */
  readonly count: number;
  readonly eip: number;
  /** Of the machine just before. */
  readonly digest: Digest;
}

/** Who is told. */
export interface Observer {
  delivered(delivery: Delivery): void;
  /** The guest has stopped for `reason`: "halted", "needs tsc", … */
  exited(reason: string): void;
}

const COUNT_BYTES = 8;
const EIP_OFFSET = COUNT_BYTES + 4 * STATE_NAMES.indexOf('eip');

export class WatchedMachine implements Machine {
  readonly #machine: Machine;
  readonly #observer: Observer;

  constructor(machine: Machine, observer: Observer) {
    this.#machine = machine;
    this.#observer = observer;
  }

  get count(): number {
    return this.#machine.count;
  }

  run(until: number): Stop {
    const stop = this.#machine.run(until);
    this.#observer.exited(stop.why === 'needs-input' ? `needs ${stop.need.kind}` : stop.why);
    return stop;
  }

  apply(input: Input): void {
    const { count, cpu } = this.#machine.snapshot();
    const eip = new DataView(cpu.buffer, cpu.byteOffset).getUint32(EIP_OFFSET, true);
    this.#observer.delivered({ kind: input.kind, count, eip, digest: this.#machine.digest() });
    this.#machine.apply(input);
  }

  accepts(kind: InputKind): boolean {
    return this.#machine.accepts(kind);
  }

  takeOutputs(): Output[] {
    return this.#machine.takeOutputs();
  }

  timers(): readonly Timer[] {
    return this.#machine.timers();
  }

  pendingIo(): readonly DiskRequest[] {
    return this.#machine.pendingIo();
  }

  snapshot(): Snapshot {
    return this.#machine.snapshot();
  }

  restore(snapshot: Snapshot): void {
    this.#machine.restore(snapshot);
  }

  digest(): Digest {
    return this.#machine.digest();
  }
}

/**
 * isa-debug-exit: writing byte v to offset 0 ends the run with status v. QEMU's process then exits
 * with (v << 1) | 1 (machine.md, "Ports"). The first write counts; the device never reads anything
 * but zero. Four ports wide as in QEMU's `iosize=4`; the other three do nothing.
 */
import type { AccessSize } from '../../cpu/bus.ts';
import type { Device } from './device.ts';

/** The byte written, or null while the guest runs. */
export type DebugExitState = { status: number | null };

export class DebugExit implements Device {
  #status: number | null = null;
  readonly #onExit: (status: number) => void;

  /** `onExit` is called once, with the status 0 … 255. */
  constructor(onExit: (status: number) => void) {
    this.#onExit = onExit;
  }

  /** The status of a guest that has exited, 0 … 255, or null. */
  get status(): number | null {
    return this.#status;
  }

  read(): number {
    return 0;
  }

  write(offset: number, _size: AccessSize, value: number): void {
    if (offset !== 0 || this.#status !== null) return;
    this.#status = value & 0xff;
    this.#onExit(this.#status);
  }

  state(): DebugExitState {
    return { status: this.#status };
  }

  restore(state: DebugExitState): void {
    this.#status = state.status;
  }
}

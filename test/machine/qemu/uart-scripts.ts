/**
 * Random accesses to the UART in loopback, where a guest hears what it says.
 *
 * What is left out, with the reason:
 * - MSR's delta bits and their interrupt: QEMU sets none in loopback.
 * - IIR while the FIFO holds less than its trigger level: QEMU's time-out comes after four
 *   characters' time, ours at once. A script waits for it instead, if nothing else may be pending.
 * - IIR's bit 3 while the FIFO holds something: QEMU lets a time-out stand when more has come.
 * - FCR with FE clear and a reset bit set, which must do nothing: QEMU resets.
 */
import fc from 'fast-check';
import type { UartState } from '../../../src/machine/devices/uart.ts';
import type { Access } from '../../support/access-guest.ts';
import { Scribe } from './scribe.ts';

const BASE = 0x3f8;
const DLAB = 0x80;

const byte = fc.nat(255);
const fcr = fc.constantFrom(0, 1, 1, 3, 5, 7, 0x41, 0x81, 0xc1, 0xc9);

const action = fc.oneof(
  { weight: 8, arbitrary: fc.record({ read: fc.nat(7) }) },
  { weight: 6, arbitrary: fc.record({ send: fc.array(byte, { minLength: 1, maxLength: 18 }) }) },
  { weight: 4, arbitrary: fc.record({ write: fc.constantFrom(1, 1, 3, 7), value: byte }) },
  { weight: 2, arbitrary: fc.record({ write: fc.constant(2), value: fcr }) },
  { weight: 1, arbitrary: fc.record({ write: fc.constant(3), value: fc.constant(3) }) },
  { weight: 1, arbitrary: fc.record({ write: fc.constant(4), value: byte.map((b) => b | 0x10) }) },
  { weight: 3, arbitrary: fc.constant({ timeOut: true as const }) },
);

/** What {@link uartScript} makes a script of. */
export const uartActions = fc.array(action, { minLength: 10, maxLength: 80, size: 'max' });

type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

class UartScribe extends Scribe {
  constructor() {
    super();
    const reset = [
      [3, 0x80],
      [0, 1],
      [1, 0],
      [3, 3],
      [1, 0],
      [4, 0x10],
      [2, 1],
      [2, 0],
      [7, 0],
    ] as const;
    for (const [register, value] of reset) this.make('out1', BASE + register, value);
    // RBR holds the last byte of the script before; LSR may tell of an overrun.
    this.make('out1', BASE, 0);
    for (const register of [0, 2, 5]) this.make('in1', BASE + register);
  }

  get uart(): UartState {
    return this.state('uart');
  }

  /** Whether a time-out is due, on QEMU some time later. */
  get #belowTrigger(): boolean {
    const { fifoEnabled, received, trigger } = this.uart;
    return fifoEnabled && received.length > 0 && received.length < trigger;
  }

  #readIdentity(): void {
    const { ier, fifoEnabled, received } = this.uart;
    if (this.#belowTrigger && ier & 1) return;
    this.make('in1', BASE + 2, fifoEnabled && received.length > 0 ? 0xf7 : 0xff);
  }

  /** Waits for a time-out where IIR can show nothing else before it. */
  #waitForTimeOut(): void {
    const { ier, overrun, lcr } = this.uart;
    const lineStatus = ier & 4 && overrun;
    if (!this.#belowTrigger || (ier & 3) !== 1 || lineStatus || lcr & DLAB) return;
    this.make('waitin', BASE + 2, 0xcc);
  }

  perform(action: Action): void {
    if ('timeOut' in action) this.#waitForTimeOut();
    else if ('send' in action) {
      if (!(this.uart.lcr & DLAB)) for (const each of action.send) this.make('out1', BASE, each);
    } else if ('write' in action) {
      // The divisor stays as it is, or a time-out could take seconds.
      if (!(action.write === 1 && this.uart.lcr & DLAB))
        this.make('out1', BASE + action.write, action.value & (action.write === 1 ? 0xf7 : 0xff));
    } else if (action.read === 2) this.#readIdentity();
    else this.make('in1', BASE + action.read, action.read === 6 ? 0xf0 : 0xff);
  }
}

/** A script from the reset of all that it uses. */
export function uartScript(actions: readonly Action[]): Access[] {
  const scribe = new UartScribe();
  for (const each of actions) scribe.perform(each);
  scribe.make('out1', BASE + 3, 3);
  return scribe.script;
}

/**
 * Random commands to the two interrupt controllers, with requests that a guest can make and take
 * back: IRQ 4 is the UART's THRE interrupt, IRQ 5, 9 and 12 are entropy devices whose driver is
 * broken (they need a reset, and say so with an interrupt).
 *
 * Where QEMU departs from the datasheet, and what is therefore left out:
 * - It keeps a request whose line has fallen: lines fall only when their request has been taken.
 *   The same holds for input 2 when the second controller withdraws its request.
 * - ICW1 makes a line that is high request again: lines are low then.
 * - A non-specific EOI ends masked levels in special mask mode.
 * - Special fully nested mode lets all levels through while input 2 is in service.
 * - OCW3 with P and RR both set also selects a register.
 * - After OCW3 has begun or ended special mask mode, requests are looked at with the next command:
 *   the mask is written again.
 */
import fc from 'fast-check';
import type { Pic8259State } from '../../../src/machine/devices/pic.ts';
import type { Access } from '../../support/access-guest.ts';
import type { CatalogueDevice } from '../../support/catalogue.ts';
import { DriverScript } from '../../support/driver-script.ts';
import { Scribe } from './scribe.ts';

/** The board that the scripts are for. */
export const PIC_DEVICES: readonly CatalogueDevice[] = Array.from({ length: 8 }, () => ({
  kind: 'entropy',
}));

/** Slot (-1: the UART), controller and input. */
const LINES = [
  { slot: -1, chip: 'pic1', bit: 1 << 4 },
  { slot: 0, chip: 'pic1', bit: 1 << 5 },
  { slot: 4, chip: 'pic2', bit: 1 << 1 },
  { slot: 7, chip: 'pic2', bit: 1 << 4 },
];

const byte = fc.nat(255);
const level = fc.nat(7);
const port = fc.constantFrom(0x20, 0xa0);
const ocw2 = level.chain((n) =>
  fc.constantFrom(0x20, 0x20, 0xa0, 0x60 | n, 0xe0 | n, 0xc0 | n, 0x80, 0x00, 0x40),
);
const ocw3 = fc.constantFrom(0x0a, 0x0b, 0x08, 0x48, 0x68, 0x4b, 0x6a);
const icw1 = fc.constantFrom(0x11, 0x11, 0x10, 0x12, 0x13, 0x19);
const icw4 = fc.oneof(fc.constantFrom(0x01, 0x03, 0x11, 0x13), byte);

const action = fc.oneof(
  { weight: 3, arbitrary: fc.record({ read: fc.constantFrom(0x20, 0x21, 0xa0, 0xa1) }) },
  { weight: 2, arbitrary: fc.record({ mask: port, value: fc.oneof(fc.constant(0), byte) }) },
  { weight: 2, arbitrary: fc.record({ command: port, value: ocw3 }) },
  { weight: 4, arbitrary: fc.record({ command: port, value: ocw2 }) },
  { weight: 4, arbitrary: fc.record({ line: fc.nat(LINES.length - 1) }) },
  { weight: 4, arbitrary: fc.constant({ acknowledge: true as const }) },
  { weight: 1, arbitrary: fc.record({ poll: port }) },
  {
    weight: 2,
    arbitrary: fc.record({ words: fc.array(fc.tuple(icw1, byte, byte, icw4), { minLength: 2 }) }),
  },
);

/** What {@link picScript} makes a script of. */
export const picActions = fc.array(action, { minLength: 10, maxLength: 60, size: 'max' });

/** OCW3 that begins or ends special mask mode. */
const SPECIAL_MASK = 0x48;

type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

class PicScribe extends Scribe {
  constructor() {
    super(PIC_DEVICES as { kind: 'entropy' }[]);
    this.make('out1', 0x3f9, 0);
    this.make('in1', 0x3fa);
    // Counter 0 is silent: a one-shot whose gate never rises.
    this.make('out1', 0x43, 0x32);
    for (const part of [255, 0]) this.make('out1', 0x40, part);
    this.initialise([
      [0x11, 0x28, 2, 1],
      [0x11, 0x20, 4, 1],
    ]);
  }

  pic(name: string): Pic8259State {
    return this.state(name);
  }

  /** The words for the second, then the first controller. */
  initialise(words: readonly (readonly [number, ...number[]])[]): void {
    this.make('out1', 0x3f9, 0);
    for (const { slot } of LINES) if (slot >= 0) this.make('st4', 0xfeb0_0070 + 0x200 * slot, 0);
    for (const [i, [first, ...rest]] of words.slice(0, 2).entries()) {
      const port = i === 0 ? 0xa0 : 0x20;
      const name = i === 0 ? 'pic2' : 'pic1';
      this.make('out1', port, first);
      for (const word of rest) {
        if (this.pic(name).expects === 0) break;
        this.make('in1', port);
        this.make('in1', port + 1);
        this.make('out1', port + 1, word);
      }
    }
  }

  /** Whether both boards do the same now: see the list above. */
  readonly #same = (): boolean => {
    const first = this.pic('pic1');
    const others = first.irr & ~first.imr & ~4;
    return !(first.specialFullyNested && first.isr & 4 && others);
  };

  /** Makes accesses that may not make the second controller withdraw its request. */
  tryAll(...accesses: Access[]): void {
    const requested = (this.pic('pic1').irr & 4) !== 0;
    this.attempt(accesses, () => {
      const { irr } = this.pic('pic1');
      return this.#same() && !(requested && !(irr & 4));
    });
  }

  toggle(index: number): void {
    const { slot, chip, bit } = LINES[index]!;
    const { lines, irr } = this.pic(chip);
    if (lines & bit && irr & bit) return;
    const high = (lines & bit) === 0;
    if (slot < 0) {
      this.tryAll(['out1', 0x3f9, high ? 2 : 0]);
      return;
    }
    const accesses: Access[] = [];
    const driver = new DriverScript(slot, (access) => accesses.push(access));
    if (high) {
      driver.bringUp(1);
      accesses.push(['st2', driver.available(0) + 2, 100]);
      driver.notify(0);
    } else driver.register(0x64, 3);
    this.tryAll(...accesses);
  }

  /** An acknowledge or a poll of the first takes the second's request: that is not withdrawal. */
  take(...accesses: Access[]): void {
    this.attempt(accesses, this.#same);
  }

  perform(action: Action): void {
    if ('read' in action) this.make('in1', action.read);
    else if ('mask' in action) this.tryAll(['out1', action.mask + 1, action.value]);
    else if ('command' in action) this.command(action.command, action.value);
    else if ('line' in action) this.toggle(action.line);
    else if ('acknowledge' in action) this.take(['ack', 0]);
    else if ('words' in action) this.initialise(action.words);
    else {
      const poll: Access[] = [
        ['out1', action.poll, 0x0c],
        ['in1', action.poll],
      ];
      if (action.poll === 0x20) this.take(...poll);
      else this.tryAll(...poll);
    }
  }

  command(port: number, value: number): void {
    const { specialMask, isr, imr } = this.pic(port === 0x20 ? 'pic1' : 'pic2');
    const nonSpecific = value === 0x20 || value === 0xa0;
    if (nonSpecific && specialMask && isr & imr) return;
    const accesses: Access[] = [['out1', port, value]];
    if ((value & SPECIAL_MASK) === SPECIAL_MASK) accesses.push(['out1', port + 1, imr]);
    this.tryAll(...accesses);
  }
}

/** A script from the reset of all that it uses. */
export function picScript(actions: readonly Action[]): Access[] {
  const scribe = new PicScribe();
  for (const each of actions) scribe.perform(each);
  return scribe.script;
}

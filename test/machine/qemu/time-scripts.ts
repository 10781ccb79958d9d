/**
 * Random programs of the interval timer, and readings of the clock, while time passes. QEMU counts
 * a counter's pulses from the moment of its programming, vmft those of one clock for all: counts
 * may differ by SLACK pulses. Bits that so many pulses may change are not looked at.
 *
 * Where QEMU departs from the datasheets, and what is therefore left out:
 * - A new count in modes 2 and 3 counts at once: each comes with a control word. OUT of modes 2 and
 *   4 is inverted, NULL COUNT always 0; modes 1 and 5 start without a trigger. A control word
 *   leaves the old count counting until the new one is written. Modes 6 and 7 are not 2 and 3.
 *   Decimal counters count in binary.
 * - Programming counter 0 may make an edge (here it makes none, see pit.ts), which is taken unseen.
 * - The clock has interrupts, its flags in register C are set, its time can be set and stopped, and
 *   its memory holds the size of RAM.
 */
import fc from 'fast-check';
import { PIT_HZ, Pit, type PitState } from '../../../src/machine/devices/pit.ts';
import { type Access, isRead } from '../../support/access-guest.ts';
import { NS_PER_INSTRUCTION } from '../../support/board-bench.ts';
import { Scribe } from './scribe.ts';

/** Pulses by which the boards may differ, and those at which we look for a change. */
const SLACK = [-8, -4, 0, 4, 8];
/** Bits of a count that change between these. */
const LOW_BITS = 0x0f;
const NS_PER_PULSE = 1e9 / PIT_HZ;

/** Instructions of the guest (access-guest.ts) for an access, beside those of a delay. */
const instructionsOf = (access: Access): number =>
  access[0] === 'ack' ? 14 : isRead(access) ? 11 : 8;

/** Instructions in which about `pulses` pulses pass. */
const turns = (pulses: number): number => Math.round((pulses * NS_PER_PULSE) / NS_PER_INSTRUCTION);

const timerAction = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      counter: fc.nat(2),
      mode: fc.constantFrom(0, 2, 3, 4),
      access: fc.constantFrom(1, 2, 3),
      bcd: fc.boolean(),
      count: fc.oneof(fc.integer({ min: 300, max: 6000 }), fc.constant(0)),
    }),
  },
  { weight: 4, arbitrary: fc.record({ pass: fc.integer({ min: 1, max: 3000 }) }) },
  { weight: 6, arbitrary: fc.record({ look: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.constant({ request: true as const }) },
);

/** What {@link timerScript} makes a script of. */
export const timerActions = fc.array(timerAction, { minLength: 5, maxLength: 30 });

type TimerAction = typeof timerAction extends fc.Arbitrary<infer T> ? T : never;

class TimerScribe extends Scribe {
  constructor() {
    super();
    for (const word of [0xb2, 0x72, 0x32]) this.make('out1', 0x43, word);
    // A one-shot is silent here for want of a trigger, and on QEMU when it has been silenced.
    for (const part of [1, 0]) this.make('out1', 0x40, part);
    this.make('delay', turns(20));
    this.make('out1', 0x20, 0x11);
    for (const word of [0x20, 4, 1]) this.make('out1', 0x21, word);
  }

  /** As every scribe's; and the time passes that the guest takes for it. */
  override make(...access: Access): number {
    const value = super.make(...access);
    this.bench.perform({ pass: NS_PER_INSTRUCTION * instructionsOf(access) });
    return value;
  }

  /** Takes and ends a request that one of the boards may see. */
  #forget(): void {
    this.make('out1', 0x20, 0x0c);
    this.make('in1', 0x20, 0);
    this.make('out1', 0x20, 0x20);
  }

  get pit(): PitState {
    return this.state('pit');
  }

  /** The bits of what `look` sees of the timer that are the same now and SLACK pulses around. */
  #steadyBits(look: (pit: Pit) => number): number {
    const now = this.bench.snapshot().nowNs;
    const seen = SLACK.map((pulses) => {
      const time = BigInt(Math.max(0, Math.round(now + pulses * NS_PER_PULSE)));
      const pit = new Pit(() => {}, { value: () => time, entropy: () => new Uint8Array(0) });
      pit.restore(this.pit);
      return look(pit);
    });
    return ~seen.reduce((changed, value) => changed | (value ^ seen[0]!), 0) & 0xff;
  }

  /** Latches status and count of counter `n` and reads both. */
  look(n: number): void {
    const { mode, access, loadTick, bcd } = this.pit.counters[n]!;
    const counts = loadTick !== null && !bcd;
    const latch = 0xc0 | (2 << n);
    const reads = access === 3 ? 3 : 2;
    const masks = Array.from({ length: reads }, (_, i) =>
      this.#steadyBits((pit) => {
        pit.write(3, 1, latch);
        return Array.from({ length: i + 1 }, () => pit.read(n)).at(-1)!;
      }),
    );
    this.make('out1', 0x43, latch);
    const level = counts && (mode === 0 || mode === 3) ? 0x80 : 0;
    this.make('in1', 0x40 + n, masks[0]! & (0x3f | level));
    for (const [i, mask] of masks.slice(1).entries()) {
      const low = i === 0 && access !== 2 ? LOW_BITS : 0;
      this.make('in1', 0x40 + n, counts ? mask & ~low : 0);
    }
  }

  /** Whether counter 0 has requested an interrupt, which is then taken. */
  request(): void {
    const now = this.bench.snapshot().nowNs;
    const requested = SLACK.map((pulses) => {
      const before = this.bench.snapshot();
      const later = Math.max(0, Math.round(pulses * NS_PER_PULSE));
      this.bench.perform({ pass: later });
      const { irr } = this.state<{ irr: number }>('pic1');
      this.bench.restore(before);
      return irr & 1;
    });
    const [timer] = [this.bench.board.pit.deadlineNs].filter((ns) => ns !== undefined);
    const { count } = this.pit.counters[0]!;
    const sinceEdge = timer === undefined ? undefined : timer - now - count * NS_PER_PULSE;
    const justNow = sinceEdge !== undefined && -sinceEdge < 16 * NS_PER_PULSE;
    if (new Set(requested).size > 1 || justNow) return;
    this.make('in1', 0x20, 1);
    this.make('ack', 0);
    this.make('out1', 0x20, 0x20);
  }

  perform(action: TimerAction): void {
    if ('pass' in action) this.make('delay', turns(action.pass));
    else if ('look' in action) this.look(action.look);
    else if ('request' in action) this.request();
    else this.#program(action);
  }

  #program(action: Extract<TimerAction, { counter: number }>): void {
    const { counter: n, mode, access } = action;
    const bcd = action.bcd && n > 0;
    // A count of one byte is no smaller.
    const count = access === 1 ? 250 : action.count;
    const word = bcd ? Number.parseInt(`${count % 10000}`, 16) : count;
    this.make('out1', 0x43, (n << 6) | (access << 4) | (mode << 1) | (bcd ? 1 : 0));
    if (access & 1) this.make('out1', 0x40 + n, word & 0xff);
    if (access & 2) this.make('out1', 0x40 + n, word >> 8);
    if (n === 0) this.#forget();
  }
}

/** A script from the reset of all that it uses. */
export function timerScript(actions: readonly TimerAction[]): Access[] {
  const scribe = new TimerScribe();
  for (const each of actions) scribe.perform(each);
  return scribe.script;
}

const TIME = [0x00, 0x02, 0x04, 0x06, 0x07, 0x08, 0x09, 0x32];
const ALARM = [0x01, 0x03, 0x05];
const memory = fc.integer({ min: 0x40, max: 0x5a });

const clockAction = fc.oneof(
  fc.record({ time: fc.constantFrom(...TIME) }),
  fc.record({ read: fc.constantFrom(0x0b, 0x0d) }),
  fc.record({ format: fc.constantFrom(0, 2, 4, 6) }),
  fc.record({ cell: fc.oneof(memory, fc.constantFrom(...ALARM)), value: fc.nat(255) }),
  fc.record({ index: fc.nat(255) }),
);

/** What {@link clockScript} makes a script of. */
export const clockActions = fc.array(clockAction, { minLength: 5, maxLength: 40 });

type ClockAction = typeof clockAction extends fc.Arbitrary<infer T> ? T : never;

/** Readings of one second of a leap day, in all formats, and of memory. */
export function clockScript(actions: readonly ClockAction[]): Access[] {
  const script: Access[] = [];
  const write = (index: number, value: number): void => {
    script.push(['out1', 0x70, index], ['out1', 0x71, value]);
  };
  const read = (index: number): void => {
    script.push(['out1', 0x70, index | 0x80], ['in1', 0x71]);
  };
  write(0x0b, 2);
  write(0x0d, 0);
  for (const action of actions) {
    if ('time' in action) read(action.time);
    else if ('read' in action) read(action.read);
    else if ('format' in action) write(0x0b, action.format);
    else if ('index' in action) script.push(['out1', 0x70, action.index], ['in1', 0x70]);
    else {
      write(action.cell, action.value);
      read(action.cell);
    }
  }
  return script;
}

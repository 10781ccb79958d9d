/**
 * 8254 programmable interval timer (Intel 8254 datasheet, order 231164): three counters at offsets
 * 0 … 2, the control word at offset 3. Counter 0 drives IRQ 0.
 *
 * Time: the machine has no clock. Loading a counter, and reading or latching one that counts, take
 * a reading `timeNs`. What a counter holds is then a function of that reading and of `loadTick`,
 * the clock pulse at which it was loaded. Pulses are counted at 1193182 Hz from guest time 0 in
 * integers, so nothing drifts. The rising edge of counter 0's output is an input of its own,
 * `tick`, due at `deadlineNs`; it moves the deadline to the next edge.
 *
 *     counts of N written before pulse L: mode 0 rises at L + N, mode 4 at L + N + 1 (once),
 *     modes 2 and 3 rise at L + N, L + 2N, …
 *
 * A count written while one counts takes its place at the next pulse in modes 0 and 4, at the end
 * of the period in mode 2 and of the half period in mode 3 (`next`); NULL COUNT tells that it has
 * not yet.
 *
 * Deviations: programming makes no edge by itself, only ticks do; GATE is high always (the board
 * has no port 0x61), so modes 1 and 5 never start; a count of 1 in modes 2 and 3, which the
 * datasheet forbids, makes no edges; no counter runs before it has been programmed, and one
 * without a count reads 0.
 */
import { assert } from '../../base/assert.ts';
import type { AccessSize, Need } from '../../cpu/bus.ts';
import { clonePlain } from '../plain.ts';
import type { Device, InterruptLine, Readings } from './device.ts';

/** Pulses of the counters' clock in a second. */
export const PIT_HZ = 1193182;

const NS_PER_SECOND = 1_000_000_000n;
const CONTROL = 3;
const TIME: Need = { kind: 'timeNs' };

const enum Access {
  Latch = 0,
  Low = 1,
  High = 2,
  Both = 3,
}

/** The last clock pulse at guest time `ns`. */
export function pulseAt(ns: bigint): number {
  return Number((ns * BigInt(PIT_HZ)) / NS_PER_SECOND);
}

/** The first nanosecond at which clock pulse `pulse` has come. */
export function nsOfPulse(pulse: number): number {
  const hz = BigInt(PIT_HZ);
  return Number((BigInt(pulse) * NS_PER_SECOND + hz - 1n) / hz);
}

/** What a counter counts. */
type Schedule = {
  /** The count N, 1 … 65536, or 0 before one is written. */
  count: number;
  /**
   * Pulse at which the count was loaded, or null when the counter does not count. One that is
   * taken over in the middle of a period counts as loaded when that period would have begun.
   */
  loadTick: number | null;
};

/** That of a counter that counts. */
type Running = Schedule & { loadTick: number };

type CounterState = Schedule & {
  mode: number;
  access: number;
  bcd: boolean;
  /** What takes the place of the present count from pulse `from` on, or null. */
  next: (Running & { from: number }) | null;
  /** First byte of a count of two, or -1. */
  lowByte: number;
  /** The next byte read is the high one. */
  readHigh: boolean;
  /** Latched count and status, or -1. */
  latch: number;
  status: number;
};

/** State of the timer. */
export type PitState = {
  counters: CounterState[];
  /** Pulse of counter 0's next edge, or -1. */
  deadlineTick: number;
};

const AT_RESET: CounterState = {
  mode: 0,
  access: Access.Both,
  bcd: false,
  count: 0,
  loadTick: null,
  next: null,
  lowByte: -1,
  readHigh: false,
  latch: -1,
  status: -1,
};

function modulus(c: CounterState): number {
  return c.bcd ? 10000 : 65536;
}

function fromBcd(value: number): number {
  let result = 0;
  for (let shift = 12; shift >= 0; shift -= 4) result = result * 10 + ((value >> shift) & 15);
  return result;
}

function toBcd(value: number): number {
  let result = 0;
  for (let digit = 0, rest = value; digit < 16; digit += 4) {
    result |= (rest % 10) << digit;
    rest = Math.floor(rest / 10);
  }
  return result;
}

function isPeriodic(c: CounterState): boolean {
  return c.mode === 2 || c.mode === 3;
}

/** What counts at pulse `pulse`. */
function inForce(c: CounterState, pulse: number): Schedule {
  return c.next && pulse >= c.next.from ? c.next : c;
}

/** The counting element at pulse `pulse`, 0 … 65535. */
function counted(c: CounterState, pulse: number): number {
  const { count: n, loadTick } = inForce(c, pulse);
  if (n === 0) return 0;
  const elapsed = loadTick === null ? 0 : Math.max(0, pulse - loadTick);
  if (c.mode === 2) return n - (elapsed % n);
  if (c.mode === 3) {
    const phase = elapsed % n;
    const high = Math.ceil(n / 2);
    return (n & ~1) - 2 * (phase < high ? phase : phase - high);
  }
  const m = modulus(c);
  return (((n - elapsed) % m) + m) % m;
}

/** The level of OUT at pulse `pulse`. */
function out(c: CounterState, pulse: number): boolean {
  const { count, loadTick } = inForce(c, pulse);
  if (loadTick === null) return c.mode !== 0;
  const elapsed = Math.max(0, pulse - loadTick);
  switch (c.mode) {
    case 0:
      return elapsed >= count;
    case 2:
      return elapsed % count !== count - 1;
    case 3:
      return elapsed % count < Math.ceil(count / 2);
    default:
      return elapsed !== count;
  }
}

/** Whether the count written last is not in the counting element yet (NULL COUNT). */
function isNull(c: CounterState, pulse: number): boolean {
  return c.count === 0 || pulse < (c.next?.from ?? c.loadTick ?? 0);
}

/**
 * What follows a periodic counter's count of `n`, loaded at `loadTick`, when `count` is given
 * before pulse `pulse`: it takes over at the end of the period, in mode 3 of the half period.
 */
function successor(
  mode: number,
  { count: n, loadTick }: Running,
  pulse: number,
  count: number,
): CounterState['next'] {
  const phase = (pulse - loadTick) % n;
  const high = Math.ceil(n / 2);
  if (mode === 3 && phase > 0 && phase <= high && high < n) {
    const from = pulse - phase + high;
    return { count, from, loadTick: from - Math.ceil(count / 2) };
  }
  const from = phase === 0 ? pulse : pulse - phase + n;
  return { count, from, loadTick: from };
}

/** The first rising edge of `schedule` after pulse `pulse`; none (-1) where it counts to 1. */
function edgeOf({ count, loadTick }: Running, pulse: number): number {
  if (count === 1) return -1;
  return loadTick + Math.max(1, Math.floor((pulse - loadTick) / count) + 1) * count;
}

/** The first rising edge of a periodic counter that counts after pulse `pulse`, or -1. */
function edgeAfter(c: CounterState, pulse: number): number {
  const edge = edgeOf(c as Running, pulse);
  const { next } = c;
  return !next || (edge >= 0 && edge <= next.from) ? edge : edgeOf(next, pulse);
}

export class Pit implements Device {
  #s: PitState = {
    counters: [{ ...AT_RESET }, { ...AT_RESET }, { ...AT_RESET }],
    deadlineTick: -1,
  };
  readonly #line: InterruptLine;
  readonly #readings: Readings;

  /** `line` is IRQ 0. */
  constructor(line: InterruptLine, readings: Readings) {
    this.#line = line;
    this.#readings = readings;
  }

  /** Guest time of counter 0's next edge in nanoseconds, or undefined when none will come. */
  get deadlineNs(): number | undefined {
    const { deadlineTick } = this.#s;
    return deadlineTick < 0 ? undefined : nsOfPulse(deadlineTick);
  }

  /** Counter 0's output rises. Only where there is a deadline. */
  tick(): void {
    const s = this.#s;
    assert(s.deadlineTick >= 0, 'a tick of a running timer expected, got one of a stopped timer');
    const counter = s.counters[0]!;
    this.#line(false);
    this.#line(true);
    s.deadlineTick = isPeriodic(counter) ? edgeAfter(counter, s.deadlineTick) : -1;
  }

  need(offset: number, _size: AccessSize, write?: number): Need | undefined {
    const { counters } = this.#s;
    if (write === undefined) {
      if (offset === CONTROL) return undefined;
      const c = counters[offset]!;
      return c.status < 0 && c.latch < 0 && c.loadTick !== null ? TIME : undefined;
    }
    if (offset < CONTROL) {
      const c = counters[offset]!;
      const complete = c.access !== Access.Both || c.lowByte >= 0;
      return complete && c.mode !== 1 && c.mode !== 5 ? TIME : undefined;
    }
    if (write >> 6 === 3) {
      const selected = counters.filter((_, i) => write & (2 << i));
      return selected.some((c) => c.loadTick !== null) ? TIME : undefined;
    }
    const c = counters[write >> 6]!;
    return (write & 0x30) === 0 && c.latch < 0 && c.loadTick !== null ? TIME : undefined;
  }

  /** The present pulse; only for a counter that counts, because only then was it asked for. */
  #pulse(c: CounterState): number {
    return c.loadTick === null ? 0 : pulseAt(this.#readings.value('timeNs'));
  }

  read(offset: number): number {
    if (offset === CONTROL) return 0xff;
    const c = this.#s.counters[offset]!;
    if (c.status >= 0) {
      const status = c.status;
      c.status = -1;
      return status;
    }
    const value = c.latch >= 0 ? c.latch : this.#readable(c, this.#pulse(c));
    const high = c.access === Access.High || c.readHigh;
    c.readHigh = c.access === Access.Both && !c.readHigh;
    if (!c.readHigh) c.latch = -1;
    return high ? value >> 8 : value & 0xff;
  }

  #readable(c: CounterState, pulse: number): number {
    const value = counted(c, pulse) % modulus(c);
    return c.bcd ? toBcd(value) : value;
  }

  write(offset: number, _size: AccessSize, value: number): void {
    if (offset < CONTROL) this.#writeCount(offset, value);
    else if (value >> 6 === 3) this.#readBack(value);
    else if ((value & 0x30) === 0) this.#latchCount(this.#s.counters[value >> 6]!);
    else this.#program(value >> 6, value);
  }

  #program(index: number, control: number): void {
    const mode = (control >> 1) & 7;
    this.#s.counters[index] = {
      ...AT_RESET,
      mode: mode > 5 ? mode - 4 : mode,
      access: (control >> 4) & 3,
      bcd: (control & 1) !== 0,
    };
    if (index === 0) this.#stopped(mode === 0);
  }

  /** Counter 0 makes no more edges; in mode 0 its output also falls. */
  #stopped(low: boolean): void {
    this.#s.deadlineTick = -1;
    if (low) this.#line(false);
  }

  #writeCount(index: number, byte: number): void {
    const c = this.#s.counters[index]!;
    if (c.access === Access.Both && c.lowByte < 0) {
      c.lowByte = byte;
      if (c.mode !== 0) return;
      c.loadTick = null;
      if (index === 0) this.#stopped(true);
      return;
    }
    const low = c.access === Access.Both ? c.lowByte : byte;
    const word =
      c.access === Access.Low ? byte : c.access === Access.High ? byte << 8 : low | (byte << 8);
    c.lowByte = -1;
    const count = (c.bcd ? fromBcd(word) : word) || modulus(c);
    if (c.mode === 1 || c.mode === 5) {
      c.count = count;
      return;
    }
    const pulse = pulseAt(this.#readings.value('timeNs')) + 1;
    if (isPeriodic(c) && c.loadTick !== null) {
      const present = inForce(c, pulse - 1) as Running;
      Object.assign(c, { count: present.count, loadTick: present.loadTick });
      c.next = successor(c.mode, present, pulse, count);
    } else Object.assign(c, { count, loadTick: pulse });
    if (index === 0) this.#arm(c, pulse);
  }

  /** Counter 0 has been given a count before pulse `pulse`. */
  #arm(c: CounterState, pulse: number): void {
    const s = this.#s;
    if (c.mode === 0) this.#line(false);
    const from = c.next ? c.next.from : pulse;
    if (!isPeriodic(c)) s.deadlineTick = pulse + c.count + (c.mode === 4 ? 1 : 0);
    // An edge that is due before the new count takes its place still comes.
    else if (s.deadlineTick < 0 || s.deadlineTick > from) s.deadlineTick = edgeAfter(c, from);
  }

  #latchCount(c: CounterState): void {
    if (c.latch < 0) c.latch = this.#readable(c, this.#pulse(c));
  }

  #readBack(command: number): void {
    for (const [i, c] of this.#s.counters.entries()) {
      if (!(command & (2 << i))) continue;
      if (!(command & 0x20)) this.#latchCount(c);
      if (!(command & 0x10) && c.status < 0) c.status = this.#statusOf(c);
    }
  }

  #statusOf(c: CounterState): number {
    const pulse = this.#pulse(c);
    const level = out(c, pulse) ? 0x80 : 0;
    const nullCount = isNull(c, pulse) ? 0x40 : 0;
    return level | nullCount | (c.access << 4) | (c.mode << 1) | (c.bcd ? 1 : 0);
  }

  state(): PitState {
    return clonePlain(this.#s);
  }

  restore(state: PitState): void {
    this.#s = clonePlain(state);
  }
}

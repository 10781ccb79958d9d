/**
 * Real-time clock, Motorola MC146818 (datasheet 1984) as in a PC: offset 0 takes the index of a
 * register, offset 1 is that register. 0 … 9 and 0x32 (century) are the time, A … D status, the
 * rest plain memory of 128 bytes.
 *
 * The time is a reading (`timeOfDay`), latched so that its registers belong together: reading
 * register A, a time register while none is latched, or one already read from this reading, takes a
 * new one. So a driver that waits for A and then reads each register once sees one instant, one
 * that reads until two rounds agree ends, and one that waits for the second to change sees that.
 *
 * Deviations: writes to time registers are dropped, the time of day is the host's; no alarm, no
 * periodic and no update interrupt, so register C reads 0 and the enable bits of B mean nothing;
 * updates take no time, so UIP reads 0; SET clears UIE but does not stop the clock. Bit 7 of
 * the index (NMI mask) is dropped, and offset 0 reads ones.
 */
import type { AccessSize, Need } from '../../cpu/bus.ts';
import { clonePlain } from '../plain.ts';
import type { Device, Readings } from './device.ts';

const NS_PER_SECOND = 1_000_000_000n;
const TIME_OF_DAY: Need = { kind: 'timeOfDay' };

const enum Register {
  Seconds = 0x00,
  Minutes = 0x02,
  Hours = 0x04,
  DayOfWeek = 0x06,
  DayOfMonth = 0x07,
  Month = 0x08,
  Year = 0x09,
  A = 0x0a,
  B = 0x0b,
  C = 0x0c,
  D = 0x0d,
  Century = 0x32,
}

const B_SET = 0x80;
const B_UPDATE_INTERRUPT = 0x10;
const B_24_HOURS = 0x02;
const B_BINARY = 0x04;
/** Divider for 32768 Hz and the rate at which a PC's firmware leaves it. */
const A_AT_RESET = 0x26;
const D_VALID = 0x80;
const PM = 0x80;

const TIME_REGISTERS: readonly number[] = [
  Register.Seconds,
  Register.Minutes,
  Register.Hours,
  Register.DayOfWeek,
  Register.DayOfMonth,
  Register.Month,
  Register.Year,
  Register.Century,
];

/** A date and time of day in UTC, Gregorian calendar. */
export interface CalendarTime {
  readonly year: number;
  /** 1 … 12 and 1 … 31. */
  readonly month: number;
  readonly day: number;
  /** 1 (Sunday) … 7. */
  readonly dayOfWeek: number;
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
}

/** The calendar time `ns` nanoseconds (≥ 0) after 1970-01-01 UTC. */
export function calendarTime(ns: bigint): CalendarTime {
  const seconds = Number(ns / NS_PER_SECOND);
  const days = Math.floor(seconds / 86400);
  const rest = seconds % 86400;
  // Years that begin in March put the leap day last (Hinnant, "chrono-compatible date algorithms").
  const sinceMarch0 = days + 719468;
  const era = Math.floor(sinceMarch0 / 146097);
  const ofEra = sinceMarch0 % 146097;
  const leapDays =
    Math.floor(ofEra / 1460) - Math.floor(ofEra / 36524) + Math.floor(ofEra / 146096);
  const yearOfEra = Math.floor((ofEra - leapDays) / 365);
  const ofYear = ofEra - 365 * yearOfEra - Math.floor(yearOfEra / 4) + Math.floor(yearOfEra / 100);
  const fromMarch = Math.floor((5 * ofYear + 2) / 153);
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  return {
    year: 400 * era + yearOfEra + (month <= 2 ? 1 : 0),
    month,
    day: ofYear - Math.floor((153 * fromMarch + 2) / 5) + 1,
    dayOfWeek: ((days + 4) % 7) + 1,
    hours: Math.floor(rest / 3600),
    minutes: Math.floor(rest / 60) % 60,
    seconds: rest % 60,
  };
}

/** State of the clock. */
export type RtcState = {
  index: number;
  /** All 128 registers; those of the time are not used. */
  cells: Uint8Array;
  /** The latched reading (nanoseconds since 1970) or null, and the registers read from it. */
  latched: bigint | null;
  taken: number[];
};

export class Rtc implements Device {
  #s: RtcState;
  readonly #readings: Readings;

  constructor(readings: Readings) {
    this.#readings = readings;
    const cells = new Uint8Array(128);
    cells[Register.A] = A_AT_RESET;
    cells[Register.B] = B_24_HOURS;
    cells[Register.D] = D_VALID;
    this.#s = { index: Register.D, cells, latched: null, taken: [] };
  }

  need(offset: number, _size: AccessSize, write?: number): Need | undefined {
    return offset === 1 && write === undefined && this.#takesReading() ? TIME_OF_DAY : undefined;
  }

  #takesReading(): boolean {
    const { index, latched, taken } = this.#s;
    if (index === Register.A) return true;
    return TIME_REGISTERS.includes(index) && (latched === null || taken.includes(index));
  }

  read(offset: number): number {
    const s = this.#s;
    if (offset === 0) return 0xff;
    if (this.#takesReading()) {
      s.latched = this.#readings.value('timeOfDay');
      s.taken = [];
    }
    if (!TIME_REGISTERS.includes(s.index)) return s.cells[s.index]!;
    s.taken.push(s.index);
    return this.#timeRegister(s.index, calendarTime(s.latched!));
  }

  #timeRegister(index: number, time: CalendarTime): number {
    switch (index) {
      case Register.Seconds:
        return this.#encode(time.seconds);
      case Register.Minutes:
        return this.#encode(time.minutes);
      case Register.Hours:
        return this.#encodeHours(time.hours);
      case Register.DayOfWeek:
        return this.#encode(time.dayOfWeek);
      case Register.DayOfMonth:
        return this.#encode(time.day);
      case Register.Month:
        return this.#encode(time.month);
      case Register.Year:
        return this.#encode(time.year % 100);
      default:
        return this.#encode(Math.floor(time.year / 100));
    }
  }

  /** Binary or packed decimal, as register B says. */
  #encode(value: number): number {
    if (this.#s.cells[Register.B]! & B_BINARY) return value;
    return (Math.floor(value / 10) << 4) | (value % 10);
  }

  #encodeHours(hours: number): number {
    if (this.#s.cells[Register.B]! & B_24_HOURS) return this.#encode(hours);
    return this.#encode(hours % 12 || 12) | (hours >= 12 ? PM : 0);
  }

  write(offset: number, _size: AccessSize, value: number): void {
    const s = this.#s;
    if (offset === 0) s.index = value & 0x7f;
    else if (s.index === Register.A) s.cells = s.cells.with(Register.A, value & 0x7f);
    else if (s.index === Register.B)
      s.cells = s.cells.with(Register.B, value & B_SET ? value & ~B_UPDATE_INTERRUPT : value);
    else if (s.index !== Register.C && s.index !== Register.D)
      s.cells = s.cells.with(s.index, value);
  }

  state(): RtcState {
    return clonePlain(this.#s);
  }

  restore(state: RtcState): void {
    this.#s = clonePlain(state);
  }
}

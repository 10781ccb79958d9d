/**
 * Two 8259A interrupt controllers, the second on input 2 of the first (Intel 8259A datasheet,
 * order 231468). Each is a window of two ports: offset 0 takes ICW1, OCW2, OCW3 and reads IRR, ISR
 * or the poll word; offset 1 takes ICW2 … ICW4 and OCW1 and reads IMR.
 *
 * A request is the rising edge of an input. As the datasheet says, the input must stay high until
 * the acknowledge: a falling edge withdraws the request.
 *
 * Deviations: always edge triggered (LTIM is ignored); 8080 mode, buffered mode and the slave
 * identity of ICW3 are ignored, the wiring is that of a PC; before ICW1 … ICW4 a controller
 * requests nothing. The processor acknowledges in the same instant in which it sees INTR, so a
 * request cannot be withdrawn in between; an acknowledge without a request still answers IR7.
 */
import type { AccessSize } from '../../cpu/bus.ts';
import { clonePlain } from '../plain.ts';
import type { Device, InterruptLine } from './device.ts';

/** Input of the first controller to which the second is wired. */
const CASCADE = 2;

const POLL_INTERRUPT = 0x80;

/** State of one of the two controllers. */
export type Pic8259State = {
  /** Levels of the eight inputs, and requests not acknowledged yet. */
  lines: number;
  irr: number;
  isr: number;
  imr: number;
  /** Vector of input 0. */
  base: number;
  /** The input of lowest priority; the next one up has the highest. */
  lowest: number;
  /** The next initialisation word that offset 1 takes: 2, 3 or 4; 0 when there is none. */
  expects: number;
  initialised: boolean;
  single: boolean;
  needsIcw4: boolean;
  autoEoi: boolean;
  rotateOnAutoEoi: boolean;
  specialFullyNested: boolean;
  specialMask: boolean;
  readIsr: boolean;
  poll: boolean;
};

const AT_RESET: Pic8259State = {
  lines: 0,
  irr: 0,
  isr: 0,
  imr: 0,
  base: 0,
  lowest: 7,
  expects: 0,
  initialised: false,
  single: false,
  needsIcw4: false,
  autoEoi: false,
  rotateOnAutoEoi: false,
  specialFullyNested: false,
  specialMask: false,
  readIsr: false,
  poll: false,
};

/** One controller. */
export class Pic8259 implements Device {
  #s: Pic8259State = { ...AT_RESET };
  /** Derived from the state: the level of INT. */
  #requested = false;
  readonly #intr: InterruptLine;
  /** Input to which a second controller is wired, or none. */
  readonly #cascade: number | undefined;

  /** `intr` is told each new level of INT; `cascade` is the input that a second one drives. */
  constructor(intr: InterruptLine, cascade?: number) {
    this.#intr = intr;
    this.#cascade = cascade;
  }

  /** The level of INT. */
  get requested(): boolean {
    return this.#requested;
  }

  /** Sets input `input` (0 … 7) to `level`. */
  setLine(input: number, level: boolean): void {
    const s = this.#s;
    const bit = 1 << input;
    if (level) {
      s.irr |= bit & ~s.lines;
      s.lines |= bit;
    } else {
      s.lines &= ~bit;
      s.irr &= ~bit;
    }
    this.#update();
  }

  /** Rank of the most urgent set bit of `mask`: 0 is the highest priority, 8 means none. */
  #rank(mask: number): number {
    for (let rank = 0; rank < 8; rank++)
      if (mask & (1 << ((this.#s.lowest + 1 + rank) & 7))) return rank;
    return 8;
  }

  /** The input that would be acknowledged now, or -1. */
  #pending(): number {
    const s = this.#s;
    if (!s.initialised) return -1;
    const request = this.#rank(s.irr & ~s.imr);
    let inService = s.isr;
    if (s.specialMask) inService &= ~s.imr;
    const limit = this.#rank(inService);
    const input = (s.lowest + 1 + request) & 7;
    // The second controller in service does not lock out more urgent requests of its own.
    const nested = s.specialFullyNested && input === this.#cascade && request === limit;
    return request < limit || (nested && request < 8) ? input : -1;
  }

  #update(): void {
    const requested = this.#pending() >= 0;
    if (requested === this.#requested) return;
    this.#requested = requested;
    this.#intr(requested);
  }

  /** Takes the most urgent request; its input 0 … 7, or -1 where there was none. */
  #take(): number {
    const s = this.#s;
    const input = this.#pending();
    if (input < 0) return -1;
    s.irr &= ~(1 << input);
    if (!s.autoEoi) s.isr |= 1 << input;
    else if (s.rotateOnAutoEoi) s.lowest = input;
    this.#update();
    return input;
  }

  /** Interrupt acknowledge: the input taken, 0 … 7; 7 (spurious) where there was no request. */
  acknowledge(): number {
    const input = this.#take();
    return input < 0 ? 7 : input;
  }

  /** The vector of `input`. */
  vector(input: number): number {
    return this.#s.base | input;
  }

  read(offset: number): number {
    const s = this.#s;
    if (s.poll) {
      s.poll = false;
      const input = this.#take();
      return input < 0 ? 0 : POLL_INTERRUPT | input;
    }
    if (offset === 1) return s.imr;
    return s.readIsr ? s.isr : s.irr;
  }

  write(offset: number, _size: AccessSize, value: number): void {
    if (offset === 1) this.#writeData(value);
    else if (value & 0x10) this.#initialise(value);
    else if (value & 0x08) this.#writeOcw3(value);
    else this.#writeOcw2(value);
    this.#update();
  }

  #initialise(icw1: number): void {
    const { lines, base } = this.#s;
    this.#s = {
      ...AT_RESET,
      lines,
      base,
      expects: 2,
      needsIcw4: (icw1 & 0x01) !== 0,
      single: (icw1 & 0x02) !== 0,
    };
  }

  #writeData(value: number): void {
    const s = this.#s;
    switch (s.expects) {
      case 2:
        s.base = value & 0xf8;
        s.expects = s.single ? this.#afterIcw3() : 3;
        break;
      case 3:
        s.expects = this.#afterIcw3();
        break;
      case 4:
        s.autoEoi = (value & 0x02) !== 0;
        s.specialFullyNested = (value & 0x10) !== 0;
        s.expects = 0;
        break;
      default:
        s.imr = value;
        return;
    }
    s.initialised = s.expects === 0;
  }

  #afterIcw3(): number {
    return this.#s.needsIcw4 ? 4 : 0;
  }

  #writeOcw2(value: number): void {
    const s = this.#s;
    const rotate = (value & 0x80) !== 0;
    const specific = (value & 0x40) !== 0;
    const endOfInterrupt = (value & 0x20) !== 0;
    if (!endOfInterrupt) {
      if (!specific) s.rotateOnAutoEoi = rotate;
      else if (rotate) s.lowest = value & 7;
      return;
    }
    const input = specific ? value & 7 : this.#mostUrgentInService();
    if (input < 0) return;
    s.isr &= ~(1 << input);
    if (rotate) s.lowest = input;
  }

  /** What a non-specific EOI ends; masked levels stay in service in special mask mode. */
  #mostUrgentInService(): number {
    const s = this.#s;
    const rank = this.#rank(s.specialMask ? s.isr & ~s.imr : s.isr);
    return rank === 8 ? -1 : (s.lowest + 1 + rank) & 7;
  }

  #writeOcw3(value: number): void {
    const s = this.#s;
    if (value & 0x40) s.specialMask = (value & 0x20) !== 0;
    if (value & 0x04) s.poll = true;
    else if (value & 0x02) s.readIsr = (value & 0x01) !== 0;
  }

  state(): Pic8259State {
    return clonePlain(this.#s);
  }

  restore(state: Pic8259State): void {
    this.#s = clonePlain(state);
    this.#requested = this.#pending() >= 0;
  }
}

/** The two controllers of a PC: lines IRQ 0 … 15, one INTR into the processor. */
export class PicPair {
  readonly second: Pic8259 = new Pic8259((level) => this.first.setLine(CASCADE, level));
  readonly first: Pic8259 = new Pic8259(() => {}, CASCADE);

  /** The line that a device on IRQ `irq` (0 … 15 except 2) is handed. */
  line(irq: number): InterruptLine {
    const pic = irq < 8 ? this.first : this.second;
    return (level) => pic.setLine(irq & 7, level);
  }

  /** INTR. */
  get requested(): boolean {
    return this.first.requested;
  }

  /** Interrupt acknowledge cycle: the vector, 0 … 255. */
  acknowledge(): number {
    const input = this.first.acknowledge();
    if (input !== CASCADE) return this.first.vector(input);
    return this.second.vector(this.second.acknowledge());
  }
}

/**
 * 16550A UART, the console (National PC16550D datasheet). Offsets 0 … 7 are RBR/THR/DLL, IER/DLM,
 * IIR/FCR, LCR, MCR, LSR, MSR, SCR.
 *
 * Receiving: bytes of a console input wait on the line (`arriving`) and move into the FIFO as it
 * has room, so an input need not fit; the next one is accepted when the line is empty and the FIFO
 * has room. Sending: a byte leaves at once. Sent bytes are gathered, and go out as one
 * console Output at a newline, at MAX_CONSOLE_OUTPUT_BYTES, and when the machine calls `flush` (it
 * exits, or halts with nothing pending); this is a function of the machine's state alone.
 *
 * Deviations: no bit times, so THR and the shift register are always empty and the character
 * time-out of the receiver comes at once when the FIFO holds less than its trigger level; divisor,
 * word length, parity and break are stored and mean nothing; OUT2 does not gate the interrupt (as
 * in QEMU); the modem inputs CTS, DSR and DCD are on; DMA modes do not exist.
 */
import { assert } from '../../base/assert.ts';
import { MAX_CONSOLE_INPUT_BYTES, MAX_CONSOLE_OUTPUT_BYTES } from '../../base/limits.ts';
import type { AccessSize } from '../../cpu/bus.ts';
import { clonePlain } from '../plain.ts';
import type { Device, InterruptLine } from './device.ts';

const FIFO_BYTES = 16;
const TRIGGER_BYTES = [1, 4, 8, 14];
const NEWLINE = 0x0a;

const enum Ier {
  Received = 1,
  Empty = 2,
  LineStatus = 4,
  Modem = 8,
}
/** Interrupt identities of IIR, the most urgent first. */
const enum Iir {
  LineStatus = 6,
  Received = 4,
  TimeOut = 12,
  Empty = 2,
  Modem = 0,
  None = 1,
}
const enum Lsr {
  DataReady = 1,
  Overrun = 2,
  HolderEmpty = 0x20,
  TransmitterEmpty = 0x40,
}
const LCR_DLAB = 0x80;
const MCR_LOOP = 0x10;
/** DCD, DSR and CTS. */
const MODEM_INPUTS = 0xb0;

/** State of the UART, its FIFO included. */
export type UartState = {
  ier: number;
  lcr: number;
  mcr: number;
  scr: number;
  divisor: number;
  fifoEnabled: boolean;
  trigger: number;
  received: number[];
  /** RBR without a FIFO: the byte received last. */
  held: number;
  overrun: boolean;
  /** Delta bits of MSR. */
  modemDelta: number;
  /** The transmitter has become empty and nobody has been told. */
  emptyPending: boolean;
  /** Console input that has not entered the FIFO yet. */
  arriving: Uint8Array;
  /** Console output gathered, and the number of bytes let go before it. */
  gathered: number[];
  sent: number;
};

export class Uart implements Device {
  #s: UartState = {
    ier: 0,
    lcr: 0,
    mcr: 0,
    scr: 0,
    divisor: 0x0c,
    fifoEnabled: false,
    trigger: 1,
    received: [],
    held: 0,
    overrun: false,
    modemDelta: 0,
    emptyPending: false,
    arriving: new Uint8Array(0),
    gathered: [],
    sent: 0,
  };
  readonly #line: InterruptLine;
  readonly #send: (offset: number, bytes: Uint8Array) => void;

  /** `send` lets console bytes go; `offset` counts those before them. */
  constructor(line: InterruptLine, send: (offset: number, bytes: Uint8Array) => void) {
    this.#line = line;
    this.#send = send;
  }

  get #capacity(): number {
    return this.#s.fifoEnabled ? FIFO_BYTES : 1;
  }

  get #looped(): boolean {
    return (this.#s.mcr & MCR_LOOP) !== 0;
  }

  /** Whether console input can be taken now. */
  get accepts(): boolean {
    const s = this.#s;
    return !this.#looped && s.arriving.length === 0 && s.received.length < this.#capacity;
  }

  /** Console input arrives, at most MAX_CONSOLE_INPUT_BYTES. Only where {@link accepts}. */
  receive(bytes: Uint8Array): void {
    assert(this.accepts, 'console input where the UART has room expected, got it without');
    assert(
      bytes.length <= MAX_CONSOLE_INPUT_BYTES,
      () =>
        `console input of at most ${MAX_CONSOLE_INPUT_BYTES} bytes expected, got ${bytes.length}`,
    );
    this.#s.arriving = bytes.slice();
    this.#update();
  }

  /** Console bytes gathered and not let go, and the number of bytes before them. */
  get unsent(): { readonly offset: number; readonly bytes: Uint8Array } {
    return { offset: this.#s.sent, bytes: Uint8Array.from(this.#s.gathered) };
  }

  /** Lets gathered console bytes go. */
  flush(): void {
    const s = this.#s;
    if (s.gathered.length === 0) return;
    const offset = s.sent;
    const bytes = Uint8Array.from(s.gathered);
    s.sent += bytes.length;
    s.gathered = [];
    this.#send(offset, bytes);
  }

  /** Moves arriving bytes into the FIFO and sets the interrupt line. Ends every change. */
  #update(): void {
    const s = this.#s;
    if (!this.#looped && s.arriving.length > 0) {
      const room = Math.max(0, this.#capacity - s.received.length);
      for (const byte of s.arriving.subarray(0, room)) this.#enter(byte);
      s.arriving = s.arriving.subarray(room);
    }
    this.#line(this.#interrupt() !== Iir.None);
  }

  #interrupt(): Iir {
    const { ier, overrun, received, fifoEnabled, trigger, emptyPending, modemDelta } = this.#s;
    if (ier & Ier.LineStatus && overrun) return Iir.LineStatus;
    if (ier & Ier.Received && received.length > 0)
      return fifoEnabled && received.length < trigger ? Iir.TimeOut : Iir.Received;
    if (ier & Ier.Empty && emptyPending) return Iir.Empty;
    if (ier & Ier.Modem && modemDelta) return Iir.Modem;
    return Iir.None;
  }

  read(offset: number): number {
    const value = this.#readRegister(offset);
    this.#update();
    return value;
  }

  #readRegister(offset: number): number {
    const s = this.#s;
    switch (offset) {
      case 0:
        return s.lcr & LCR_DLAB ? s.divisor & 0xff : this.#readData();
      case 1:
        return s.lcr & LCR_DLAB ? s.divisor >> 8 : s.ier;
      case 2: {
        const interrupt = this.#interrupt();
        if (interrupt === Iir.Empty) s.emptyPending = false;
        return interrupt | (s.fifoEnabled ? 0xc0 : 0);
      }
      case 3:
        return s.lcr;
      case 4:
        return s.mcr;
      case 5:
        return this.#readLineStatus();
      case 6: {
        const delta = s.modemDelta;
        s.modemDelta = 0;
        return this.#modemInputs() | delta;
      }
      default:
        return s.scr;
    }
  }

  /** RBR keeps its byte until the next one; an empty FIFO reads 0 (as in QEMU). */
  #readData(): number {
    const s = this.#s;
    const byte = s.received.shift() ?? 0;
    return s.fifoEnabled ? byte : s.held;
  }

  #readLineStatus(): number {
    const s = this.#s;
    const overrun = s.overrun ? Lsr.Overrun : 0;
    s.overrun = false;
    const ready = s.received.length > 0 ? Lsr.DataReady : 0;
    return Lsr.TransmitterEmpty | Lsr.HolderEmpty | overrun | ready;
  }

  write(offset: number, _size: AccessSize, value: number): void {
    this.#writeRegister(offset, value);
    this.#update();
  }

  #writeRegister(offset: number, value: number): void {
    const s = this.#s;
    switch (offset) {
      case 0:
        if (s.lcr & LCR_DLAB) s.divisor = (s.divisor & 0xff00) | value;
        else this.#transmit(value);
        break;
      case 1:
        if (s.lcr & LCR_DLAB) s.divisor = (s.divisor & 0xff) | (value << 8);
        else {
          if (value & ~s.ier & Ier.Empty) s.emptyPending = true;
          s.ier = value & 0x0f;
        }
        break;
      case 2:
        this.#writeFifoControl(value);
        break;
      case 3:
        s.lcr = value;
        break;
      case 4:
        this.#writeModemControl(value & 0x1f);
        break;
      case 7:
        s.scr = value;
        break;
    }
  }

  #transmit(byte: number): void {
    const s = this.#s;
    s.emptyPending = true;
    if (this.#looped) {
      this.#receiveLooped(byte);
      return;
    }
    s.gathered.push(byte);
    if (byte === NEWLINE || s.gathered.length >= MAX_CONSOLE_OUTPUT_BYTES) this.flush();
  }

  /** A full FIFO keeps what it has; without a FIFO the new byte takes the place of the old. */
  #receiveLooped(byte: number): void {
    const s = this.#s;
    if (s.received.length >= this.#capacity) {
      s.overrun = true;
      if (s.fifoEnabled) return;
      s.received = [];
    }
    this.#enter(byte);
  }

  /** A byte is received; there is room for it. */
  #enter(byte: number): void {
    const s = this.#s;
    s.received.push(byte);
    if (!s.fifoEnabled) s.held = byte;
  }

  #writeFifoControl(value: number): void {
    const s = this.#s;
    const enabled = (value & 1) !== 0;
    const toggled = enabled !== s.fifoEnabled;
    if (toggled || (enabled && value & 2)) s.received = [];
    // Emptying the transmitter, empty as it is, is told like any other emptying (as in QEMU).
    if (toggled || (enabled && value & 4)) s.emptyPending = true;
    s.fifoEnabled = enabled;
    if (enabled) s.trigger = TRIGGER_BYTES[value >> 6]!;
  }

  /** In loopback DTR, RTS, OUT1 and OUT2 are wired to DSR, CTS, RI and DCD. */
  #modemInputs(): number {
    if (!this.#looped) return MODEM_INPUTS;
    const { mcr } = this.#s;
    return ((mcr & 1) << 5) | ((mcr & 2) << 3) | ((mcr & 4) << 4) | ((mcr & 8) << 4);
  }

  #writeModemControl(value: number): void {
    const s = this.#s;
    const before = this.#modemInputs();
    s.mcr = value;
    const after = this.#modemInputs();
    // TERI tells only that RI has gone off, the other three that their input has changed.
    const ringEnded = before & ~after & 0x40;
    s.modemDelta |= (((before ^ after) & 0xb0) | ringEnded) >> 4;
  }

  state(): UartState {
    return clonePlain(this.#s);
  }

  restore(state: UartState): void {
    this.#s = clonePlain(state);
  }
}

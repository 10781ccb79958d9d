/** Two TCP endpoints and a bad wire between them, in simulated time; everything from one seed. */
import { Prng } from '../../src/base/prng.ts';
import type { TcpSegment } from '../../src/net/tcp.ts';
import { isCall, TcpEndpoint } from '../../src/net/tcp-endpoint.ts';
import type { TcpConfig } from '../../src/net/tcp-state.ts';

/** What the wire does to segments: probabilities, and the largest delay. */
export interface Weather {
  readonly drop: number;
  readonly duplicate: number;
  readonly delayNs: number;
}

export const FAIR: Weather = { drop: 0, duplicate: 0, delayNs: 1e6 };

const MAX_STEPS = 200_000;

/** `caller` calls; `called` exists from the first SYN that arrives. */
export class TcpLink {
  readonly caller: TcpEndpoint;
  called?: TcpEndpoint;
  nowNs = 0;
  weather: Weather;
  /** Segments that arrived, in order. */
  readonly arrived: TcpSegment[] = [];
  readonly #prng: Prng;
  readonly #config: Partial<TcpConfig>;
  #onWire: { atNs: number; to: 'caller' | 'called'; segment: TcpSegment }[] = [];

  constructor(seed: number, weather: Weather, config: Partial<TcpConfig> = {}) {
    this.#prng = new Prng(seed);
    this.#config = config;
    this.weather = weather;
    const ports = { localPort: 1000, remotePort: 7 };
    // Close to the end of the numbers, so that they wrap.
    const initial = 0xffff_ff00 + this.#prng.below(0x200);
    this.caller = TcpEndpoint.connect(ports, initial >>> 0, config);
  }

  /** A random integer below `bound`, for the test's own decisions. */
  below(bound: number): number {
    return this.#prng.below(bound);
  }

  /** Sends what both ends have to send, and lets time pass until the next event → false: none is
   * due, one millisecond has passed. */
  step(): boolean {
    this.#transmit('caller', this.caller);
    this.#transmit('called', this.called);
    const deadlines = [this.caller.deadlineNs, this.called?.deadlineNs, this.#onWire[0]?.atNs];
    const next = Math.min(...deadlines.filter((each) => each !== undefined));
    if (next === Number.POSITIVE_INFINITY) {
      this.nowNs += 1e6;
      return false;
    }
    this.nowNs = Math.max(this.nowNs, next);
    while (this.#onWire.length > 0 && this.#onWire[0]!.atNs <= this.nowNs) this.#deliver();
    return true;
  }

  /** Steps until `done`, or until nothing has happened for a tenth of a second. */
  runUntil(done: () => boolean): void {
    let quiet = 0;
    for (let steps = 0; !done() && quiet < 100; steps++) {
      if (steps === MAX_STEPS) throw new Error(`${MAX_STEPS} steps, and still not done`);
      quiet = this.step() ? 0 : quiet + 1;
    }
  }

  #transmit(from: 'caller' | 'called', end: TcpEndpoint | undefined): void {
    const { drop, duplicate, delayNs } = this.weather;
    for (const segment of end?.poll(this.nowNs) ?? []) {
      if (this.#prng.chance(drop)) continue;
      const copies = this.#prng.chance(duplicate) ? 2 : 1;
      for (let i = 0; i < copies; i++) {
        const atNs = this.nowNs + 1000 + this.#prng.below(delayNs);
        this.#onWire.push({ atNs, to: from === 'caller' ? 'called' : 'caller', segment });
      }
    }
    this.#onWire.sort((a, b) => a.atNs - b.atNs);
  }

  #deliver(): void {
    const { to, segment } = this.#onWire.shift()!;
    this.arrived.push(segment);
    if (to === 'caller') this.caller.onSegment(segment, this.nowNs);
    else if (this.called) this.called.onSegment(segment, this.nowNs);
    else if (isCall(segment))
      this.called = TcpEndpoint.accept(segment, this.#prng.next(), this.#config);
  }
}

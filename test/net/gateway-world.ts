/**
 * A gateway, clients that call a guest through it, a guest that sends everything back, and a bad
 * wire between gateway and guest, in simulated time; everything from one seed.
 */
import { Prng } from '../../src/base/prng.ts';
import { Gateway, type GatewayConfig } from '../../src/net/gateway.ts';
import { HostStack } from '../../src/net/host-stack.ts';
import { PROTOCOL_TCP } from '../../src/net/ipv4.ts';
import { emitTcp, parseTcp, type TcpSegment } from '../../src/net/tcp.ts';
import { isCall, refuse, TcpEndpoint } from '../../src/net/tcp-endpoint.ts';
import { FAIR, type Weather } from './tcp-link.ts';

export const GUEST_IP = '10.0.2.15';
export const ECHO_PORT = 7;
const GATEWAY_IP = '10.0.2.2';
const MAX_STEPS = 200_000;

/** Sends back what it gets, on port 7, and closes when its client has; any other port refuses. */
export class EchoGuest {
  readonly stack = new HostStack({ mac: '52:54:00:12:34:56', ip: GUEST_IP });
  readonly ends = new Map<number, TcpEndpoint>();
  /** Bytes that a connection has not sent back yet. */
  readonly #rest = new Map<number, Uint8Array>();
  /** While false the guest reads nothing. */
  reads = true;
  readonly #prng: Prng;

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  /** Takes a frame → frames to send now. */
  receive(frame: Uint8Array, nowNs: number): Uint8Array[] {
    const { frames, packet } = this.stack.receive(frame);
    if (packet?.protocol !== PROTOCOL_TCP) return frames;
    const segment = parseTcp(packet.payload, packet.source, packet.destination)!;
    const port = segment.sourcePort;
    const end = this.ends.get(port);
    if (end && end.phase !== 'closed' && end.phase !== 'time-wait') end.onSegment(segment, nowNs);
    else if (isCall(segment) && segment.destinationPort === ECHO_PORT)
      this.ends.set(port, TcpEndpoint.accept(segment, this.#prng.next(), { timeWaitNs: 2e9 }));
    else if (end?.phase === 'time-wait') end.onSegment(segment, nowNs);
    else frames.push(...this.#send([refuse(segment)].filter((each) => each !== undefined)));
    return frames;
  }

  poll(nowNs: number): Uint8Array[] {
    return [...this.ends].flatMap(([port, end]) => {
      this.#echo(port, end);
      return this.#send(end.poll(nowNs));
    });
  }

  get deadlines(): (number | undefined)[] {
    return [...this.ends.values()].map((end) => end.deadlineNs);
  }

  #echo(port: number, end: TcpEndpoint): void {
    if (!this.reads) return;
    for (;;) {
      const rest = this.#rest.get(port) ?? new Uint8Array(0);
      const bytes = rest.length > 0 ? rest : end.read();
      if (bytes.length === 0) break;
      const taken = end.send(bytes);
      this.#rest.set(port, bytes.subarray(taken));
      if (taken === 0) return;
    }
    if (end.atEnd) end.close();
  }

  #send(segments: readonly TcpSegment[]): Uint8Array[] {
    return segments.flatMap((segment) =>
      this.stack.send(GATEWAY_IP, PROTOCOL_TCP, emitTcp(segment, GUEST_IP, GATEWAY_IP)),
    );
  }
}

/** A client: what it sends, and what it has been told. */
export interface WorldClient {
  readonly id: number | undefined;
  readonly toSend: Uint8Array;
  sent: number;
  readonly got: number[];
  /** Largest number of bytes that it reads at a time; 0 while it does not read. */
  appetite: number;
  /** Sends its end when everything was sent. */
  readonly closes: boolean;
  finished: boolean;
  ended: boolean;
  failure: string | undefined;
}

export class GatewayWorld {
  gateway: Gateway;
  guest: EchoGuest;
  nowNs = 1e9;
  weather: Weather;
  /** While true every frame is lost. */
  cut = false;
  readonly clients: WorldClient[] = [];
  readonly prng: Prng;
  readonly config: Partial<GatewayConfig>;
  frames = 0;
  #isSorted = true;
  #wire: { atNs: number; to: 'guest' | 'gateway'; frame: Uint8Array }[] = [];

  constructor(seed: number, weather: Weather = FAIR, config: Partial<GatewayConfig> = {}) {
    this.prng = new Prng(seed);
    this.weather = weather;
    this.config = config;
    this.gateway = new Gateway(config);
    this.guest = new EchoGuest(this.prng);
  }

  /** A client calls `port`; it sends `toSend` and, if it `closes`, its end. */
  call(toSend: Uint8Array, { port = ECHO_PORT, closes = true } = {}): WorldClient {
    const id = this.gateway.connect(port, this.nowNs);
    const client: WorldClient = {
      id,
      toSend,
      sent: 0,
      got: [],
      appetite: Number.POSITIVE_INFINITY,
      closes,
      finished: false,
      ended: false,
      failure: id === undefined ? 'full' : undefined,
    };
    this.clients.push(client);
    return client;
  }

  /** Frames under way are lost. */
  loseFrames(): void {
    this.#wire = [];
  }

  /** Lets everybody work, and time pass until the next event → false when nothing is left to do. */
  step(): boolean {
    const moved = this.#work();
    const { deadlineNs } = this.gateway;
    const times = [deadlineNs, this.#first?.atNs, ...this.guest.deadlines];
    const next = Math.min(...times.filter((each) => each !== undefined));
    if (next === Number.POSITIVE_INFINITY) return moved;
    this.nowNs = Math.max(this.nowNs, next);
    while (this.#wire.length > 0 && this.#first!.atNs <= this.nowNs) this.#deliver();
    return true;
  }

  /** Steps until `done`, or until nothing is due any more. */
  runUntil(done: () => boolean): void {
    for (let steps = 0; !done() && this.step(); steps++)
      if (steps === MAX_STEPS) throw new Error(`${MAX_STEPS} steps, and still not done`);
  }

  /** Steps for a time. */
  runFor(ns: number): void {
    const end = this.nowNs + ns;
    this.runUntil(() => this.nowNs >= end);
    this.nowNs = Math.max(this.nowNs, end);
  }

  /** → whether a client has got bytes. */
  #work(): boolean {
    const before = this.#bytesGot;
    for (const client of this.clients) this.#serve(client);
    const { frames, failed } = this.gateway.poll(this.nowNs);
    for (const { port, failure } of failed) {
      const client = this.clients.findLast(({ id }) => id === port);
      if (client) client.failure ??= failure;
    }
    for (const frame of frames) this.#send('guest', frame);
    for (const frame of this.guest.poll(this.nowNs)) this.#send('gateway', frame);
    return this.#bytesGot > before;
  }

  get #bytesGot(): number {
    return this.clients.reduce((sum, { got }) => sum + got.length, 0);
  }

  /** Moves bytes between a client and the gateway. */
  #serve(client: WorldClient): void {
    const { id, toSend, appetite } = client;
    if (id === undefined || client.failure !== undefined || client.ended) return;
    client.sent += this.gateway.write(id, toSend.subarray(client.sent));
    if (client.sent === toSend.length && client.closes && !client.finished) {
      client.finished = true;
      this.gateway.finish(id);
    }
    const size = Math.min(appetite, 1 + this.prng.below(5000));
    for (const byte of this.gateway.read(id, size)) client.got.push(byte);
    if (this.gateway.atEnd(id)) client.ended = true;
  }

  #send(to: 'guest' | 'gateway', frame: Uint8Array): void {
    const { drop, duplicate, delayNs } = this.weather;
    this.frames++;
    if (this.cut || this.prng.chance(drop)) return;
    for (let copies = this.prng.chance(duplicate) ? 2 : 1; copies > 0; copies--)
      this.#wire.push({ atNs: this.nowNs + 1000 + this.prng.below(delayNs), to, frame });
    this.#isSorted = false;
  }

  /** The frame that arrives next. */
  get #first(): { atNs: number; to: 'guest' | 'gateway'; frame: Uint8Array } | undefined {
    if (!this.#isSorted) this.#wire.sort((a, b) => a.atNs - b.atNs);
    this.#isSorted = true;
    return this.#wire[0];
  }

  #deliver(): void {
    const { to, frame } = this.#wire.shift()!;
    if (to === 'gateway') this.gateway.receive(frame, this.nowNs);
    else for (const reply of this.guest.receive(frame, this.nowNs)) this.#send('gateway', reply);
  }
}

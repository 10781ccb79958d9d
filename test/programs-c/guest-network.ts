/**
 * One guest and a neighbour that opens TCP connections to it with the endpoint of src/net, in
 * virtual time, over a wire that may lose, repeat and reorder frames in both directions. What the
 * wire does follows from a seed.
 */
import { Prng } from '../../src/base/prng.ts';
import { Recorder } from '../../src/hypervisor/recorder.ts';
import { X86Machine } from '../../src/machine/machine.ts';
import type { DiskRequest, Output } from '../../src/machine/output.ts';
import type { Stop } from '../../src/machine/types.ts';
import { HostStack, udpOf } from '../../src/net/host-stack.ts';
import { PROTOCOL_TCP } from '../../src/net/ipv4.ts';
import { emitTcp, parseTcp, type TcpSegment } from '../../src/net/tcp.ts';
import { TcpEndpoint } from '../../src/net/tcp-endpoint.ts';
import type { TcpConfig } from '../../src/net/tcp-state.ts';
import type { CatalogueDevice } from '../support/catalogue.ts';
import { guestImage } from '../support/guest-image.ts';
import { configOf, newDisks, VirtualClock } from '../support/guest-world.ts';
import { hasher } from '../support/hasher.ts';

/** What the wire does to frames: probabilities, and the largest delay. */
export interface Weather {
  readonly drop: number;
  readonly duplicate: number;
  readonly delayNs: number;
}

export const FAIR: Weather = { drop: 0, duplicate: 0, delayNs: 20_000 };

const GUEST_IP = '10.0.2.15';
const NEIGHBOUR_IP = '10.0.2.2';
const NS_PER_INSTRUCTION = 10;
const DISK_NS = 80_000;
const MAX_SLICE = 200_000;
const MAX_SLICES = 2_000_000;
const MAX_SAMPLES = 20;
const FIRST_PORT = 40_000;

/** What a guest is run with; by default a fair wire, seed 1, one network card. */
export interface NetworkOptions {
  readonly seed?: number;
  readonly weather?: Weather;
  readonly commandLine?: string;
  readonly devices?: readonly CatalogueDevice[];
  readonly ramBytes?: number;
  /** Disks that an earlier run has left; empty ones by default. */
  readonly disks?: Map<number, Uint8Array>;
}

export class GuestNetwork {
  console = '';
  weather: Weather;
  readonly machine: X86Machine;
  readonly clock: VirtualClock;
  readonly disks: Map<number, Uint8Array>;
  /** How the run ended, if it has. */
  ended?: Stop;
  /** TCP segments of the guest, in the order in which they arrived at the neighbour. */
  readonly fromGuest: TcpSegment[] = [];
  /** Datagrams of the guest. */
  readonly datagrams: string[] = [];
  /** Inputs that the log holds. */
  inputs = 0;
  /** Frames that the guest has sent, lost ones too. */
  framesSent = 0;
  /** So many of the next frames of the guest are lost, whatever the weather. */
  loseFromGuest = 0;
  /** Frames that the wire has lost. */
  lost = 0;
  /** Frames for the guest, the first few. */
  readonly samples: Uint8Array[] = [];
  readonly #recorder: Recorder;
  readonly #stack = new HostStack({ mac: '52:54:00:00:00:02', ip: NEIGHBOUR_IP });
  readonly #clients = new Map<number, Client>();
  readonly #prng: Prng;
  #events: { atNs: number; happen: () => void }[] = [];

  constructor(name: string, options: NetworkOptions = {}) {
    const { seed = 1, weather = FAIR, commandLine = '', devices = [{ kind: 'net' }] } = options;
    const program = { name, file: `images/${name}.elf`, devices, runs: [] };
    const run = { title: '', commandLine, console: '', status: 0 };
    this.weather = weather;
    this.#prng = new Prng(seed);
    this.clock = new VirtualClock(seed);
    this.disks = options.disks ?? newDisks(program);
    const config = configOf(program, run);
    const { ramBytes = config.ramBytes } = options;
    this.machine = new X86Machine({ ...config, ramBytes }, guestImage(name), hasher);
    this.#recorder = new Recorder({ machine: this.machine, sources: this.clock, hasher });
    this.runUntil(() => this.console.includes('ready\n') || this.ended !== undefined);
  }

  get nowNs(): number {
    return this.clock.nowNs(this.machine.count);
  }

  /** A random integer below `bound`, for the test's own decisions. */
  below(bound: number): number {
    return this.#prng.below(bound);
  }

  /** Opens a connection to the guest. */
  connect(port: number, config: Partial<TcpConfig> = {}): Client {
    const localPort = FIRST_PORT + this.#clients.size;
    // Close to the end of the numbers, so that they wrap.
    const initial = (0xffff_ff00 + this.below(0x200)) >>> 0;
    const ports = { localPort, remotePort: port };
    const client = new Client(this, TcpEndpoint.connect(ports, initial, config));
    this.#clients.set(localPort, client);
    return client;
  }

  /** Sends a segment that belongs to no endpoint here. */
  inject(segment: TcpSegment): void {
    const bytes = emitTcp(segment, NEIGHBOUR_IP, GUEST_IP);
    this.#toGuest(this.#stack.send(GUEST_IP, PROTOCOL_TCP, bytes));
  }

  /** Sends a frame as it is. */
  injectFrame(bytes: Uint8Array): void {
    this.#toGuest([bytes]);
  }

  /** Sends a datagram to port 7. */
  sendUdp(text: string): void {
    const payload = new TextEncoder().encode(text);
    const datagram = { sourcePort: 5000, destinationPort: 7, payload };
    this.#toGuest(this.#stack.sendUdp(GUEST_IP, datagram));
  }

  /** Runs until `done`; an error where that takes too long. */
  runUntil(done: () => boolean): void {
    for (let slices = 0; !done(); slices++) {
      if (slices === MAX_SLICES || this.ended)
        throw new Error(`not done after ${slices} slices; the console:\n${this.console}`);
      this.#slice();
    }
  }

  /** Lets so much time pass. */
  pass(ns: number): void {
    const end = this.nowNs + ns;
    this.#events.push({ atNs: end, happen: () => {} });
    this.runUntil(() => this.nowNs >= end);
  }

  /** The disks as a power cut now would leave them: of the writes in flight, some are done. */
  disksAfterPowerCut(): Map<number, Uint8Array> {
    const disks = new Map([...this.disks].map(([slot, bytes]) => [slot, bytes.slice()]));
    for (const { disk, op, sector, sectors, data } of this.machine.pendingIo()) {
      for (let i = 0; op === 'write' && i < sectors; i++)
        if (this.#prng.chance(0.5))
          disks.get(disk)!.set(data!.subarray(512 * i, 512 * (i + 1)), 512 * (sector + i));
    }
    return disks;
  }

  #slice(): void {
    this.#happen(this.nowNs);
    for (const client of this.#clients.values())
      for (const segment of client.poll(this.nowNs)) this.inject(segment);
    const times = this.#events.map(({ atNs }) => atNs);
    for (const { end } of this.#clients.values()) if (end.deadlineNs) times.push(end.deadlineNs);
    const now = this.nowNs;
    const next = Math.min(...times, ...this.machine.timers().map(({ deadlineNs }) => deadlineNs));
    const toNext = Math.ceil((next - now) / NS_PER_INSTRUCTION);
    const until = this.machine.count + Math.min(MAX_SLICE, Math.max(1, toNext));
    const slice = this.#recorder.slice(until, now);
    this.inputs += slice.entries.filter(({ kind }) => kind === 'input').length;
    for (const output of slice.outputs) this.#take(output);
    if (slice.stop.why === 'exit' || slice.stop.why === 'fault') this.ended = slice.stop;
    if (slice.stop.why !== 'halted') return;
    const wake = Math.min(...times, slice.deadlineNs ?? Number.POSITIVE_INFINITY);
    this.clock.sleepUntil(
      wake < Number.POSITIVE_INFINITY ? wake : this.nowNs + 1e6,
      this.machine.count,
    );
  }

  #happen(now: number): void {
    const due = this.#events.filter(({ atNs }) => atNs <= now).sort((a, b) => a.atNs - b.atNs);
    this.#events = this.#events.filter(({ atNs }) => atNs > now);
    for (const { happen } of due) happen();
  }

  #take(output: Output): void {
    if (output.kind === 'console') this.console += Buffer.from(output.bytes).toString('latin1');
    else if (output.kind === 'disk') this.#serve(output.request);
    else if (output.kind === 'frame') {
      this.framesSent++;
      if (this.loseFromGuest > 0) {
        this.loseFromGuest--;
        this.lost++;
      } else this.#carry(() => this.#arrive(output.bytes));
    }
  }

  #toGuest(frames: readonly Uint8Array[]): void {
    for (const bytes of frames) {
      if (this.samples.length < MAX_SAMPLES) this.samples.push(bytes);
      this.#carry(() => this.#recorder.offer({ kind: 'packet', bytes }));
    }
  }

  /** A frame is on the wire: it arrives once, twice or never. */
  #carry(happen: () => void): void {
    const { drop, duplicate, delayNs } = this.weather;
    if (this.#prng.chance(drop)) {
      this.lost++;
      return;
    }
    const copies = this.#prng.chance(duplicate) ? 2 : 1;
    for (let i = 0; i < copies; i++)
      this.#events.push({ atNs: this.nowNs + 1000 + this.#prng.below(delayNs), happen });
  }

  /** A frame of the guest arrives. */
  #arrive(bytes: Uint8Array): void {
    const { frames, packet } = this.#stack.receive(bytes);
    this.#toGuest(frames);
    const datagram = packet && udpOf(packet);
    if (datagram) this.datagrams.push(new TextDecoder().decode(datagram.payload));
    if (packet?.protocol !== PROTOCOL_TCP) return;
    const segment = parseTcp(packet.payload, packet.source, packet.destination);
    if (!segment) throw new Error('the guest has sent a damaged segment');
    this.fromGuest.push(segment);
    const client = this.#clients.get(segment.destinationPort);
    client?.end.onSegment(segment, this.nowNs);
    // At once, so that each segment behind a gap is acknowledged.
    for (const answer of client?.poll(this.nowNs) ?? []) this.inject(answer);
  }

  #serve({ id, disk, op, sector, sectors, data }: DiskRequest): void {
    const bytes = this.disks.get(disk)!;
    const happen = () => {
      if (op === 'write') bytes.set(data!, 512 * sector);
      const read = op === 'read' && bytes.slice(512 * sector, 512 * (sector + sectors));
      this.#recorder.offer({ kind: 'disk', id, ok: true, ...(read ? { data: read } : {}) });
    };
    this.#events.push({ atNs: this.nowNs + DISK_NS, happen });
  }
}

/** A connection to the guest. */
export class Client {
  readonly end: TcpEndpoint;
  readonly #network: GuestNetwork;
  #waiting: Uint8Array = new Uint8Array(0);
  #got: Uint8Array[] = [];
  #count = 0;

  constructor(network: GuestNetwork, end: TcpEndpoint) {
    this.#network = network;
    this.end = end;
  }

  /** Queues bytes; they go as the connection takes them. */
  send(bytes: Uint8Array | string): void {
    const more = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    this.#waiting = Buffer.concat([this.#waiting, more]);
  }

  /** The segments to send now. */
  poll(nowNs: number): TcpSegment[] {
    const sent = this.end.send(this.#waiting);
    this.#waiting = this.#waiting.subarray(sent);
    return this.end.poll(nowNs);
  }

  /** Takes what has arrived, at most `limit` bytes → how many have arrived since the beginning. */
  read(limit = Number.POSITIVE_INFINITY): number {
    const bytes = this.end.read(limit);
    if (bytes.length > 0) this.#got.push(bytes);
    this.#count += bytes.length;
    return this.#count;
  }

  /** Everything that has been read and not been taken by `take`. */
  get bytes(): Buffer {
    const all = Buffer.concat(this.#got);
    this.#got = [all];
    return all;
  }

  /** Runs until so many bytes have arrived, and takes them. */
  take(count: number): Buffer {
    this.#network.runUntil(() => {
      this.read();
      return this.bytes.length >= count;
    });
    const all = this.bytes;
    this.#got = [all.subarray(count)];
    return all.subarray(0, count);
  }

  /** Runs until the text that has arrived ends so, and takes all of it. */
  takeText(end: string): string {
    this.#network.runUntil(() => {
      this.read();
      return this.bytes.toString('latin1').endsWith(end);
    });
    return this.take(this.bytes.length).toString('latin1');
  }
}

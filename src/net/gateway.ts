/**
 * The gateway between clients anywhere and one guest, as a state machine without I/O and without a
 * clock: it is a host on the guest's wire, and each client appears there as a port of it. TCP is
 * ended here and begun again towards the guest, so that clients need not know what becomes of the
 * guest behind it.
 *
 *   const id = gateway.connect(guestPort, now);
 *   gateway.write(id, bytes); gateway.finish(id); … gateway.read(id) … gateway.receive(frame, now)
 *   const { frames, changed, failed } = gateway.poll(now);
 *
 * After any call that changes something, and when `deadlineNs` is reached, ask `poll`.
 * Back-pressure goes both ways: write no more than `room` says, read no more than the client takes,
 * and nothing but one buffer for each direction fills up.
 *
 * Known deviations: what the guest calls is refused, for it reaches nobody by itself; datagrams and
 * packets in fragments are dropped.
 */
import { MAX_FRAME_BYTES } from '../base/limits.ts';
import type { Ipv4Address, MacAddress } from './address.ts';
import { Connections, type ConnectionsState, type Polled } from './connections.ts';
import { HostStack, type HostStackState, udpOf } from './host-stack.ts';
import { type Ipv4Packet, PROTOCOL_TCP } from './ipv4.ts';
import { emitTcp, parseTcp, type TcpSegment } from './tcp.ts';
import type { TcpConfig } from './tcp-state.ts';
import { UdpClients, type UdpClientsState } from './udp-clients.ts';

/** Addresses on the guest's wire, and how patient the gateway is. */
export interface GatewayConfig {
  readonly mac: MacAddress;
  readonly ip: Ipv4Address;
  readonly guest: Ipv4Address;
  readonly maxConnections: number;
  /** How long the opening of a connection may take, in ns. */
  readonly openNs: number;
  /** Clients that send datagrams and are remembered; the oldest is forgotten for one more. */
  readonly maxUdpClients: number;
  readonly tcp: Partial<TcpConfig>;
}

/**
 * The wire of a guest with one gateway, addressed as QEMU's user-mode network is. A guest that does
 * not answer a call in 10 s is not there; bytes under way wait for about a minute and a half, which
 * is longer than any failover, and so do clients who wait for a guest that shows no sign of life in
 * half a minute. An acknowledgement waits a little for the client's next request to go with, so
 * that an answer costs the guest no second packet. TIME-WAIT is short: a guest whose FIN is lost
 * and comes again later is reset, and it has nothing left to lose.
 */
export const GATEWAY_DEFAULTS: GatewayConfig = Object.freeze({
  mac: '52:55:0a:00:02:02',
  ip: '10.0.2.2',
  guest: '10.0.2.15',
  maxConnections: 2048,
  openNs: 10e9,
  maxUdpClients: 4096,
  tcp: Object.freeze({
    firstRetransmitNs: 250e6,
    keepAliveNs: 30e9,
    delayedAckNs: 20e6,
    timeWaitNs: 1e9,
  }),
});

/** Bytes of a frame before the data of a datagram: Ethernet, IPv4, UDP. */
const UDP_OVERHEAD_BYTES = 14 + 20 + 8;

/** All that a gateway remembers. Plain data: a copy of it is a fork. */
export interface GatewayState {
  readonly stack: HostStackState;
  readonly tcp: ConnectionsState;
  readonly udp: UdpClientsState;
  /** Frames that are to be sent with the next `poll`. */
  frames: Uint8Array[];
}

/** A datagram of the guest, for the client at the local port `id`. */
export interface DatagramOut {
  readonly id: number;
  readonly guestPort: number;
  readonly payload: Uint8Array;
}

/** What is to be done now. */
export interface GatewayWork {
  /** To the guest, in order. */
  readonly frames: Uint8Array[];
  /** Connections at which there may be something to read, room to write, or an end. */
  readonly changed: readonly number[];
  /** Connections that are no more: their clients are to be reset. */
  readonly failed: Polled['failed'];
}

export class Gateway {
  readonly #config: GatewayConfig;
  readonly #stack: HostStack;
  readonly #tcp: Connections;
  readonly #udp: UdpClients;
  #frames: Uint8Array[];

  /** A gateway without clients, or one that goes on from `state`. */
  constructor(config: Partial<GatewayConfig> = {}, state?: GatewayState) {
    this.#config = { ...GATEWAY_DEFAULTS, ...config };
    const { mac, ip, maxUdpClients } = this.#config;
    this.#stack = new HostStack(state?.stack ?? { mac, ip });
    this.#tcp = new Connections(this.#config, state?.tcp);
    this.#udp = new UdpClients(maxUdpClients, state?.udp);
    this.#frames = state?.frames ?? [];
  }

  /** What `new Gateway(config, structuredClone(state))` goes on from. */
  get state(): GatewayState {
    const [tcp, udp] = [this.#tcp.state, this.#udp.state];
    return { stack: this.#stack.state, tcp, udp, frames: this.#frames };
  }

  /** Names of the TCP connections that exist. */
  get connections(): readonly number[] {
    return this.#tcp.ports;
  }

  /**
   * Connections that have changed since the last `poll`. What is read of them before it is
   * acknowledged together with its arrival, and not once more as room in the window.
   */
  get touched(): readonly number[] {
    return this.#tcp.touched;
  }

  /** Clients that have sent datagrams. */
  get udpClients(): number {
    return this.#udp.size;
  }

  /** Begins a connection to a port of the guest → its name; undefined when there are too many. */
  connect(guestPort: number, nowNs: number): number | undefined {
    return this.#tcp.connect(guestPort, nowNs);
  }

  /** Bytes that `write` would take now; 0 for a connection that is no more. */
  room(id: number): number {
    return this.#tcp.at(id)?.writable ?? 0;
  }

  /** Bytes of the client for the guest → how many were taken. */
  write(id: number, bytes: Uint8Array): number {
    const taken = this.#tcp.at(id)?.send(bytes) ?? 0;
    if (taken > 0) this.#tcp.touch(id);
    return taken;
  }

  /** The client sends no more. */
  finish(id: number): void {
    this.#tcp.at(id)?.close();
    this.#tcp.touch(id);
  }

  /** Bytes of the guest for the client, at most `limit`. */
  read(id: number, limit = Number.POSITIVE_INFINITY): Uint8Array {
    const bytes = this.#tcp.at(id)?.read(limit) ?? new Uint8Array(0);
    if (bytes.length > 0) this.#tcp.touch(id);
    return bytes;
  }

  /** Whether the guest sends no more, and all it sent was read. */
  atEnd(id: number): boolean {
    return this.#tcp.at(id)?.atEnd ?? true;
  }

  /** The client is gone: the guest is told by a reset. */
  abort(id: number): void {
    this.#tcp.at(id)?.abort();
    this.#tcp.touch(id);
  }

  /**
   * A datagram of a client for a port of the guest → the name of the client, by which answers come
   * back. `client` tells clients apart. One that is too long for a frame is lost.
   */
  sendDatagram(client: string, guestPort: number, payload: Uint8Array): number {
    const sourcePort = this.#udp.portOf(`${client} ${guestPort}`);
    if (payload.length + UDP_OVERHEAD_BYTES <= MAX_FRAME_BYTES) {
      const datagram = { sourcePort, destinationPort: guestPort, payload };
      this.#frames.push(...this.#stack.sendUdp(this.#config.guest, datagram));
    }
    return sourcePort;
  }

  /** A frame that the guest has sent → a datagram for a client, if it is one. */
  receive(frame: Uint8Array, nowNs: number): DatagramOut | undefined {
    const wasSilent = this.#guestIsUnknown;
    const { frames, packet } = this.#stack.receive(frame);
    this.#frames.push(...frames);
    // It was not there when its clients called.
    if (wasSilent && !this.#guestIsUnknown) this.hurry(nowNs);
    if (packet?.source !== this.#config.guest) return undefined;
    if (packet.protocol === PROTOCOL_TCP) this.#receiveTcp(packet, nowNs);
    const datagram = udpOf(packet);
    if (!datagram) return undefined;
    const { sourcePort: guestPort, destinationPort: id, payload } = datagram;
    return this.#udp.has(id) ? { id, guestPort, payload } : undefined;
  }

  /** Another replica speaks for the guest: everything that may be lost goes again at once. */
  hurry(nowNs: number): void {
    this.#tcp.hurry(nowNs);
  }

  /** When `poll` must be called at the latest, if nothing happens before. */
  get deadlineNs(): number | undefined {
    return this.#tcp.deadlineNs;
  }

  /** What is to be done now. */
  poll(nowNs: number): GatewayWork {
    const { segments, changed, failed } = this.#tcp.poll(nowNs);
    for (const segment of segments) this.#sendTcp(segment);
    const frames = this.#frames;
    this.#frames = [];
    return { frames, changed, failed };
  }

  get #guestIsUnknown(): boolean {
    return this.#stack.state.neighbours[this.#config.guest] === undefined;
  }

  #receiveTcp(packet: Ipv4Packet, nowNs: number): void {
    const segment = parseTcp(packet.payload, packet.source, packet.destination);
    const answer = segment && this.#tcp.receive(segment, nowNs);
    if (answer) this.#sendTcp(answer);
  }

  #sendTcp(segment: TcpSegment): void {
    const { ip, guest } = this.#config;
    this.#frames.push(...this.#stack.send(guest, PROTOCOL_TCP, emitTcp(segment, ip, guest)));
  }
}

/**
 * The TCP connections from one host to a guest, as a table of endpoints without I/O and without a
 * clock. Each has a local port of its own, which is its name. Whoever owns the table moves bytes
 * between an endpoint and a client; here is told which connections may have something to do.
 *
 * Invariants:
 * - a connection is in the table until both directions have ended and everything was read, or it
 *   has failed; one that has ended well leaves by itself
 * - timers are looked at no more often than every TIMER_GRAIN_NS, and never later than that after
 *   the first of them ends
 */
import type { TcpSegment } from './tcp.ts';
import { isCall, refuse, TcpEndpoint } from './tcp-endpoint.ts';
import { seqAdd, type TcpConfig, type TcpFailure, type TcpState } from './tcp-state.ts';

/** How exactly timers are kept: most of them are many times as long. */
export const TIMER_GRAIN_NS = 20e6;

/** Local ports that connections have: those that IANA leaves to everybody. */
const FIRST_PORT = 49_152;
const PORTS = 16_384;

/** One connection, plain data. */
interface Connection {
  readonly tcp: TcpState;
  /** An opening that takes longer has failed. */
  readonly openUntilNs: number;
}

/** All that a table remembers. Plain data: a copy of it is a fork. */
export interface ConnectionsState {
  /** By local port. */
  readonly connections: Map<number, Connection>;
  /** Where the search for a free port goes on. */
  nextPort: number;
  /** Connections that have changed since they were last polled. */
  readonly touched: Set<number>;
  /** When timers are looked at next; undefined while none runs. */
  timersAtNs: number | undefined;
}

/** How connections are made. */
export interface ConnectionsConfig {
  /** Connections at a time; no more are made. */
  readonly maxConnections: number;
  /** How long an opening may take. */
  readonly openNs: number;
  readonly tcp: Partial<TcpConfig>;
}

export class Connections {
  readonly state: ConnectionsState;
  readonly #config: ConnectionsConfig;
  /** Doors to the states, made when they are needed. */
  readonly #ends = new WeakMap<TcpState, TcpEndpoint>();

  /** An empty table, or one that goes on from `state`. */
  constructor(config: ConnectionsConfig, state?: ConnectionsState) {
    this.#config = config;
    this.state = state ?? {
      connections: new Map(),
      nextPort: 0,
      touched: new Set(),
      timersAtNs: undefined,
    };
  }

  /** Connections in the table, by local port. */
  get ports(): number[] {
    return [...this.state.connections.keys()];
  }

  /** Connections that have changed since they were last polled. */
  get touched(): number[] {
    return [...this.state.touched];
  }

  /** Calls `remotePort` → the connection's local port; undefined when the table is full. */
  connect(remotePort: number, nowNs: number): number | undefined {
    const { state } = this;
    const { maxConnections, openNs, tcp } = this.#config;
    if (state.connections.size >= Math.min(maxConnections, PORTS)) return undefined;
    while (state.connections.has(FIRST_PORT + state.nextPort)) this.#skipPort();
    const localPort = FIRST_PORT + state.nextPort;
    this.#skipPort();
    // Grows by one every 4 µs (RFC 9293 §3.4.1), so that no number meets an old one of its port.
    const initial = seqAdd(0, Math.floor(nowNs / 4000));
    const end = TcpEndpoint.connect({ localPort, remotePort }, initial, tcp);
    this.#ends.set(end.state, end);
    state.connections.set(localPort, { tcp: end.state, openUntilNs: nowNs + openNs });
    this.touch(localPort);
    return localPort;
  }

  /** The endpoint at `localPort`, if there is one. Who changes it says so by `touch`. */
  at(localPort: number): TcpEndpoint | undefined {
    const tcp = this.state.connections.get(localPort)?.tcp;
    if (!tcp) return undefined;
    let end = this.#ends.get(tcp);
    if (!end) {
      end = new TcpEndpoint(tcp);
      this.#ends.set(tcp, end);
    }
    return end;
  }

  /** Something has changed at `localPort`: it is polled the next time. */
  touch(localPort: number): void {
    this.state.touched.add(localPort);
  }

  /** Takes a segment from the guest → the answer to one that belongs to no connection. */
  receive(segment: TcpSegment, nowNs: number): TcpSegment | undefined {
    const end = this.at(segment.destinationPort);
    if (end?.state.remotePort !== segment.sourcePort || isCall(segment)) return refuse(segment);
    end.onSegment(segment, nowNs);
    this.touch(segment.destinationPort);
    return undefined;
  }

  /** The path to the guest has changed: everything that it may have lost goes again at once. */
  hurry(nowNs: number): void {
    for (const port of this.state.connections.keys()) {
      this.at(port)!.hurry(nowNs);
      this.touch(port);
    }
  }

  /** When `poll` must be called at the latest, if nothing happens before. */
  get deadlineNs(): number | undefined {
    return this.state.timersAtNs;
  }

  /**
   * The segments to send now, and the connections at which there may be something to do: bytes to
   * read, room, an end. One that has failed is in `failed` and in the table no more.
   */
  poll(nowNs: number): Polled {
    const { state } = this;
    const polled: Polled = { segments: [], changed: [], failed: [] };
    if (state.timersAtNs !== undefined && nowNs >= state.timersAtNs) {
      state.timersAtNs = undefined;
      for (const [port, connection] of state.connections)
        this.#checkTimers(port, connection, nowNs);
    }
    const touched = [...state.touched];
    state.touched.clear();
    for (const port of touched) this.#poll(port, nowNs, polled);
    return polled;
  }

  #skipPort(): void {
    this.state.nextPort = (this.state.nextPort + 1) % PORTS;
  }

  #checkTimers(port: number, connection: Connection, nowNs: number): void {
    const end = this.at(port)!;
    if (isOpening(end) && nowNs >= connection.openUntilNs) {
      end.abort();
      this.touch(port);
    }
    if ((end.deadlineNs ?? Number.POSITIVE_INFINITY) <= nowNs) this.touch(port);
    else this.#awaitTimers(connection, end, nowNs);
  }

  #awaitTimers({ openUntilNs }: Connection, end: TcpEndpoint, nowNs: number): void {
    if (end.deadlineNs === undefined) return;
    const deadlineNs = isOpening(end) ? Math.min(end.deadlineNs, openUntilNs) : end.deadlineNs;
    const atNs = Math.max(deadlineNs, nowNs + TIMER_GRAIN_NS);
    const { timersAtNs = atNs } = this.state;
    this.state.timersAtNs = Math.min(timersAtNs, atNs);
  }

  #poll(port: number, nowNs: number, { segments, changed, failed }: Polled): void {
    const connection = this.state.connections.get(port);
    if (!connection) return;
    const end = this.at(port)!;
    segments.push(...end.poll(nowNs));
    this.#awaitTimers(connection, end, nowNs);
    if (end.failure) failed.push({ port, failure: end.failure });
    else changed.push(port);
    // What has not been read yet is kept for who comes to read it.
    if (end.failure || (end.phase === 'closed' && end.readable === 0))
      this.state.connections.delete(port);
  }
}

/** What `poll` found. */
export interface Polled {
  readonly segments: TcpSegment[];
  readonly changed: number[];
  readonly failed: { readonly port: number; readonly failure: TcpFailure }[];
}

const isOpening = ({ phase }: TcpEndpoint): boolean =>
  phase === 'syn-sent' || phase === 'syn-received';

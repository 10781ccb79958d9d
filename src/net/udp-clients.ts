/**
 * Clients that send datagrams to a guest by way of a gateway: each has a port of the gateway, under
 * which the guest knows it. There is no end of a conversation, so the client that has come first is
 * forgotten for one too many.
 */

/** Ports that clients have. */
const FIRST_PORT = 20_000;

/** Plain data; both maps say the same. */
export interface UdpClientsState {
  readonly ports: Map<string, number>;
  readonly clients: Map<number, string>;
  nextPort: number;
}

export class UdpClients {
  readonly state: UdpClientsState;
  readonly #max: number;

  /** Nobody yet, or a table that goes on from `state`; at most `max` clients, up to 29,000. */
  constructor(max: number, state?: UdpClientsState) {
    this.#max = max;
    this.state = state ?? { ports: new Map(), clients: new Map(), nextPort: 0 };
  }

  /** Clients that are remembered. */
  get size(): number {
    return this.state.clients.size;
  }

  /** Whether a client has the port. */
  has(port: number): boolean {
    return this.state.clients.has(port);
  }

  /** The port of a client; a new client takes that of the one that has come first. */
  portOf(client: string): number {
    const { state } = this;
    const known = state.ports.get(client);
    if (known !== undefined) return known;
    const port = FIRST_PORT + state.nextPort;
    state.nextPort = (state.nextPort + 1) % this.#max;
    const former = state.clients.get(port);
    if (former !== undefined) state.ports.delete(former);
    state.clients.set(port, client);
    state.ports.set(client, port);
    return port;
  }
}

/**
 * Ports of a guest on the host: moves bytes between sockets of real clients and the gateway on the
 * guest's wire (net/gateway.ts), which decides everything.
 *
 * Invariant: a socket is read only as far as the gateway has room, and written only as far as the
 * client takes, so a slow end slows down the other and nothing piles up here.
 */
import type { Socket as DatagramSocket } from 'node:dgram';
import type { Server, Socket } from 'node:net';
import { Gateway, type GatewayConfig } from '../net/gateway.ts';
import { describePublished, listenTcp, listenUdp, type PublishSpec } from './listen.ts';

/** Bytes handed to a client's socket at a time. */
const CHUNK_BYTES = 64 * 1024;

/** What a publisher does with frames. */
export interface PublisherOptions {
  /** Takes a frame for the guest, or loses it. */
  readonly deliver: (frame: Uint8Array) => void;
  readonly config?: Partial<GatewayConfig>;
}

/** What goes through a publisher, for `vmft status`. */
export interface PublisherStatus {
  readonly published: readonly string[];
  readonly connections: number;
  readonly udpClients: number;
}

/** Where the datagrams for a client go. */
interface UdpClient {
  readonly socket: DatagramSocket;
  readonly port: number;
  readonly address: string;
}

/** Sockets of the host that stand for ports of one guest. */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #gateway: Gateway;
  readonly #listeners: (Server | DatagramSocket)[] = [];
  readonly #published: PublishSpec[] = [];
  /** Sockets of TCP clients, by the names of their connections. */
  readonly #clients = new Map<number, Socket>();
  /** By their names, which are used again. */
  readonly #udpClients = new Map<number, UdpClient>();
  #timer: NodeJS.Timeout | undefined;
  /** When it rings. */
  #timerNs = Number.POSITIVE_INFINITY;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#gateway = new Gateway(options.config);
  }

  /** Opens the host's port; VmftError 'environment' if that cannot be. */
  async publish(spec: PublishSpec): Promise<void> {
    const listener =
      spec.protocol === 'tcp'
        ? await listenTcp(spec, (socket) => this.#connect(socket, spec.guestPort))
        : await listenUdp(spec);
    this.#listeners.push(listener);
    this.#published.push(spec);
    if ('bind' in listener) this.#readDatagrams(listener, spec.guestPort);
  }

  /** A frame that the guest has sent. */
  receive(frame: Uint8Array): void {
    const datagram = this.#gateway.receive(frame, nowNs());
    if (datagram) {
      const client = this.#udpClients.get(datagram.id);
      client?.socket.send(datagram.payload, client.port, client.address);
    }
    this.#work();
  }

  /** Another replica speaks for the guest: what it may have missed goes again at once. */
  hurry(): void {
    this.#gateway.hurry(nowNs());
    this.#work();
  }

  get status(): PublisherStatus {
    return {
      published: this.#published.map(describePublished),
      connections: this.#clients.size,
      udpClients: this.#gateway.udpClients,
    };
  }

  /** Closes every socket. A client to which the guest has said all is let go, others are reset. */
  close(): void {
    clearTimeout(this.#timer);
    for (const listener of this.#listeners) listener.close();
    for (const socket of this.#clients.values()) {
      if (socket.writableEnded) socket.destroySoon();
      else socket.resetAndDestroy();
    }
    this.#clients.clear();
  }

  #readDatagrams(socket: DatagramSocket, guestPort: number): void {
    const place = this.#published.length;
    socket.on('message', (bytes, { address, port }) => {
      const client = `${place} ${address} ${port}`;
      const id = this.#gateway.sendDatagram(client, guestPort, new Uint8Array(bytes));
      this.#udpClients.set(id, { socket, address, port });
      this.#work();
    });
  }

  #connect(socket: Socket, guestPort: number): void {
    // Whatever goes wrong ends in `close`.
    socket.on('error', () => {});
    const id = this.#gateway.connect(guestPort, nowNs());
    if (id === undefined) {
      socket.resetAndDestroy();
      return;
    }
    this.#clients.set(id, socket);
    socket.on('readable', () => this.#onClient(id));
    socket.on('drain', () => this.#onClient(id));
    socket.on('end', () => {
      this.#gateway.finish(id);
      this.#work();
    });
    socket.on('close', (hadError) => {
      if (this.#clients.get(id) !== socket) return;
      this.#clients.delete(id);
      if (hadError) this.#gateway.abort(id);
      this.#work();
    });
    this.#work();
  }

  #onClient(id: number): void {
    if (this.#move(id)) this.#work();
  }

  /** Does what the gateway asks for, until it asks for nothing. */
  #work(): void {
    for (;;) {
      for (const id of this.#gateway.touched) this.#move(id);
      const { frames, changed, failed } = this.#gateway.poll(nowNs());
      for (const frame of frames) this.#options.deliver(frame);
      for (const { port } of failed) this.#reset(port);
      for (const id of changed) this.#move(id);
      if (frames.length + changed.length + failed.length === 0) break;
    }
    this.#setTimer();
  }

  /** Moves bytes both ways as far as they go → whether any moved. */
  #move(id: number): boolean {
    const socket = this.#clients.get(id);
    if (!socket) return false;
    const hasRead = this.#fromClient(id, socket);
    return this.#toClient(id, socket) || hasRead;
  }

  #fromClient(id: number, socket: Socket): boolean {
    for (let moved = false; ; moved = true) {
      // A read of nothing fetches more, or lets the end of the stream come out.
      const size = Math.min(this.#gateway.room(id), socket.readableLength);
      const bytes: Buffer | null = socket.read(size);
      if (!bytes) return moved;
      this.#gateway.write(id, bytes);
    }
  }

  #toClient(id: number, socket: Socket): boolean {
    for (let moved = false; ; moved = true) {
      const bytes = socket.writableNeedDrain ? undefined : this.#gateway.read(id, CHUNK_BYTES);
      if (!bytes || bytes.length === 0) {
        if (bytes && this.#gateway.atEnd(id) && !socket.writableEnded) socket.end();
        return moved;
      }
      socket.write(bytes);
    }
  }

  #reset(id: number): void {
    this.#clients.get(id)?.resetAndDestroy();
    this.#clients.delete(id);
  }

  #setTimer(): void {
    const { deadlineNs } = this.#gateway;
    if (deadlineNs === undefined || deadlineNs >= this.#timerNs) return;
    clearTimeout(this.#timer);
    this.#timerNs = deadlineNs;
    const waitMs = Math.max(0, Math.ceil((deadlineNs - nowNs()) / 1e6));
    this.#timer = setTimeout(() => {
      this.#timerNs = Number.POSITIVE_INFINITY;
      this.#work();
    }, waitMs);
  }
}

/** Nanoseconds since some moment; never goes back. */
const nowNs = (): number => Number(process.hrtime.bigint());

/**
 * Publishes UDP ports of a guest on the host: datagrams of real clients become frames on the
 * guest's wire, and back. The wire is a /24 on which this gateway is 10.0.2.2 and the guest
 * 10.0.2.15; each client appears as a port of the gateway.
 */
import { createSocket, type Socket } from 'node:dgram';
import { VmftError } from '../base/errors.ts';
import { HostStack, udpOf } from '../net/host-stack.ts';
import { reasonOf } from './files.ts';

/** Host address and port, and the guest's port behind them. */
export interface PublishSpec {
  readonly host: string;
  readonly port: number;
  readonly guestPort: number;
  readonly protocol: 'udp' | 'tcp';
}

const GATEWAY_MAC = '52:55:0a:00:02:02';
const GATEWAY_IP = '10.0.2.2';
const GUEST_IP = '10.0.2.15';

/** Clients remembered; the oldest is forgotten for the next. */
const MAX_CLIENTS = 4096;
const FIRST_CLIENT_PORT = 20_000;

interface Client {
  readonly address: string;
  readonly port: number;
  readonly socket: Socket;
  readonly guestPort: number;
}

/** Sockets of the host that stand for ports of one guest. */
export class UdpPublisher {
  readonly #deliver: (frame: Uint8Array) => void;
  readonly #stack = new HostStack({ mac: GATEWAY_MAC, ip: GATEWAY_IP });
  readonly #sockets: Socket[] = [];
  /** Clients by their port on the gateway. */
  readonly #clients = new Map<number, Client>();
  readonly #ports = new Map<string, number>();
  #nextPort = 0;

  /** `deliver` takes frames for the guest. */
  constructor(deliver: (frame: Uint8Array) => void) {
    this.#deliver = deliver;
  }

  /** Binds the host's port; VmftError 'environment' if that cannot be. */
  async publish(spec: PublishSpec): Promise<void> {
    const socket = createSocket(spec.host.includes(':') ? 'udp6' : 'udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(spec.port, spec.host, resolve);
    }).catch((error: unknown) => {
      socket.close();
      throw new VmftError(
        'environment',
        `cannot listen on UDP ${spec.host}:${spec.port}: ${reasonOf(error)}`,
      );
    });
    socket.removeAllListeners('error');
    // An unreachable client answers with ICMP errors; its datagrams are simply lost.
    socket.on('error', () => {});
    socket.on('message', (bytes, from) => {
      const sourcePort = this.#portOf({ ...from, socket, guestPort: spec.guestPort });
      const payload = new Uint8Array(bytes);
      const datagram = { sourcePort, destinationPort: spec.guestPort, payload };
      for (const frame of this.#stack.sendUdp(GUEST_IP, datagram)) this.#deliver(frame);
    });
    this.#sockets.push(socket);
  }

  #portOf(client: Client): number {
    const key = `${client.address} ${client.port} ${client.guestPort}`;
    let port = this.#ports.get(key);
    if (port === undefined) {
      port = FIRST_CLIENT_PORT + (this.#nextPort++ % MAX_CLIENTS);
      this.#ports.set(key, port);
    }
    const former = this.#clients.get(port);
    if (former) {
      const formerKey = `${former.address} ${former.port} ${former.guestPort}`;
      if (formerKey !== key) this.#ports.delete(formerKey);
    }
    this.#clients.set(port, client);
    return port;
  }

  /** A frame that the guest sent. */
  receive(frame: Uint8Array): void {
    const { frames, packet } = this.#stack.receive(frame);
    for (const reply of frames) this.#deliver(reply);
    const datagram = packet && udpOf(packet);
    const client = datagram && this.#clients.get(datagram.destinationPort);
    if (client && datagram.sourcePort === client.guestPort)
      client.socket.send(datagram.payload, client.port, client.address);
  }

  close(): void {
    for (const socket of this.#sockets) socket.close();
  }
}

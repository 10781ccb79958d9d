/**
 * A wire with QEMU's user-mode network (slirp) on it: a TCP/IP stack that we did not write, which
 * carries connections from and to sockets of this machine; and a host made of src/net.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { HostStack } from '../../src/net/host-stack.ts';
import { emitIcmp } from '../../src/net/icmp.ts';
import { type Ipv4Packet, PROTOCOL_ICMP, PROTOCOL_TCP } from '../../src/net/ipv4.ts';
import { emitTcp, parseTcp } from '../../src/net/tcp.ts';
import { isCall, refuse, TcpEndpoint } from '../../src/net/tcp-endpoint.ts';
import { freePort } from '../support/ports.ts';

export const OUR_MAC = '52:54:00:12:34:56';
export const OUR_IP = '10.0.2.15';
/** What slirp calls the machine that it runs on. */
export const HOST_IP = '10.0.2.2';
export const OUR_PORT = 7;

const POLL_MS = 2;
const PING_MS = 50;

async function boundSocket(): Promise<Socket> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

/** Frames to and from slirp. */
export class SlirpWire {
  onFrame: (frame: Uint8Array) => void = () => {};
  readonly #qemu: ChildProcess;
  readonly #wire: Socket;
  readonly #remotePort: number;

  private constructor(qemu: ChildProcess, wire: Socket, remotePort: number) {
    this.#qemu = qemu;
    this.#wire = wire;
    this.#remotePort = remotePort;
    wire.on('message', (bytes) => this.onFrame(new Uint8Array(bytes)));
  }

  /**
   * Resolves when slirp answers. Connections to TCP port `publish` of this machine, if one is
   * given, are carried to our port 7.
   */
  static async start(publish?: number): Promise<SlirpWire> {
    const wire = await boundSocket();
    const remotePort = await freePort();
    const side = (name: string, port: number) =>
      `${name}.type=inet,${name}.host=127.0.0.1,${name}.port=${port}`;
    const local = side('local', remotePort);
    const remote = side('remote', wire.address().port);
    const forward = publish ? `,hostfwd=tcp:127.0.0.1:${publish}-${OUR_IP}:${OUR_PORT}` : '';
    const args = `-M none -nodefaults -display none -netdev user,id=u${forward}
      -netdev dgram,id=d,${local},${remote}
      -netdev hubport,id=h0,hubid=0,netdev=u -netdev hubport,id=h1,hubid=0,netdev=d`;
    const qemu = spawn('qemu-system-i386', args.split(/\s+/), { stdio: 'ignore' });
    const slirp = new SlirpWire(qemu, wire, remotePort);
    await slirp.#ready();
    return slirp;
  }

  /** Puts frames on the wire. */
  transmit(frames: readonly Uint8Array[]): void {
    for (const frame of frames) this.#wire.send(frame, this.#remotePort, '127.0.0.1');
  }

  stop(): void {
    this.#wire.close();
    this.#qemu.kill('SIGKILL');
  }

  /** Nothing says when QEMU is there, but it answers a ping then. */
  async #ready(): Promise<void> {
    const stack = new HostStack({ mac: OUR_MAC, ip: OUR_IP });
    const data = new Uint8Array([1, 2, 3]);
    const ping = emitIcmp({ kind: 'echo-request', identifier: 5, sequence: 1, data });
    let answered = false;
    this.onFrame = (frame) => {
      const { frames, packet } = stack.receive(frame);
      this.transmit(frames);
      answered ||= packet?.protocol === PROTOCOL_ICMP;
    };
    while (!answered) {
      this.transmit(stack.send(HOST_IP, PROTOCOL_ICMP, ping));
      await new Promise((resolve) => setTimeout(resolve, PING_MS));
    }
    this.onFrame = () => {};
  }
}

/** One connection at a time; `work` is called whenever it may have something to do. */
export class SlirpHost {
  readonly stack = new HostStack({ mac: OUR_MAC, ip: OUR_IP });
  end: TcpEndpoint | undefined;
  work: (end: TcpEndpoint) => void = () => {};
  /** Packets that are neither TCP nor ARP. */
  readonly others: Ipv4Packet[] = [];
  readonly #wire: SlirpWire;
  readonly #timer: NodeJS.Timeout;
  /** Where segments go. */
  #peer = HOST_IP;

  private constructor(wire: SlirpWire) {
    this.#wire = wire;
    wire.onFrame = (bytes) => this.#receive(bytes);
    this.#timer = setInterval(() => this.turn(), POLL_MS);
  }

  /** Connections to TCP port `publish` of this machine are carried to our port 7. */
  static async start(publish: number): Promise<SlirpHost> {
    return new SlirpHost(await SlirpWire.start(publish));
  }

  /** Lets the connection work, and sends what there is to send. */
  turn(): void {
    const { end } = this;
    if (!end) return;
    this.work(end);
    for (const segment of end.poll(this.#now())) {
      const to = this.#peer;
      this.transmit(this.stack.send(to, PROTOCOL_TCP, emitTcp(segment, OUR_IP, to)));
    }
  }

  /** Puts frames on the wire. */
  transmit(frames: readonly Uint8Array[]): void {
    this.#wire.transmit(frames);
  }

  /** Waits until `done`. */
  async until(done: () => boolean): Promise<void> {
    while (!done()) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#wire.stop();
  }

  #now(): number {
    return Math.round(performance.now() * 1e6);
  }

  #receive(bytes: Uint8Array): void {
    const { frames, packet } = this.stack.receive(bytes);
    this.transmit(frames);
    if (!packet) return;
    if (packet.protocol !== PROTOCOL_TCP) {
      this.others.push(packet);
      return;
    }
    const segment = parseTcp(packet.payload, packet.source, packet.destination);
    if (!segment) throw new Error('slirp sent a malformed segment');
    if (isCall(segment) && segment.destinationPort === OUR_PORT) {
      this.#peer = packet.source;
      this.end = TcpEndpoint.accept(segment, 0xffff_0000);
    } else if (this.end?.state.remotePort === segment.sourcePort) {
      this.end.onSegment(segment, this.#now());
    } else {
      const reset = refuse(segment);
      const to = packet.source;
      if (reset) this.transmit(this.stack.send(to, PROTOCOL_TCP, emitTcp(reset, OUR_IP, to)));
    }
    this.turn();
  }
}

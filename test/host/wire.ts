/**
 * The other end of a machine's wire, in the test's own process: the gateway's real links to the
 * replicas, and one host on the guest's network that asks by UDP. Datagrams may be lost while the
 * machine changes hosts, so a question is asked until it is answered.
 */
import type { Server } from 'node:tls';
import { MAX_GATEWAY_MESSAGE_BYTES } from '../../src/ft/gateway-messages.ts';
import { GatewayLinks } from '../../src/host/gateway-links.ts';
import { Log } from '../../src/host/log.ts';
import { listenForReplicas } from '../../src/host/replica-listener.ts';
import { HostStack, udpOf } from '../../src/net/host-stack.ts';
import { until } from './support.ts';

const GUEST_IP = '10.0.2.15';
const OWN_PORT = 20_000;

/** Time between two askings of the same question, in ms. */
const AGAIN_MS = 100;

export class Wire {
  readonly #stack = new HostStack({ mac: '52:55:0a:00:02:02', ip: '10.0.2.2' });
  readonly #links: GatewayLinks;
  readonly #server: Server;
  /** Replies in the order in which they came. */
  readonly replies: string[] = [];
  console = '';

  private constructor(server: Server, links: GatewayLinks) {
    this.#server = server;
    this.#links = links;
  }

  /** Listens for the replicas of `machine` at the Unix socket `path`. */
  static async open(machine: string, path: string, key: Uint8Array): Promise<Wire> {
    const links = new GatewayLinks({
      machine,
      consoleBytes: 0,
      onFrame: (frame) => wire.#receive(frame),
      onConsole: (bytes) => {
        wire.console += new TextDecoder().decode(bytes);
      },
      onExit: () => {},
      onSpeaker: () => {},
      log: new Log({ format: 'text', part: 'gateway', machine, write: () => {} }),
    });
    const server = await listenForReplicas(links, {
      address: { path },
      key,
      maxBytes: MAX_GATEWAY_MESSAGE_BYTES,
    });
    const wire: Wire = new Wire(server, links);
    return wire;
  }

  /** Who speaks for the machine, by the name of its host. */
  get speaker(): string | undefined {
    return this.#links.isLinked ? this.#links.speaker.owner?.split('.')[0] : undefined;
  }

  /** What the guest has ended with. */
  get exitStatus(): number | undefined {
    return this.#links.exitStatus;
  }

  /** Asks the guest's port 7 until it answers; `text` begins with a tag that the reply repeats. */
  async ask(text: string): Promise<string> {
    const [tag] = text.split(' ');
    const send = (): void => {
      const payload = new TextEncoder().encode(text);
      const datagram = { sourcePort: OWN_PORT, destinationPort: 7, payload };
      for (const frame of this.#stack.sendUdp(GUEST_IP, datagram)) this.#offer(frame);
    };
    send();
    const again = setInterval(send, AGAIN_MS);
    try {
      return await until(`the guest answers "${text}"`, () =>
        this.replies.find((reply) => reply.startsWith(`${tag} `)),
      );
    } finally {
      clearInterval(again);
    }
  }

  close(): void {
    this.#server.close();
  }

  #offer(bytes: Uint8Array): void {
    this.#links.offer({ kind: 'packet', bytes });
  }

  #receive(frame: Uint8Array): void {
    const { frames, packet } = this.#stack.receive(frame);
    for (const reply of frames) this.#offer(reply);
    const datagram = packet && udpOf(packet);
    if (datagram) this.replies.push(new TextDecoder().decode(datagram.payload));
  }
}

/**
 * Heartbeats between replicas: datagrams over UDP, each authenticated by an HMAC with a key that is
 * derived from the machine's. The contents are a message of the protocol core.
 *
 *   datagram = texts from, to, varints life, number, blob message, 32 bytes HMAC-SHA256
 *
 * `life` grows with every start of the sender's process (life.ts), `number` counts up: a datagram
 * that is not later than every one before from this sender is a repetition, and refused.
 */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:dgram';
import { ByteReader, BytesError, ByteWriter } from '../base/bytes.ts';
import type { HostId } from '../ft/ports.ts';
import type { HostConfig } from './group-config.ts';
import { bindDatagrams, PeerAddress } from './host-address.ts';
import type { Refuse } from './log.ts';

const HMAC_BYTES = 32;

/** What heartbeats need to know. */
export interface HeartbeatsOptions {
  readonly key: Uint8Array;
  readonly host: HostId;
  readonly hosts: readonly HostConfig[];
  /** Of this process; higher than that of each before it (life.ts). */
  readonly life: number;
  readonly onHeartbeat: (from: HostId, bytes: Uint8Array) => void;
  /** A datagram was refused. */
  readonly onRefused: Refuse;
}

export class Heartbeats {
  readonly #options: HeartbeatsOptions;
  readonly #socket: Socket;
  readonly #key: Uint8Array;
  readonly #peers: ReadonlyMap<HostId, PeerAddress>;
  #number = 0;
  /** Life and number of the last datagram by sender. */
  readonly #last = new Map<HostId, { readonly life: number; readonly number: number }>();
  /** Nothing goes out and nothing comes in: somebody has cut the link. */
  isCut = false;

  private constructor(options: HeartbeatsOptions, socket: Socket) {
    this.#options = options;
    this.#socket = socket;
    this.#key = new Uint8Array(hkdfSync('sha256', options.key, '', 'vmft heartbeat', HMAC_BYTES));
    const family = socket.address().family === 'IPv6' ? 6 : 4;
    this.#peers = new Map(
      options.hosts.map(({ name, address }) => [name, new PeerAddress(address, family)]),
    );
    socket.on('message', (bytes) => this.#receive(bytes));
  }

  /** Binds the port of this host; VmftError 'environment' where that cannot be. */
  static async open(options: HeartbeatsOptions): Promise<Heartbeats> {
    const { address } = options.hosts.find(({ name }) => name === options.host)!;
    return new Heartbeats(options, await bindDatagrams(address));
  }

  /** The effect `heartbeat`. */
  send(to: HostId, message: Uint8Array): void {
    const peer = this.#peers.get(to);
    if (!peer || this.isCut) return;
    const writer = new ByteWriter().text(this.#options.host).text(to);
    const body = writer
      .varint(this.#options.life)
      .varint(this.#number++)
      .blob(message)
      .take();
    peer.send(this.#socket, Buffer.concat([body, this.#mac(body)]), performance.now());
  }

  close(): void {
    this.#socket.close();
  }

  #mac(body: Uint8Array): Buffer {
    return createHmac('sha256', this.#key).update(body).digest();
  }

  #receive(bytes: Uint8Array): void {
    if (this.isCut) return;
    const body = bytes.subarray(0, -HMAC_BYTES);
    const mac = bytes.subarray(body.length);
    if (mac.length < HMAC_BYTES || !timingSafeEqual(mac, this.#mac(body))) {
      this.#options.onRefused('stranger', 'a heartbeat without the key');
      return;
    }
    try {
      this.#read(new ByteReader(body));
    } catch (error) {
      if (!(error instanceof BytesError)) throw error;
      this.#options.onRefused('malformed', `a heartbeat: ${error.message}`);
    }
  }

  #read(reader: ByteReader): void {
    const [from, to] = [reader.text(), reader.text()];
    const [life, number] = [reader.varint(), reader.varint()];
    const last = this.#last.get(from) ?? { life: 0, number: 0 };
    if (to !== this.#options.host || !this.#peers.has(from)) {
      this.#options.onRefused('stranger', `a heartbeat of ${from} for ${to}`);
      return;
    }
    const isLater = life > last.life || (life === last.life && number > last.number);
    if (!isLater) {
      this.#options.onRefused('repeated', `a heartbeat of ${from} that is not later than the last`);
      return;
    }
    this.#last.set(from, { life, number });
    this.#options.onHeartbeat(from, reader.blob());
  }
}

/**
 * The logging channel on a real host: a connection of TLS 1.3 over TCP to each peer that a replica
 * has to do with, whole messages of the protocol core in order. Whoever has something to begin
 * (`hello` of a primary, `offer` of a source) connects; the answers come back on the same
 * connection.
 *
 * Invariants:
 * - nothing of a connection reaches the replica before both ends have greeted
 * - a replica hears `channel-lost` once for each connection that it has not closed itself, and
 *   nothing of that connection after it
 * - a stranger, another machine, another configuration, a generation that is not awaited, bytes
 *   that are no frames: refused, told, counted
 */
import type { Server, TLSSocket } from 'node:tls';
import { BytesError } from '../base/bytes.ts';
import type { Digest } from '../base/digest.ts';
import { VmftError } from '../base/errors.ts';
import { readMessage } from '../ft/channel.ts';
import { HEADER_BYTES, MAX_BODY_BYTES } from '../ft/messages.ts';
import type { HostEvent, HostId } from '../ft/ports.ts';
import {
  type ChannelGreeting,
  decodeAnswer,
  decodeGreeting,
  encodeAnswer,
  encodeGreeting,
  GreetingVersionError,
} from './channel-greeting.ts';
import { reasonOf } from './files.ts';
import { FrameReader, writeFrame } from './framing.ts';
import type { HostConfig } from './group-config.ts';
import type { RefusalKind, Refuse } from './log.ts';
import { connectSecure, isAlteration, listenSecure } from './secure-socket.ts';

/** What has been sent when a connection is closed gets so long to go out, in ms. */
const LINGER_MS = 1000;

/** What a channel needs to know. */
export interface ChannelOptions {
  readonly machine: string;
  readonly host: HostId;
  readonly hosts: readonly HostConfig[];
  readonly key: Uint8Array;
  readonly configuration: Digest;
  /** Why a connection of `from`, for `generation`, is not awaited; undefined if it is. */
  readonly refusal: (from: HostId, generation: number) => string | undefined;
  readonly onEvent: (event: HostEvent) => void;
  /** A connection is up. */
  readonly onOpen: (peer: HostId) => void;
  /** A peer would not have us, and why. */
  readonly onRefusedBy: (peer: HostId, reason: string) => void;
  /** Somebody was turned away, or something was not understood. */
  readonly onRefused: Refuse;
}

/** Why a connection is refused. */
interface Refusal {
  readonly kind: RefusalKind;
  readonly reason: string;
}

/** A connection to or from a peer. */
interface Connection {
  readonly peer: HostId;
  readonly socket: TLSSocket;
  /** The greeting, or the answer to ours, is what comes next; then messages. */
  stage: 'greeting' | 'answer' | 'open';
  /** Frames that wait until it is open, or for the end of a cut. */
  waiting: Uint8Array[];
}

export class Channel {
  /** Bytes of messages sent and received. */
  readonly counts = { sent: 0, received: 0 };
  readonly #options: ChannelOptions;
  readonly #connections = new Map<HostId, Connection>();
  #server: Server | undefined;
  #cut = false;

  constructor(options: ChannelOptions) {
    this.#options = options;
  }

  /** Listens at this host's address; VmftError 'environment' where that cannot be. */
  async listen(): Promise<void> {
    const { key, hosts, host, onRefused } = this.#options;
    const { address } = hosts.find(({ name }) => name === host)!;
    this.#server = await listenSecure(address, {
      key,
      onSocket: (socket, peer) => {
        this.#watch({ peer, socket, stage: 'greeting', waiting: [] });
      },
      onStranger: (reason) => onRefused('stranger', `a connection: ${reason}`),
    });
  }

  /** Peers to which there is a connection. */
  get peers(): HostId[] {
    return [...this.#connections.values()]
      .filter(({ stage }) => stage === 'open')
      .map(({ peer }) => peer);
  }

  /** Whether there is a connection to `peer`, or there may soon be one. */
  isConnecting(peer: HostId): boolean {
    return this.#connections.has(peer);
  }

  /** The effect `send`. What is for nobody that we have to do with is lost. */
  send(to: HostId, bytes: Uint8Array): void {
    let connection = this.#connections.get(to);
    if (!connection) {
      const message = readMessage(bytes);
      if (message?.kind !== 'hello' && message?.kind !== 'offer') return;
      connection = this.connect(to, message.generation);
    }
    this.counts.sent += bytes.length;
    this.#write(connection, bytes);
  }

  /** Begins to connect to a peer of the group, about `generation`. */
  connect(peer: HostId, generation: number): Connection {
    const { key, host, hosts, machine, configuration } = this.#options;
    const { address } = hosts.find(({ name }) => name === peer)!;
    const socket = connectSecure(address, key, host);
    const connection: Connection = { peer, socket, stage: 'answer', waiting: [] };
    this.#connections.set(peer, connection);
    const greeting = { machine, from: host, to: peer, configuration, generation };
    socket.once('secureConnect', () => writeFrame(socket, encodeGreeting(greeting)));
    this.#watch(connection);
    return connection;
  }

  /** The effect `close-channel`. */
  close(peer: HostId): void {
    const connection = this.#connections.get(peer);
    if (!connection) return;
    this.#connections.delete(peer);
    end(connection.socket);
  }

  /** Cuts the link, or mends it: meanwhile nothing goes out, and what comes is not read. */
  set isCut(cut: boolean) {
    this.#cut = cut;
    for (const connection of this.#connections.values()) {
      if (cut) connection.socket.pause();
      else connection.socket.resume();
      if (!cut) this.#flush(connection);
    }
  }

  /** Breaks all connections, as a failing switch would. */
  break(): void {
    for (const { socket } of this.#connections.values()) socket.destroy();
  }

  /** Ends all connections once what was sent is out; settles then, or after a short while. */
  async end(): Promise<void> {
    this.#server?.close();
    const sockets = [...this.#connections.values()].map(({ socket }) => socket);
    this.#connections.clear();
    await Promise.all(
      sockets.map((socket) => {
        end(socket);
        return new Promise((done) => socket.once('close', done));
      }),
    );
  }

  /** Reads what comes on a new connection, and notices its end. */
  #watch(connection: Connection): void {
    const { peer, socket } = connection;
    const reader = new FrameReader(HEADER_BYTES + MAX_BODY_BYTES);
    socket.on('data', (bytes: Buffer) => {
      try {
        for (const frame of reader.push(bytes)) this.#take(connection, frame);
      } catch (error) {
        if (!(error instanceof VmftError || error instanceof BytesError)) throw error;
        const kind = error instanceof GreetingVersionError ? 'version' : 'malformed';
        this.#options.onRefused(kind, `${peer}: ${error.message}`);
        socket.destroy();
      }
    });
    socket.on('error', (error) => {
      if (isAlteration(error)) this.#options.onRefused('altered', `${peer}: ${reasonOf(error)}`);
    });
    socket.once('close', () => this.#lose(connection));
  }

  #take(connection: Connection, frame: Uint8Array): void {
    switch (connection.stage) {
      case 'greeting':
        this.#onGreeting(connection, frame);
        break;
      case 'answer':
        this.#onAnswer(connection, frame);
        break;
      case 'open':
        if (!this.#isPresent(connection)) break;
        this.counts.received += frame.length;
        this.#options.onEvent({ kind: 'message', from: connection.peer, bytes: frame });
    }
  }

  /** Somebody with the key has connected, and says what for. */
  #onGreeting(connection: Connection, frame: Uint8Array): void {
    const { peer, socket } = connection;
    if (socket.writableEnded) return;
    const refusal = this.#judge(decodeGreeting(frame), peer);
    writeFrame(socket, encodeAnswer(refusal?.reason));
    if (refusal) {
      this.#options.onRefused(refusal.kind, `${peer}: ${refusal.reason}`);
      end(socket);
      return;
    }
    const former = this.#connections.get(peer);
    if (former) this.#lose(former);
    this.#connections.set(peer, connection);
    this.#open(connection);
  }

  #onAnswer(connection: Connection, frame: Uint8Array): void {
    const refusal = decodeAnswer(frame);
    if (refusal === undefined) {
      this.#open(connection);
    } else {
      this.#options.onRefusedBy(connection.peer, refusal);
      this.#lose(connection);
    }
  }

  #open(connection: Connection): void {
    connection.stage = 'open';
    if (this.#cut) connection.socket.pause();
    this.#flush(connection);
    if (this.#isPresent(connection)) this.#options.onOpen(connection.peer);
  }

  #judge(greeting: ChannelGreeting, identity: HostId): Refusal | undefined {
    const { machine, from, to, configuration, generation } = greeting;
    const { host, hosts, refusal, ...own } = this.#options;
    if (machine !== own.machine)
      return { kind: 'machine', reason: `expected machine ${own.machine}, got ${machine}` };
    if (from !== identity || !hosts.some(({ name }) => name === from) || from === host)
      return { kind: 'stranger', reason: `${from} is no other host of this machine` };
    if (to !== host) return { kind: 'stranger', reason: `this is ${host}, not ${to}` };
    if (configuration !== own.configuration)
      return { kind: 'configuration', reason: 'image or configuration differ' };
    const reason = refusal(from, generation);
    return reason === undefined ? undefined : { kind: 'generation', reason };
  }

  /** A connection that is no longer the one to its peer has nothing to say. */
  #isPresent(connection: Connection): boolean {
    return this.#connections.get(connection.peer) === connection;
  }

  #lose(connection: Connection): void {
    if (!this.#isPresent(connection)) return;
    this.#connections.delete(connection.peer);
    connection.socket.destroy();
    this.#options.onEvent({ kind: 'channel-lost', peer: connection.peer });
  }

  #write(connection: Connection, bytes: Uint8Array): void {
    if (connection.stage === 'open' && !this.#cut) writeFrame(connection.socket, bytes);
    else connection.waiting.push(bytes);
  }

  #flush(connection: Connection): void {
    if (connection.stage !== 'open' || this.#cut) return;
    for (const bytes of connection.waiting.splice(0)) writeFrame(connection.socket, bytes);
  }
}

/** Closes a connection when what was written to it is out, or has had its time. */
function end(socket: TLSSocket): void {
  socket.end();
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

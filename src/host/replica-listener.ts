/**
 * A server of replicas (disk server, gateway) on the network: their connections, and the frames in
 * them. The first frame of a connection is a greeting, which the server takes or refuses.
 */
import type { Server, TLSSocket } from 'node:tls';
import { VmftError } from '../base/errors.ts';
import { reasonOf } from './files.ts';
import { FrameReader, writeFrame } from './framing.ts';
import type { Refuse } from './log.ts';
import { type Address, isAlteration, listenSecure } from './secure-socket.ts';

/** Where the answers to one replica go. */
export interface ReplicaEnd {
  send(bytes: Uint8Array): void;
  /** Bytes that were sent and that the replica has not taken yet. */
  readonly waitingBytes: number;
  /** Ends the connection. */
  end(): void;
}

/** What answers replicas. `host` is what a replica calls itself, `end` tells connections apart. */
export interface ReplicaServer {
  /** The first frame. False if it is refused; the end has been told why. */
  greet(host: string, bytes: Uint8Array, end: ReplicaEnd): boolean;
  /** Later frames that have come together. False if the connection cannot be used any more. */
  serve(host: string, frames: readonly Uint8Array[], end: ReplicaEnd): boolean;
  /** The connection has ended. */
  leave(host: string, end: ReplicaEnd): void;
  /** Somebody was turned away. */
  readonly refuse: Refuse;
}

/** How a server listens. */
export interface ReplicaListenerOptions {
  readonly address: Address;
  /** Who has it is served. */
  readonly key: Uint8Array;
  /** Longest frame of a replica, in bytes. */
  readonly maxBytes: number;
}

/** Begins to serve; VmftError 'environment' where that cannot be. */
export function listenForReplicas(
  server: ReplicaServer,
  { address, key, maxBytes }: ReplicaListenerOptions,
): Promise<Server> {
  return listenSecure(address, {
    key,
    onSocket: (socket, host) => connect(server, socket, host, new FrameReader(maxBytes)),
    onStranger: (reason) => server.refuse('stranger', `a connection: ${reason}`),
  });
}

function connect(
  server: ReplicaServer,
  socket: TLSSocket,
  host: string,
  reader: FrameReader,
): void {
  const end: ReplicaEnd = {
    send: (bytes) => writeFrame(socket, bytes),
    get waitingBytes() {
      return socket.writableLength;
    },
    end: () => socket.destroy(),
  };
  let greeted = false;
  const take = (frames: Uint8Array[]): boolean => {
    const hello = greeted ? undefined : frames.shift();
    if (hello) greeted = server.greet(host, hello, end);
    if (hello && !greeted) return false;
    return frames.length === 0 || server.serve(host, frames, end);
  };
  socket.on('data', (bytes: Buffer) => {
    if (socket.destroyed) return;
    try {
      if (!take(reader.push(bytes))) socket.destroySoon();
    } catch (error) {
      if (!(error instanceof VmftError)) throw error;
      server.refuse('malformed', `${host}: ${error.message}`);
      socket.destroy();
    }
  });
  socket.on('error', (error) => {
    if (isAlteration(error)) server.refuse('altered', `${host}: ${reasonOf(error)}`);
  });
  socket.on('close', () => server.leave(host, end));
}

/** The disk server on the network: connections of replicas, and the frames in them. */
import type { Server, TLSSocket } from 'node:tls';
import { VmftError } from '../base/errors.ts';
import { MAX_DISK_MESSAGE_BYTES } from './disk-messages.ts';
import type { DiskClientEnd, DiskServer } from './disk-server.ts';
import { FrameReader, frameBytes } from './framing.ts';
import { type Address, listenSecure } from './secure-socket.ts';

/** Serves at `address` those who have the key; VmftError 'environment' where that cannot be. */
export function listenForReplicas(
  server: DiskServer,
  address: Address,
  key: Uint8Array,
): Promise<Server> {
  return listenSecure(address, {
    key,
    onSocket: (socket, host) => connect(server, socket, host),
    onStranger: (reason) => server.refuse(`a connection: ${reason}`),
  });
}

function connect(server: DiskServer, socket: TLSSocket, host: string): void {
  const reader = new FrameReader(MAX_DISK_MESSAGE_BYTES);
  const end: DiskClientEnd = {
    send: (bytes) => socket.write(frameBytes(bytes)),
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
      server.refuse(`${host}: ${error.message}`);
      socket.destroy();
    }
  });
  socket.on('close', () => server.leave(host, end));
}

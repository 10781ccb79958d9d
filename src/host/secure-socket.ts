/**
 * Streams between the processes of one machine: TLS 1.3 over TCP or over a Unix socket. All
 * processes of a machine share one secret key of 32 bytes, and TLS proves at both ends that the
 * other has it (a pre-shared key instead of certificates), so a stranger gets no further than the
 * handshake. The key is in a file that only its owner may read.
 *
 * An address is `HOST:PORT`, with brackets around an IPv6 host, or `unix:PATH`.
 */
import { rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import { VmftError } from '../base/errors.ts';
import { reasonOf, shortPath } from './files.ts';

/** Bytes of a key. */
export const KEY_BYTES = 32;

/** The one cipher: a pre-shared key of TLS 1.3 goes with SHA-256. */
const TLS = {
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  ciphers: 'TLS_AES_128_GCM_SHA256',
} as const;

/** A connection that has not shown the key by then is closed. */
const HANDSHAKE_MS = 10_000;

/** A name or an address (of IPv6 without brackets), and a port. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Where a process listens. */
export type Address = { readonly path: string } | HostPort;

const HOST_PORT = /^(?:\[([^\]]+)\]|([^:[\]/]+)):(\d{1,5})$/;

/** Reads HOST:PORT; VmftError 'usage' for a text that is something else. */
export function parseHostPort(text: string): HostPort {
  const [, bracketed, plain, digits] = HOST_PORT.exec(text) ?? [];
  const [host, port] = [bracketed ?? plain, Number(digits)];
  if (host !== undefined && port > 0 && port < 65536) return { host, port };
  throw new VmftError('usage', `"${text}": write HOST:PORT, as in 10.0.0.1:7100 or [::1]:7100`);
}

/** Reads an address; VmftError 'usage' for a text that is none. */
export function parseAddress(text: string): Address {
  return text.startsWith('unix:') && text.length > 5
    ? { path: text.slice(5) }
    : parseHostPort(text);
}

/** An address as {@link parseAddress} reads it. */
export function addressText(address: Address): string {
  if ('path' in address) return `unix:${address.path}`;
  return hostPortText(address);
}

/** HOST:PORT, with brackets around an IPv6 address. */
export const hostPortText = ({ host, port }: HostPort): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

/** An address as the system takes it. */
const reachable = (address: Address): Address =>
  'path' in address ? { path: shortPath(address.path) } : address;

/** What a listener does. */
export interface Listener {
  readonly key: Uint8Array;
  /** A peer that has shown the key, and what it calls itself; it may say any name. */
  readonly onSocket: (socket: TLSSocket, identity: string) => void;
  /** Somebody was turned away, or vanished during the handshake. */
  readonly onStranger: (reason: string) => void;
}

/** Begins to listen; VmftError 'environment' where that cannot be. */
export async function listenSecure(address: Address, listener: Listener): Promise<Server> {
  const { key, onSocket, onStranger } = listener;
  const identities = new WeakMap<object, string>();
  const server = createServer({
    ...TLS,
    handshakeTimeout: HANDSHAKE_MS,
    pskCallback: (socket, identity) => {
      identities.set(socket, identity);
      return key;
    },
  });
  server.on('tlsClientError', (error) => onStranger(reasonOf(error)));
  server.on('secureConnection', (socket) => {
    prepare(socket);
    onSocket(socket, identities.get(socket) ?? '');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(reachable(address), resolve);
  }).catch((error: unknown) => {
    throw new VmftError(
      'environment',
      `cannot listen on ${addressText(address)}: ${reasonOf(error)}`,
    );
  });
  server.removeAllListeners('error').on('error', (error) => onStranger(reasonOf(error)));
  return server;
}

/**
 * Begins to connect; the socket says `secureConnect`, or `error` and `close`. In TLS 1.3 the former
 * comes before the server can refuse: only an answer proves that it has not.
 */
export function connectSecure(address: Address, key: Uint8Array, identity: string): TLSSocket {
  const stream = createConnection(reachable(address));
  const socket = connect({
    ...TLS,
    socket: stream,
    pskCallback: () => ({ psk: key, identity }),
    checkServerIdentity: () => undefined,
  });
  prepare(socket);
  // Else the reason why nobody could be reached is lost.
  stream.once('error', (error) => socket.destroy(error));
  return socket;
}

/**
 * Small messages go out at once; errors end in `close`, which everybody listens to. (After a record
 * that was altered on its way, Node by itself leaves the socket open.)
 */
function prepare(socket: TLSSocket): void {
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
}

/** Whether a connection has ended because its bytes are not those that were sent. */
export const isAlteration = (error: Error): boolean =>
  (error as NodeJS.ErrnoException).code?.startsWith('ERR_SSL_') ?? false;

/** Takes away the socket file that a process of the same name has left behind. */
export function removeSocket(address: Address): void {
  if ('path' in address) rmSync(address.path, { force: true });
}

/** Sockets of the host at which clients of a guest come in, with errors that say what to do. */
import type { Socket as DatagramSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import { bindDatagrams, cannotListen } from './host-address.ts';
import { hostPortText } from './secure-socket.ts';

/** Host address and port, and the guest's port behind them. */
export interface PublishSpec {
  /** A name or an address; an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
  readonly guestPort: number;
  readonly protocol: 'udp' | 'tcp';
}

/** A port of the guest and its place on the host, for people. */
export function describePublished({ protocol, host, port, guestPort }: PublishSpec): string {
  const place = hostPortText({ host, port });
  return `${protocol.toUpperCase()} ${place} is port ${guestPort} of the guest`;
}

/** The guest's way to a LAN, for people. */
export const describeTap = (name: string): string => `the guest is on the LAN of ${name}`;

/** What to do about a port that somebody else has. */
const REMEDY = 'publish at another, or end who has it';

/** Takes datagrams at the spec's place; VmftError 'environment' where that cannot be. */
export const listenUdp = (spec: PublishSpec): Promise<DatagramSocket> =>
  bindDatagrams(spec, REMEDY);

/** Takes connections at the spec's place; VmftError 'environment' where that cannot be. */
export async function listenTcp(
  spec: PublishSpec,
  onClient: (socket: Socket) => void,
): Promise<Server> {
  // A client that sends no more may still read: each direction has an end of its own.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, onClient);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(spec.port, spec.host, resolve);
  }).catch((error: unknown) => {
    throw cannotListen('TCP', spec, error, REMEDY);
  });
  server.removeAllListeners('error');
  // Too many open files: the client is not accepted now, and others are later.
  server.on('error', () => {});
  return server;
}

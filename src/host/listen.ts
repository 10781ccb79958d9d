/** Sockets of the host at which clients of a guest come in, with errors that say what to do. */
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import { VmftError } from '../base/errors.ts';
import { reasonOf } from './files.ts';

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
  return `${protocol.toUpperCase()} ${host}:${port} is port ${guestPort} of the guest`;
}

/** Takes datagrams at the spec's place; VmftError 'environment' where that cannot be. */
export async function listenUdp(spec: PublishSpec): Promise<DatagramSocket> {
  const socket = createSocket(spec.host.includes(':') ? 'udp6' : 'udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(spec.port, spec.host, resolve);
  }).catch((error: unknown) => {
    socket.close();
    throw cannotListen(spec, error);
  });
  socket.removeAllListeners('error');
  // An unreachable client answers with ICMP errors; its datagrams are simply lost.
  socket.on('error', () => {});
  return socket;
}

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
    throw cannotListen(spec, error);
  });
  server.removeAllListeners('error');
  // Too many open files: the client is not accepted now, and others are later.
  server.on('error', () => {});
  return server;
}

function cannotListen({ protocol, host, port }: PublishSpec, error: unknown): VmftError {
  const used = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
  const remedy = used ? '; publish at another, or end who has it' : '';
  return new VmftError(
    'environment',
    `cannot listen on ${protocol.toUpperCase()} ${host}:${port}: ${reasonOf(error)}${remedy}`,
  );
}

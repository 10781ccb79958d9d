/**
 * Addresses of hosts for datagrams. A socket for datagrams is of one family, IPv4 or IPv6, and what
 * is sent to a name would be looked up anew each time, in the middle of a failure too.
 */
import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { VmftError } from '../base/errors.ts';
import { reasonOf } from './files.ts';
import { type HostPort, hostPortText } from './secure-socket.ts';

/** Time after which a name is looked up again, in ms. */
const REFRESH_MS = 10_000;

/** A socket for datagrams, bound to `place`; VmftError 'environment' where that cannot be. */
export async function bindDatagrams(place: HostPort, remedy = ''): Promise<Socket> {
  let socket: Socket | undefined;
  try {
    const { address, family } = await lookup(place.host);
    const opened = createSocket(family === 6 ? 'udp6' : 'udp4');
    socket = opened;
    await new Promise<void>((resolve, reject) => {
      opened.once('error', reject);
      opened.bind(place.port, address, resolve);
    });
    // A peer that is not there answers with ICMP errors: its silence is all that matters.
    return opened.removeAllListeners('error').on('error', () => {});
  } catch (error) {
    socket?.close();
    throw cannotListen('UDP', place, error, remedy);
  }
}

/** The error that nobody can listen at a place, with a `remedy` if somebody else does. */
export function cannotListen(
  protocol: string,
  place: HostPort,
  error: unknown,
  remedy: string,
): VmftError {
  const used = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
  const text = `cannot listen on ${protocol} ${hostPortText(place)}: ${reasonOf(error)}`;
  return new VmftError('environment', used && remedy !== '' ? `${text}; ${remedy}` : text);
}

/** Whether an address, or a name as far as it is known, is one of this computer. */
export async function isOwnHost(host: string): Promise<boolean> {
  const own = Object.values(networkInterfaces()).flatMap((all = []) => all);
  try {
    const found = await lookup(host, { all: true });
    return found.some(
      ({ address }) => isAnyHost(address) || own.some((mine) => mine.address === address),
    );
  } catch {
    // Nobody knows the name now.
    return false;
  }
}

/** Loopback has more addresses than its interface names, and a listener may take all there are. */
const isAnyHost = (address: string): boolean =>
  address.startsWith('127.') || ['::1', '0.0.0.0', '::'].includes(address);

/** Where datagrams for one peer go: the last that its name was known to mean. */
export class PeerAddress {
  readonly #place: HostPort;
  readonly #family: 4 | 6;
  #address: string | undefined;
  #askedMs: number | undefined;

  /** The peer at `place`, for a socket of the family given. */
  constructor(place: HostPort, family: 4 | 6) {
    this.#place = place;
    this.#family = family;
    if (isIP(place.host) > 0) this.#address = this.#reachable(place.host);
  }

  /** Sends by `socket`; lost while the name is not known. `nowMs` is of a monotonic clock. */
  send(socket: Socket, bytes: Uint8Array, nowMs: number): void {
    this.#refresh(nowMs);
    if (this.#address !== undefined) socket.send(bytes, this.#place.port, this.#address, () => {});
  }

  #refresh(nowMs: number): void {
    const { host } = this.#place;
    const isKnown = this.#askedMs !== undefined && nowMs - this.#askedMs < REFRESH_MS;
    if (isIP(host) > 0 || isKnown) return;
    this.#askedMs = nowMs;
    const found = lookup(host, this.#family === 4 ? { family: 4 } : {});
    found.then(
      ({ address }) => {
        this.#address = this.#reachable(address);
      },
      // Whoever answers for names is away: what it said before holds.
      () => {},
    );
  }

  /** A socket of IPv6 reaches an address of IPv4 by its mapping. */
  #reachable(address: string): string {
    return this.#family === 6 && isIP(address) === 4 ? `::ffff:${address}` : address;
  }
}

/**
 * Ports of 127.0.0.1 for servers that begin a moment later. Until then, and while one that has died
 * is started anew, nobody must get its port by chance: they lie below those that systems give to
 * clients by themselves.
 */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** The first port, and how many there are. */
const FIRST = 10_000;
const COUNT = 10_000;

/** Another machine that begins at the same time looks elsewhere; one that asks twice gets two. */
let next = randomInt(COUNT);

/** A port that nobody uses now, neither with TCP nor with UDP; another one at each call. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + next;
    next = (next + 1) % COUNT;
    if (await isFree(port)) return port;
  }
}

/** Whether nobody uses the port of 127.0.0.1 now, neither with TCP nor with UDP. */
export async function isFree(port: number): Promise<boolean> {
  const [tcp, udp] = [createServer(), createSocket('udp4')];
  try {
    tcp.listen(port, '127.0.0.1');
    udp.bind(port, '127.0.0.1');
    await Promise.all([once(tcp, 'listening'), once(udp, 'listening')]);
    return true;
  } catch {
    return false;
  } finally {
    tcp.close();
    udp.close();
  }
}

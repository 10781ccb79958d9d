/**
 * Ports of this computer for servers that a test starts later. Between the choice and the start
 * nobody else may get one: they lie below those that the system gives to clients by itself, and
 * each worker of the test runner has a share of its own.
 */
import { isFree } from '../../src/host/free-port.ts';

const FIRST = 20_000;
/** Ports of a worker, and workers. */
const SHARE = 1250;
const WORKERS = 8;

const first = FIRST + SHARE * (Number(process.env.VITEST_POOL_ID ?? 0) % WORKERS);
// Two runs of the tests at the same time begin at different places.
let next = (process.ppid * 61) % SHARE;

/** A port that nobody uses, neither with TCP nor with UDP. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = first + next;
    next = (next + 1) % SHARE;
    if (await isFree(port)) return port;
  }
}

/** Several such ports, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) ports.push(await freePort());
  return ports;
}

/** The first of so many such ports that follow each other. */
export async function freePortRange(count: number): Promise<number> {
  for (;;) {
    const ports = await freePorts(count);
    if (ports.at(-1)! - ports[0]! === count - 1) return ports[0]!;
  }
}

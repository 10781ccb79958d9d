/**
 * The guests that `npm run bench:real` measures, each a redis at a port of this computer: protected
 * by two hosts, on one host behind the same gateway, or in the one process of `vmft run`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../dist/host/free-port.js';
import { hurt } from '../../../dist/host/machine-control.js';
import { createMachine, openMachine } from '../../../dist/host/machine-folder.js';
import { isLive, statusOf } from '../../../dist/host/machine-status.js';
import { root, VMFT } from '../measure.mjs';

const GUEST_PORT = 6379;
const RAM_BYTES = 16 * 1024 * 1024;
const LOOK_MS = 20;

/** Waits so many ms. */
export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function until(look) {
  for (;;) {
    const found = await look();
    if (found) return found;
    await pause(LOOK_MS);
  }
}

const begin = (args, cwd = root) =>
  spawn(process.execPath, [VMFT, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });

/** `vmft run redis` → its port, and how to end it. */
export async function runGuest() {
  const port = await freePort();
  const child = begin(['run', 'redis', '--publish', `${port}:${GUEST_PORT}/tcp`]);
  await once(child.stdout, 'data');
  return { port, end: () => void child.kill() };
}

/** A machine in a folder, and the processes that are to be ended with it. */
class Machine {
  constructor(folder, children) {
    this.folder = folder;
    this.children = children;
    this.config = openMachine(folder);
    this.port = this.config.publish[0].port;
  }

  /** The replica on which the guest is live, once `isReady` says so of it. */
  live(isReady) {
    return until(async () => {
      const { gateway, replicas } = await statusOf(this.config);
      return gateway.isReady && replicas.find((replica) => isLive(replica) && isReady(replica));
    });
  }

  /** The primary, once it has a backup. */
  primary() {
    return this.live((replica) => replica.protected);
  }

  /** Kills the primary, or suspends or resumes it. */
  hurt(harm) {
    return hurt(this.config, 'primary', harm);
  }

  async end() {
    const ends = this.children.map((child) => once(child, 'exit'));
    for (const child of this.children) child.kill('SIGINT');
    await Promise.all(ends);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** `vmft protect redis --restart`, with the default time-outs. */
export async function protectGuest() {
  const folder = mkdtempSync(join(tmpdir(), 'vmft-bench-'));
  const publish = `${await freePort()}:${GUEST_PORT}/tcp`;
  const child = begin(['protect', 'redis', '--publish', publish, '--restart', '--dir', folder]);
  child.stdout.resume();
  child.stderr.resume();
  await until(() => existsSync(join(folder, 'machine.json')));
  const machine = new Machine(folder, [child]);
  await machine.primary();
  return machine;
}

/** The same guest on one host without a backup, behind a gateway of its own. */
export async function guestOnOneHost() {
  const folder = mkdtempSync(join(tmpdir(), 'vmft-bench-'));
  const port = await freePort();
  await createMachine(folder, {
    name: 'redis',
    image: readFileSync(`${root}/programs/images/redis.elf`),
    replicas: 1,
    guest: { memory: RAM_BYTES, append: '', strict: false },
    disks: [],
    publish: [{ host: '127.0.0.1', port, guestPort: GUEST_PORT, protocol: 'tcp' }],
    settings: {},
  });
  const commands = [['gateway'], ['host', 'alpha', '--cold-start']];
  const children = commands.map((words) => begin([...words, '--config', 'machine.json'], folder));
  const machine = new Machine(folder, children);
  await machine.live(() => true);
  return machine;
}

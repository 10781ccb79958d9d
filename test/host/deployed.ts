/**
 * The machine of docs/deploy.md on hosts of its own: network namespaces (namespaces.sh), each with
 * an address, a folder and a process.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { askControl } from '../../src/host/control.ts';
import { openAnyMachine } from '../../src/host/machine-folder.ts';
import { type MachineStatus, statusOf } from '../../src/host/machine-status.ts';
import { partFiles } from '../../src/host/part.ts';
import { guestImage } from '../support/guest-image.ts';
import { PATIENCE_MS, PROGRAM } from './support.ts';

const SCRIPT = fileURLToPath(new URL('namespaces.sh', import.meta.url));
/** The configuration that docs/deploy.md shows. */
export const CONFIG = fileURLToPath(new URL('../../docs/deploy/machine.yaml', import.meta.url));
const DISK_BYTES = 8192 * 512;

/** The same, but a slow computer must not look like a dead one. */
function patientConfig(): string {
  const [before, after, ...more] = readFileSync(CONFIG, 'utf8').split('failureTimeoutMs: 2000');
  if (after === undefined || more.length > 0) throw new Error(`${CONFIG}: another time-out`);
  return `${before}failureTimeoutMs: 5000${after}`;
}

/** The hosts of namespaces.sh. */
export type HostName = 'alpha' | 'beta' | 'disk' | 'gateway' | 'client';

export class Deployed {
  readonly #home = mkdtempSync(join(tmpdir(), 'vmft-deployed-'));
  readonly #prefix = `vmft${process.pid}`;
  readonly #children: ChildProcess[] = [];

  /** Builds the hosts, and puts on each what docs/deploy.md has there. */
  constructor() {
    this.#script('up');
    const key = randomBytes(32);
    for (const host of ['alpha', 'beta', 'disk', 'gateway'] as const) {
      mkdirSync(this.#folder(host));
      writeFileSync(join(this.#folder(host), 'machine.yaml'), patientConfig());
      writeFileSync(join(this.#folder(host), 'key'), key, { mode: 0o600 });
    }
    for (const host of ['alpha', 'beta'] as const)
      writeFileSync(join(this.#folder(host), 'redis.elf'), guestImage('redis'));
    writeFileSync(join(this.#folder('disk'), 'disk.img'), new Uint8Array(DISK_BYTES));
  }

  #folder(host: HostName): string {
    return join(this.#home, host);
  }

  #script(...words: string[]): void {
    const [action, ...rest] = words as [string, ...string[]];
    execFileSync(SCRIPT, [action, this.#prefix, ...rest]);
  }

  /** Unplugs a host, or plugs it in again. */
  cut(host: HostName): void {
    this.#script('cut', host);
  }
  join(host: HostName): void {
    this.#script('join', host);
  }

  /** Runs a program on a host; `ip` becomes that program. */
  run(host: HostName, program: string, ...args: string[]): ChildProcess {
    return this.#spawn(host, 'pipe', program, ...args);
  }

  /** `said` takes standard error. */
  #spawn(host: HostName, said: 'pipe' | number, program: string, ...args: string[]): ChildProcess {
    const words = ['netns', 'exec', `${this.#prefix}-${host}`, program, ...args];
    const child = spawn('ip', words, { cwd: this.#home, stdio: ['pipe', 'pipe', said] });
    this.#children.push(child);
    return child;
  }

  /** The arbiter: an etcd server beside the disk. */
  startEtcd(): ChildProcess {
    const url = 'http://10.77.0.3:2379';
    const [data, peers] = [join(this.#home, 'etcd'), 'http://127.0.0.1:2380'];
    return this.run(
      'disk',
      'etcd',
      ...['--data-dir', data, '--listen-client-urls', url, '--advertise-client-urls', url],
      ...['--listen-peer-urls', peers, '--initial-advertise-peer-urls', peers],
      ...['--initial-cluster', `default=${peers}`, '--log-level', 'error'],
    );
  }

  /** Starts a `vmft` command of a host, in its folder; its log is kept. */
  start(host: HostName, ...words: string[]): ChildProcess {
    const config = join(this.#folder(host), 'machine.yaml');
    const command = [process.execPath, PROGRAM, ...words, '--config', config] as const;
    // What it says is in the file at once, and not when somebody here has read it.
    const log = openSync(this.#log(host), 'a');
    const child = this.#spawn(host, log, ...command);
    closeSync(log);
    return child;
  }

  #log(host: HostName): string {
    return join(this.#home, `${host}.log`);
  }

  /** What the processes of a host have said. */
  log(host: HostName): string {
    return existsSync(this.#log(host)) ? readFileSync(this.#log(host), 'utf8') : '';
  }

  /** What the process of a host says of itself; undefined while it does not answer. */
  async status<Status>(host: HostName): Promise<Status | undefined> {
    const { control } = partFiles(this.#folder(host), host);
    return (await askControl(control, { ask: 'status' }, PATIENCE_MS)) as Status | undefined;
  }

  /** What `vmft status` shows on a host. */
  look(host: HostName): Promise<MachineStatus> {
    return statusOf(openAnyMachine(this.#folder(host)));
  }

  /** Ends what was started, and takes the hosts away. */
  async end(): Promise<void> {
    const living = this.#children.filter((c) => c.exitCode === null && c.signalCode === null);
    const gone = living.map((child) => once(child, 'exit'));
    for (const child of living) child.kill('SIGKILL');
    await Promise.all(gone);
    this.#script('down');
    rmSync(this.#home, { recursive: true, force: true });
  }
}

/**
 * A machine of real processes in a folder of its own, without the command that sets one up: for
 * tests that kill, pause and start its parts one by one.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
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
import { afterEach, beforeEach } from 'vitest';
import { askControl } from '../../src/host/control.ts';
import { partFiles } from '../../src/host/part.ts';

/** What package.json installs as `vmft`. */
export const PROGRAM = fileURLToPath(new URL('../../dist/bin/main.js', import.meta.url));

/** What does not come within this time, in ms, does not come at all. */
export const PATIENCE_MS = 60_000;

/** Waits until `look` finds something, and gives it back. */
export async function until<T>(what: string, look: () => T | Promise<T>): Promise<NonNullable<T>> {
  const giveUp = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > giveUp) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A folder with a configuration and a key, and the processes that a test has started in it. */
export class Parts {
  #folder = '';
  #key = new Uint8Array();
  readonly #children = new Map<string, ChildProcess>();

  private constructor() {}

  /** For each test of the file an empty folder and a key; afterwards all is gone. */
  static forEachTest(): Parts {
    const parts = new Parts();
    beforeEach(() => {
      parts.#folder = mkdtempSync(join(tmpdir(), 'vmft-host-'));
      parts.#key = new Uint8Array(randomBytes(32));
    });
    afterEach(() => parts.#end());
    return parts;
  }

  get folder(): string {
    return this.#folder;
  }

  get key(): Uint8Array {
    return this.#key;
  }

  /** Writes the configuration `machine.json`. */
  configure(config: object): void {
    for (const name of ['log', 'arbiter']) mkdirSync(join(this.folder, name), { recursive: true });
    writeFileSync(join(this.folder, 'key'), this.key);
    const whole = {
      machine: 'm',
      guest: { image: 'image' },
      key: 'key',
      arbiter: 'dir:arbiter',
      hosts: [{ name: 'alpha', address: '127.0.0.1:1' }],
      disk: 'unix:disk.socket',
      gateway: 'unix:gateway.socket',
      ...config,
    };
    writeFileSync(join(this.folder, 'machine.json'), JSON.stringify(whole));
  }

  at(name: string): string {
    return join(this.folder, name);
  }

  /** Starts a process by the command that runs it; `before` is what a shell does first. */
  start(name: string, command: readonly string[], before = ':'): ChildProcess {
    const line = [process.execPath, PROGRAM, ...command, '--config', this.at('machine.json')];
    const args = ['-c', `${before}; exec "$@"`, 'sh', ...line];
    // What it says is in the file at once, and not when somebody here has read it.
    const log = openSync(this.#logFile(name), 'w');
    const child = spawn('sh', args, { cwd: this.folder, stdio: ['ignore', 'ignore', log] });
    closeSync(log);
    this.#children.set(name, child);
    return child;
  }

  /** What a process has logged. */
  log(name: string): string {
    return readFileSync(this.#logFile(name), 'utf8');
  }

  #logFile(name: string): string {
    return this.at(`log/${name}.log`);
  }

  /** What a process says of itself; undefined while it does not answer. */
  async status<Status = Record<string, unknown>>(name: string): Promise<Status | undefined> {
    const { control } = partFiles(this.folder, name);
    return (await askControl(control, { ask: 'status' }, PATIENCE_MS)) as Status | undefined;
  }

  /** Kills a process as a power cut would, and waits until it is gone. */
  async kill(name: string): Promise<void> {
    const child = this.#children.get(name)!;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await gone;
  }

  async #end(): Promise<void> {
    for (const name of this.#children.keys()) await this.kill(name);
    this.#children.clear();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

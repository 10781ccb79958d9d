/** `vmft protect` as a user runs it: its commands, and the processes that it leaves. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { openMachine } from '../../src/host/machine-folder.ts';
import {
  type MachineStatus,
  type ReplicaStatusReport,
  statusOf,
} from '../../src/host/machine-status.ts';
import { guestImage } from '../support/guest-image.ts';
import { freePorts } from '../support/ports.ts';
import { PROGRAM, until } from './support.ts';

/** A slow computer must not look like a dead one; a killed process is noticed at once. */
const PATIENT = ['--failure-timeout', '10s'];

/** A command that hangs is ended after this time: nobody else could end it, nor its test. */
const TIMEOUT_MS = 100_000;

/** Lines of each log that are shown where something was waited for in vain. */
const LAST_LINES = 40;

/** How a command has ended, and what it has said. */
export interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A machine in a folder of its own, with one published port. */
export class Protected {
  #home = '';
  #port = 0;

  private constructor() {}

  /** For each test of the file a folder and a port, and no machine yet; afterwards all is gone. */
  static forEachTest(): Protected {
    const machine = new Protected();
    beforeEach(async () => {
      machine.#home = mkdtempSync(join(tmpdir(), 'vmft-protect-'));
      [machine.#port] = (await freePorts(1)) as [number];
    });
    afterEach(() => machine.#end());
    return machine;
  }

  /** The working directory of commands. */
  get home(): string {
    return this.#home;
  }

  /** The folder of the machine. */
  get dir(): string {
    return join(this.#home, 'm.d');
  }

  /** The port of 127.0.0.1 that it publishes. */
  get port(): number {
    return this.#port;
  }

  /** Runs a command to its end. */
  vmft(...args: string[]): Result {
    const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], {
      encoding: 'utf8',
      cwd: this.home,
      timeout: TIMEOUT_MS,
    });
    return { status, stdout, stderr };
  }

  #command(guest: string, guestPort: string, more: readonly string[]): string[] {
    const image = isAbsolute(guest) ? guest : this.#shipped(guest);
    const publish = ['--publish', `${this.port}:${guestPort}`];
    return ['protect', image, ...publish, ...PATIENT, '--dir', this.dir, ...more];
  }

  /** Assembled once for all tests, and not in half a second of every machine's birth. */
  #shipped(guest: string): string {
    const image = join(this.home, `${guest}.elf`);
    writeFileSync(image, guestImage(guest));
    return image;
  }

  /** Starts a machine and leaves it alone; its guest is one of programs/, or a file. */
  start(guest: string, guestPort: string, ...more: string[]): void {
    const args = this.#command(guest, guestPort, [...more, '--detach']);
    expect(this.vmft(...args)).toMatchObject({ status: 0, stdout: `${this.dir}\n` });
  }

  /**
   * The same in the foreground; what it has said so far is in `said`, and `ended` settles with its
   * status when it has ended and all that it has said is there.
   */
  watch(guest: string, guestPort: string, ...more: string[]) {
    const args = [PROGRAM, ...this.#command(guest, guestPort, more)];
    const child: ChildProcess = spawn(process.execPath, args, { cwd: this.home });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
    }
    const ended = once(child, 'close').then(([status]) => status as number | null);
    return { child, said: () => text, ended };
  }

  /** What `vmft status` shows; undefined while there is no machine. */
  async look(): Promise<MachineStatus | undefined> {
    if (!existsSync(join(this.dir, 'machine.json'))) return undefined;
    return statusOf(openMachine(this.dir));
  }

  /** Waits until a replica has a role, and gives it back. */
  withRole(role: string): Promise<ReplicaStatusReport> {
    return until(`there is a replica with the role ${role}`, async () =>
      (await this.look())?.replicas.find((replica) => replica.role === role),
    );
  }

  /** Waits until the primary has a backup, and the gateway is there. */
  async isProtected(): Promise<MachineStatus> {
    try {
      return await until('the machine is protected', async () => {
        const status = await this.look();
        const isServed = status?.gateway.isReady && (!status.disk || status.disk.isReady);
        const isReady = isServed && status.replicas.some((replica) => replica.protected);
        return isReady ? status : undefined;
      });
    } catch (error) {
      throw new Error(`${error}:\n${this.#lastWords()}`);
    }
  }

  /** The end of what each process has logged. */
  #lastWords(): string {
    const words = readdirSync(join(this.dir, 'log')).flatMap((file) => {
      const name = file.replace(/\.log$/, '');
      const lines = this.log(name).trim().split('\n').slice(-LAST_LINES);
      return lines.map((line) => `${name} ${line}`);
    });
    return words.join('\n');
  }

  /** What the process `name` has logged. */
  log(name: string): string {
    return readFileSync(join(this.dir, 'log', `${name}.log`), 'utf8');
  }

  /** Nothing is left of the machine but what its processes have said. */
  expectNothingLeft(): void {
    expect(readdirSync(this.dir)).toEqual(['log']);
    const left = readdirSync('/proc').filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`${this.dir}/machine.json`);
      } catch {
        return false;
      }
    });
    expect(left).toEqual([]);
  }

  /** Ends whatever runs. */
  #end(): void {
    if (existsSync(join(this.dir, 'machine.json'))) this.vmft('stop', this.dir);
    rmSync(this.home, { recursive: true, force: true });
  }
}

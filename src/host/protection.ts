/** A protected machine from its birth to its end, for whoever has started it and stays. */
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { VmftError } from '../base/errors.ts';
import { type ArbiterPlace, openArbiterAt } from './arbiter.ts';
import { DiskFile } from './disk-file.ts';
import { settleDisks } from './disk-files.ts';
import { GrowingFile } from './durable-file.ts';
import { isSameFile } from './files.ts';
import { consolePath } from './gateway-process.ts';
import type { GroupConfig } from './group-config.ts';
import { launch } from './launcher.ts';
import type { LogFormat } from './log.ts';
import { livingParts, pause, stopMachine } from './machine-control.ts';
import {
  configFile,
  createMachine,
  type MachineEnd,
  type MachineSpec,
  openMachine,
  readEnd,
  removeMachine,
} from './machine-folder.ts';
import { type MachineStatus, statusOf } from './machine-status.ts';
import { PcapFile } from './pcap-file.ts';

/** Time between two looks at a machine, in ms. */
const LOOK_MS = 250;

/** How long an arbiter may take to answer before anything is begun, in ms. */
const ARBITER_MS = 10_000;

/** How long it may take to clear a machine away that has ended, in ms. */
const CLEARING_MS = 2000;

/** What is to be protected, and where. */
export interface ProtectionSpec extends MachineSpec {
  /** How the processes write their logs. */
  readonly logFormat: LogFormat;
  /** The program that runs the processes. */
  readonly program: string;
  /** A folder of its own, which goes with the machine, where none is given. */
  readonly dir: string | undefined;
  /** A process of its own starts those anew that die. */
  readonly supervised: boolean;
}

/** The disks of a machine; VmftError where a file is none, or is there twice. */
export function measureDisks(files: readonly string[]): { file: string; sectors: number }[] {
  return files.map((path, index) => {
    if (files.slice(0, index).some((other) => isSameFile(other, path)))
      throw new VmftError('usage', `--disk ${path}: it is there twice; a guest would spoil it`);
    const disk = new DiskFile(path);
    disk.close();
    return { file: resolve(path), sectors: disk.sectors };
  });
}

/** VmftError where nobody can be asked who goes on: no failure would be survived. */
async function tryArbiter(place: ArbiterPlace): Promise<void> {
  const troubles: string[] = [];
  const tell = (trouble: string) => troubles.push(trouble);
  const arbiter = openArbiterAt(place, tell, ARBITER_MS);
  const answer = await arbiter.ownerOf('', 0);
  arbiter.close();
  if (answer === 'unknown') throw new VmftError('environment', troubles.join('; '));
}

/** Sets a machine up and starts it; settles when clients can connect and it is protected. */
export async function protectGuest(spec: ProtectionSpec): Promise<Protection> {
  const { program, logFormat, dir, arbiter, supervised } = spec;
  if (arbiter) await tryArbiter(arbiter);
  if (spec.pcap !== undefined) new PcapFile(spec.pcap, () => {}).close();
  const interruption = new Interruption();
  const folder = resolve(dir ?? mkdtempSync(join(tmpdir(), 'vmft-')));
  const config = await createMachine(folder, spec);
  const protection = new Protection(config, dir === undefined, interruption);
  if (protection.interrupted) return protection;
  try {
    process.chdir(folder);
    await launch({ program, file: configFile(folder), config, logFormat }, supervised);
    return protection;
  } catch (error) {
    await protection.stop();
    if (protection.interrupted) return protection;
    throw error;
  }
}

/** Whether the user, or somebody who ends this process, wants the machine to end; from now on. */
class Interruption {
  happened = false;
  /** What follows, once there is something to end. */
  onSignal = (): void => {};

  constructor() {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(name, () => {
        this.happened = true;
        this.onSignal();
      });
    }
  }
}

export class Protection {
  readonly config: GroupConfig;
  readonly #interruption: Interruption;
  readonly #isOwnFolder: boolean;
  readonly #console: GrowingFile;
  #stopped: Promise<void> | undefined;

  constructor(config: GroupConfig, isOwnFolder: boolean, interruption: Interruption) {
    this.config = config;
    this.#console = new GrowingFile(consolePath(config));
    this.#isOwnFolder = isOwnFolder;
    this.#interruption = interruption;
    interruption.onSignal = () => void this.stop();
  }

  /** The user, or somebody who ends this process, has ended the machine. */
  get interrupted(): boolean {
    return this.#interruption.happened;
  }

  /**
   * Looks at the machine again and again until it has ended; settles with how, or with undefined
   * where its processes were ended or all replicas have died. `onConsole` gets what the guest has
   * printed since the look before.
   */
  async watch(
    onLook: (status: MachineStatus) => void,
    onConsole: (bytes: Uint8Array) => void,
  ): Promise<MachineEnd | undefined> {
    for (;;) {
      const status = await statusOf(this.config);
      // Before the console: what the guest has printed last is there when its end is.
      const end = readEnd(this.config.folder);
      const fresh = this.#console.read();
      if (fresh.length > 0) onConsole(fresh);
      const isOver = status.replicas.every(({ state }) => state === 'dead');
      if (end || this.#stopped || this.interrupted) return end;
      if (isOver) return this.#howOver();
      onLook(status);
      await pause(LOOK_MS);
    }
  }

  /** All replicas are gone: they have died, or `vmft stop` has ended and clears away all. */
  async #howOver(): Promise<MachineEnd | undefined> {
    const { folder } = this.config;
    const giveUp = performance.now() + CLEARING_MS;
    while (performance.now() < giveUp) {
      await pause(LOOK_MS);
      // Who clears a machine away takes its configuration last.
      if (!existsSync(configFile(folder))) return { reason: 'power-off' };
    }
    return readEnd(folder);
  }

  /** Ends the machine, and leaves nothing behind. */
  stop(): Promise<void> {
    this.#stopped ??= this.#end();
    return this.#stopped;
  }

  async #end(): Promise<void> {
    await stopMachine(this.config);
    await settleDisks(this.config);
    removeMachine(this.config, this.#isOwnFolder);
  }
}

/** The machine in `folder`, for commands that act on it; they work in that folder from then on. */
export function enterMachine(folder: string, open = openMachine): GroupConfig {
  const config = open(resolve(folder));
  process.chdir(config.folder);
  return config;
}

/** Ends the machine in a folder and clears it away; its processes may have died before. */
export async function stopAndClear(config: GroupConfig): Promise<void> {
  await stopMachine(config);
  if (livingParts(config).length > 0) return;
  await settleDisks(config);
  removeMachine(config, false);
}

/**
 * The folder of a protected machine on one computer: configuration, image, key, arbiter, fence, and
 * for each process a mark, a control socket and a log.
 *
 *   machine.json   the configuration; whoever makes this file owns the folder
 *   image, key, arbiter/, fence, disk-N.sums, disk.journal, end.json, console-MACHINE, NAME.pid,
 *                  NAME.control, NAME.life, NAME.socket
 *   log/NAME.log   what the processes have said; stays when the machine is gone
 */
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { VmftError } from '../base/errors.ts';
import type { ArbiterPlace } from './arbiter.ts';
import { readConfig } from './config-file.ts';
import { readIfThere, replaceWhole } from './durable-file.ts';
import { isFile, writeFailure } from './files.ts';
import { freePort } from './free-port.ts';
import type { GroupConfig } from './group-config.ts';
import { MARK_ENDING } from './process-file.ts';
import { type HostPort, hostPortText, KEY_BYTES } from './secure-socket.ts';

/** Hosts by the order in which they take over. */
const NAMES = ['alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta', 'eta', 'theta'];

/** Replicas that a machine may have on one computer. */
export const MAX_REPLICAS = NAMES.length;

const CONFIG = 'machine.json';

/** The file that describes the machine in `folder`. */
export const configFile = (folder: string): string => join(folder, CONFIG);

/** Files of a machine that go with it, besides those of certain endings and the console. */
const FILES = ['image', 'key', 'fence', 'end.json', CONFIG];
const ENDINGS = [MARK_ENDING, '.control', '.socket', '.life', '.sums', '.journal', '.draft'];
const CONSOLE = 'console-';

/** What a machine is set up from; see GroupConfig for the meaning of the fields. */
export interface MachineSpec {
  readonly name: string;
  readonly image: Uint8Array;
  readonly replicas: number;
  readonly guest: Omit<GroupConfig['guest'], 'image'>;
  readonly disks: GroupConfig['disks'];
  readonly publish: GroupConfig['publish'];
  readonly tap?: string | undefined;
  /** A directory in the machine's folder where none is given; paths are absolute. */
  readonly arbiter?: ArbiterPlace | undefined;
  readonly firstMetrics?: HostPort | undefined;
  /** An absolute path. */
  readonly pcap?: string | undefined;
  readonly settings: Partial<
    Pick<GroupConfig, 'heartbeatMs' | 'failureTimeoutMs' | 'channelBytes' | 'uncertain'>
  >;
}

/** How a machine has ended. */
export interface MachineEnd {
  readonly reason: 'guest-exit' | 'guest-fault' | 'power-off';
  /** What the guest has ended with. */
  readonly status?: number;
}

/**
 * Sets up a machine in `folder`, which is made where it is missing. VmftError 'environment' where
 * there is one already, running or not, or where the folder cannot be written to.
 */
export async function createMachine(folder: string, spec: MachineSpec): Promise<GroupConfig> {
  const config = await describe(spec);
  let isOurs = false;
  try {
    const own = spec.arbiter ? [] : [join(folder, 'arbiter')];
    for (const path of [folder, join(folder, 'log'), ...own]) {
      if (!existsSync(path)) mkdirSync(path, { mode: 0o700 });
    }
    claimFolder(folder, JSON.stringify(config, null, 2));
    isOurs = true;
    writeFileSync(join(folder, 'key'), randomBytes(KEY_BYTES), { mode: 0o600 });
    writeFileSync(join(folder, 'image'), spec.image);
  } catch (error) {
    if (isOurs) removeMachine({ folder, machine: config.machine }, false);
    if (error instanceof VmftError) throw error;
    throw writeFailure(folder, 'folder', error);
  }
  return readConfig(configFile(folder));
}

async function describe(spec: MachineSpec) {
  const { heartbeatMs, failureTimeoutMs, ...settings } = spec.settings;
  const { spec: arbiter = 'dir:arbiter', ca, user } = spec.arbiter ?? {};
  const hosts = await Promise.all(
    NAMES.slice(0, spec.replicas).map(async (name) => {
      return { name, address: `127.0.0.1:${await freePort()}` };
    }),
  );
  return {
    machine: `${spec.name}-${randomBytes(6).toString('hex')}`,
    guest: { image: 'image', ...spec.guest },
    disks: spec.disks,
    publish: spec.publish,
    tap: spec.tap,
    key: 'key',
    arbiter,
    arbiterCa: ca,
    arbiterUser: user,
    pcap: spec.pcap,
    metrics: spec.firstMetrics && hostPortText(spec.firstMetrics),
    hosts,
    disk: 'unix:disk.socket',
    gateway: 'unix:gateway.socket',
    timing: { heartbeatMs, failureTimeoutMs },
    ...settings,
  };
}

/** A link succeeds for one of many who try, and leaves no half of a file behind. */
function claimFolder(folder: string, text: string): void {
  const draft = join(folder, `${CONFIG}.${process.pid}`);
  writeFileSync(draft, text, { mode: 0o600 });
  try {
    linkSync(draft, configFile(folder));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new VmftError(
      'environment',
      `${folder}: a machine is here already; "vmft status ${folder}" shows it, ` +
        `"vmft stop ${folder}" ends and clears it`,
    );
  } finally {
    rmSync(draft, { force: true });
  }
}

/** The configuration of the machine in `folder`; VmftError 'environment' where there is none. */
export function openMachine(folder: string, names: readonly string[] = [CONFIG]): GroupConfig {
  const file = names.map((name) => join(folder, name)).find(isFile);
  if (file !== undefined) return readConfig(file);
  throw new VmftError('environment', `${folder}: there is no machine; "vmft protect" makes one`);
}

/** The same; the configuration may have been written by hand. */
export const openAnyMachine = (folder: string): GroupConfig =>
  openMachine(folder, [CONFIG, 'machine.yaml']);

/** How the machine has ended; undefined where it has not. */
export function readEnd(folder: string): MachineEnd | undefined {
  const text = readIfThere(join(folder, 'end.json'));
  return text === undefined ? undefined : (JSON.parse(text) as MachineEnd);
}

/** Writes down how the machine has ended. */
export function writeEnd(folder: string, end: MachineEnd): void {
  replaceWhole(join(folder, 'end.json'), JSON.stringify(end));
}

/**
 * Takes away everything that the machine of this configuration has left in its folder, unless
 * another one has taken its place; the logs stay, but in a folder that `vmft` has made for it.
 */
export function removeMachine(
  { folder, machine }: Pick<GroupConfig, 'folder' | 'machine'>,
  isOwnFolder: boolean,
): void {
  const text = readIfThere(configFile(folder));
  if (text !== undefined && (JSON.parse(text) as { machine: string }).machine !== machine) return;
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const goes =
      FILES.includes(name) ||
      name.startsWith(CONSOLE) ||
      ENDINGS.some((ending) => name.endsWith(ending));
    if (goes && name !== CONFIG) rmSync(join(folder, name), { force: true });
  }
  rmSync(join(folder, 'arbiter'), { recursive: true, force: true });
  // Last: whoever finds it gone finds nothing else in his way.
  rmSync(configFile(folder), { force: true });
  if (!isOwnFolder) return;
  rmSync(join(folder, 'log'), { recursive: true, force: true });
  rmdirSync(folder);
}

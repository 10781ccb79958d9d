/**
 * What all processes of one machine are told, as the program has it. What people write, a file in
 * YAML or JSON, is described by docs/machine.schema.json and read by config-file.ts.
 */
import { resolve } from 'node:path';
import { VmftError } from '../base/errors.ts';
import { parseSize } from '../base/units.ts';
import type { UncertainPolicy } from '../ft/config.ts';
import type { HostId } from '../ft/ports.ts';
import type { MachineConfig, VirtioSpec } from '../machine/types.ts';
import { GUEST_MAC } from '../net/address.ts';
import type { ArbiterPlace } from './arbiter.ts';
import { readUserFile } from './files.ts';
import type { PublishSpec } from './listen.ts';
import {
  type Address,
  type HostPort,
  KEY_BYTES,
  parseAddress,
  parseHostPort,
} from './secure-socket.ts';

/** A host that may carry a replica, and where its replica listens. */
export interface HostConfig {
  readonly name: HostId;
  readonly place: string;
  readonly address: HostPort;
}

/** A configuration that has been checked; paths are absolute. */
export interface GroupConfig {
  readonly folder: string;
  readonly machine: string;
  readonly guest: {
    readonly image: string;
    readonly memory: number;
    readonly append: string;
    readonly loadAddress?: number;
    readonly entry?: number;
    readonly strict: boolean;
  };
  readonly disks: readonly { readonly file: string; readonly sectors: number }[];
  readonly publish: readonly PublishSpec[];
  /** TAP interface on the host of the gateway. */
  readonly tap?: string;
  readonly key: string;
  readonly arbiter: ArbiterPlace;
  readonly hosts: readonly HostConfig[];
  readonly disk: Address;
  readonly gateway: Address;
  readonly heartbeatMs: number;
  readonly failureTimeoutMs: number;
  readonly channelBytes: number;
  readonly uncertain: UncertainPolicy;
  /** File for what the guest's wire carries, on the host of the gateway. */
  readonly pcap?: string;
  /** Where the first process tells its metrics; see metricsPlaceOf. */
  readonly firstMetrics?: HostPort;
  /** Where this process tells its metrics, if it does; never in the file. */
  readonly metrics?: HostPort;
}

/** The virtio slots of a machine: disks, network if there is one, entropy. */
export function slotsOf(disks: readonly { sectors: number }[], network: boolean): VirtioSpec[] {
  const slots: VirtioSpec[] = disks.map(({ sectors }) => ({ kind: 'block', sectors }));
  if (network) slots.push({ kind: 'net', mac: GUEST_MAC });
  slots.push({ kind: 'entropy' });
  return slots;
}

/** Whether the guest has a network: its wire leads somewhere. */
export const hasNetwork = ({ publish, tap }: Pick<GroupConfig, 'publish' | 'tap'>): boolean =>
  publish.length > 0 || tap !== undefined;

/** The machine that the configuration describes. */
export function machineOf(config: GroupConfig): MachineConfig {
  const { guest, disks } = config;
  const { memory, append, loadAddress, entry, strict } = guest;
  return {
    ramBytes: memory,
    commandLine: append,
    slots: slotsOf(disks, hasNetwork(config)),
    strict,
    ...(loadAddress === undefined ? {} : { loadAddress }),
    ...(entry === undefined ? {} : { entry }),
  };
}

/** The key of the machine; VmftError 'environment' or 'input' where there is none. */
export function readKey({ key }: GroupConfig): Uint8Array {
  const bytes = readUserFile(key, 'key', 'environment');
  if (bytes.length === KEY_BYTES) return bytes;
  throw new VmftError('input', `key ${key}: ${bytes.length} bytes, expected ${KEY_BYTES}`);
}

/** A configuration as the schema allows it, with the schema's defaults. */
export interface ConfigDocument {
  readonly machine: string;
  readonly guest: Omit<GroupConfig['guest'], 'memory'> & { readonly memory: number | string };
  readonly disks: GroupConfig['disks'];
  readonly publish: GroupConfig['publish'];
  readonly tap?: string;
  readonly key: string;
  readonly arbiter: string;
  readonly arbiterCa?: string;
  readonly arbiterUser?: string;
  readonly hosts: readonly {
    readonly name: string;
    readonly address: string;
    readonly place?: string;
  }[];
  readonly disk: string;
  readonly gateway: string;
  readonly timing: { readonly heartbeatMs: number; readonly failureTimeoutMs: number };
  readonly channelBytes: number | string;
  readonly pcap?: string;
  readonly metrics?: string;
  readonly uncertain: UncertainPolicy;
}

/** The configuration that a document in `folder` means; VmftError 'usage' for a wrong address. */
export function configOf(document: ConfigDocument, folder: string): GroupConfig {
  const path = (text: string): string => resolve(folder, text);
  const { guest, disks, hosts, timing, channelBytes, tap, pcap, metrics } = document;
  const { machine, publish, uncertain } = document;
  return {
    folder,
    machine,
    publish,
    uncertain,
    guest: { ...guest, image: path(guest.image), memory: bytesOf(guest.memory) },
    disks: disks.map(({ file, sectors }) => ({ file: path(file), sectors })),
    key: path(document.key),
    arbiter: arbiterOf(document, path),
    hosts: hosts.map(({ name, address, place = name }) => {
      return { name, place, address: parseHostPort(address) };
    }),
    disk: addressAt(document.disk, path),
    gateway: addressAt(document.gateway, path),
    heartbeatMs: timing.heartbeatMs,
    failureTimeoutMs: timing.failureTimeoutMs,
    channelBytes: bytesOf(channelBytes),
    ...(tap === undefined ? {} : { tap }),
    ...(pcap === undefined ? {} : { pcap: path(pcap) }),
    ...(metrics === undefined ? {} : { firstMetrics: parseHostPort(metrics) }),
  };
}

/**
 * The same for the process `part`, which listens at `place` and not where the others reach it.
 * VmftError 'usage' for a place that is none; of a host also for one that is no HOST:PORT.
 */
export function listeningAt(
  config: GroupConfig,
  part: 'disk' | 'gateway' | { readonly host: HostId },
  place: string | undefined,
): GroupConfig {
  if (place === undefined) return config;
  if (typeof part === 'string') return { ...config, [part]: parseAddress(place) };
  const address = parseHostPort(place);
  const hosts = config.hosts.map((h) => (h.name === part.host ? { ...h, address } : h));
  return { ...config, hosts };
}

/** Bytes of a size that the schema has let pass. */
const bytesOf = (size: number | string): number => parseSize(String(size)) ?? 0;

function addressAt(text: string, path: (text: string) => string): Address {
  const address = parseAddress(text);
  return 'path' in address ? { path: path(address.path) } : address;
}

function arbiterOf(
  { arbiter, arbiterCa: ca, arbiterUser: user }: ConfigDocument,
  path: (text: string) => string,
): ArbiterPlace {
  return {
    spec: arbiter.startsWith('dir:') ? `dir:${path(arbiter.slice(4))}` : arbiter,
    ...(ca === undefined ? {} : { ca: path(ca) }),
    ...(user === undefined ? {} : { user: path(user) }),
  };
}

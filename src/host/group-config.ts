/**
 * What all processes of one machine are told: the file `machine.json`, or its like in YAML. Paths
 * in it are relative to its folder.
 *
 *   machine: kv-1f2e3d4c           name of the machine, another for every cold start
 *   guest: {image, memory, append, loadAddress, entry, strict}
 *   disks: [{file, sectors}]       by virtio slot; files on the host of the disk server
 *   publish: [{host, port, guestPort, protocol}]
 *   key: key                       file of 32 bytes, the same for all
 *   arbiter: dir:arbiter           or etcd:URL,...
 *   hosts: [{name, place, address}]  HOST:PORT for channel (TCP) and heartbeats (UDP)
 *   disk, gateway: unix:disk.socket  where these processes listen
 *   timing: {heartbeatMs, failureTimeoutMs} (10, 200), channelBytes, uncertain
 */
import { resolve } from 'node:path';
import { VmftError } from '../base/errors.ts';
import { DEFAULT_RAM_BYTES } from '../base/limits.ts';
import { DEFAULT_TIMING, type UncertainPolicy } from '../ft/config.ts';
import type { HostId } from '../ft/ports.ts';
import type { MachineConfig, VirtioSpec } from '../machine/types.ts';
import { readUserFile } from './files.ts';
import type { PublishSpec } from './listen.ts';
import { type Address, KEY_BYTES, parseAddress } from './secure-socket.ts';

/** A host that may carry a replica, and where its replica listens. */
export interface HostConfig {
  readonly name: HostId;
  readonly place: string;
  readonly address: { readonly host: string; readonly port: number };
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
  readonly key: string;
  readonly arbiter: string;
  readonly hosts: readonly HostConfig[];
  readonly disk: Address;
  readonly gateway: Address;
  readonly heartbeatMs: number;
  readonly failureTimeoutMs: number;
  readonly channelBytes: number;
  readonly uncertain: UncertainPolicy;
}

/** MAC address of a guest's network device. */
export const GUEST_MAC = '52:54:00:12:34:56';

/** The virtio slots of a machine: disks, network if there is one, entropy. */
export function slotsOf(disks: readonly { sectors: number }[], network: boolean): VirtioSpec[] {
  const slots: VirtioSpec[] = disks.map(({ sectors }) => ({ kind: 'block', sectors }));
  if (network) slots.push({ kind: 'net', mac: GUEST_MAC });
  slots.push({ kind: 'entropy' });
  return slots;
}

/** The machine that the configuration describes. */
export function machineOf({ guest, disks, publish }: GroupConfig): MachineConfig {
  const { memory, append, loadAddress, entry, strict } = guest;
  return {
    ramBytes: memory,
    commandLine: append,
    slots: slotsOf(disks, publish.length > 0),
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

/** Checks `document`, the contents of a configuration in `folder`; VmftError 'input' otherwise. */
export function checkConfig(document: unknown, folder: string): GroupConfig {
  const root = new Fields(document, 'configuration');
  const path = (text: string): string => resolve(folder, text);
  const guest = root.fields('guest');
  const timing = root.fields('timing');
  const config: GroupConfig = {
    folder,
    machine: root.text('machine'),
    guest: {
      image: path(guest.text('image')),
      memory: guest.number('memory', DEFAULT_RAM_BYTES),
      append: guest.text('append', ''),
      ...guest.optionalNumbers(['loadAddress', 'entry']),
      strict: guest.flag('strict'),
    },
    disks: root.list('disks').map((disk) => ({
      file: path(disk.text('file')),
      sectors: disk.number('sectors'),
    })),
    publish: root.list('publish').map(publishOf),
    key: path(root.text('key')),
    arbiter: arbiterAt(root.text('arbiter'), path),
    hosts: root.list('hosts').map(hostOf),
    disk: addressAt(root.text('disk'), path),
    gateway: addressAt(root.text('gateway'), path),
    heartbeatMs: timing.number('heartbeatMs', DEFAULT_TIMING.heartbeatNs / 1e6),
    failureTimeoutMs: timing.number('failureTimeoutMs', DEFAULT_TIMING.failureTimeoutNs / 1e6),
    channelBytes: root.number('channelBytes', 4 * 1024 * 1024),
    uncertain: root.oneOf('uncertain', ['resend', 'drop', 'resend-tcp-drop-udp']),
  };
  const names = new Set(config.hosts.map(({ name }) => name));
  if (names.size < config.hosts.length || names.size === 0)
    throw new VmftError('input', 'configuration: give every host a name of its own');
  return config;
}

function publishOf(fields: Fields): PublishSpec {
  return {
    host: fields.text('host', '127.0.0.1'),
    port: fields.number('port'),
    guestPort: fields.number('guestPort'),
    protocol: fields.oneOf('protocol', ['tcp', 'udp']),
  };
}

function hostOf(fields: Fields): HostConfig {
  const address = parseAddress(fields.text('address'));
  if ('path' in address)
    throw new VmftError('input', 'configuration: the address of a host is HOST:PORT');
  const name = fields.text('name');
  return { name, place: fields.text('place', name), address };
}

function addressAt(text: string, path: (text: string) => string): Address {
  const address = parseAddress(text);
  return 'path' in address ? { path: path(address.path) } : address;
}

const arbiterAt = (spec: string, path: (text: string) => string): string =>
  spec.startsWith('dir:') ? `dir:${path(spec.slice(4))}` : spec;

/** The fields of an object of the configuration, read one by one. */
class Fields {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #place: string;

  constructor(value: unknown, place: string) {
    if (typeof value !== 'object' || value === null)
      throw new VmftError('input', `${place}: an object with fields expected`);
    this.#values = value as Record<string, unknown>;
    this.#place = place;
  }

  text(name: string, fallback?: string): string {
    const value = this.#values[name] ?? fallback;
    if (typeof value === 'string') return value;
    return this.#wrong(name, 'a text');
  }

  number(name: string, fallback?: number): number {
    const value = this.#values[name] ?? fallback;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    return this.#wrong(name, 'a whole number');
  }

  optionalNumbers(names: readonly string[]): Record<string, number> {
    const given = names.filter((name) => this.#values[name] !== undefined);
    return Object.fromEntries(given.map((name) => [name, this.number(name)]));
  }

  flag(name: string): boolean {
    return (this.#values[name] ?? false) === true;
  }

  /** One of `words`; the first of them where nothing is said. */
  oneOf<Word extends string>(name: string, words: readonly Word[]): Word {
    const found = words.find((word) => word === (this.#values[name] ?? words[0]));
    return found ?? this.#wrong(name, `one of ${words.join(', ')}`);
  }

  fields(name: string): Fields {
    return new Fields(this.#values[name] ?? {}, `${this.#place}, ${name}`);
  }

  list(name: string): Fields[] {
    const value = this.#values[name] ?? [];
    if (!Array.isArray(value)) return this.#wrong(name, 'a list');
    return value.map((item, index) => new Fields(item, `${this.#place}, ${name} ${index + 1}`));
  }

  #wrong(name: string, expected: string): never {
    throw new VmftError('input', `${this.#place}: "${name}" must be ${expected}`);
  }
}

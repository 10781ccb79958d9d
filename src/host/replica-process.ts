/**
 * The process of one replica: sockets, disk, gateway, arbiter and machine put together around the
 * protocol core, which is the same as in the simulator.
 *
 * A process that starts is an empty standby (protocol.md §4 rule 15), except at a cold start of the
 * whole machine: then the first host of the configuration is the primary of generation 1 and the
 * second its backup, and both begin when the channel between them is up.
 */
import { randomBytes } from 'node:crypto';
import { type Digest, type Hasher, toHex } from '../base/digest.ts';
import { VmftError } from '../base/errors.ts';
import { DEFAULT_LIMITS, DEFAULT_TIMING, replicaConfig } from '../ft/config.ts';
import { MAX_GATEWAY_MESSAGE_BYTES } from '../ft/gateway-messages.ts';
import { MessageError } from '../ft/messages.ts';
import type { HaltReason, HostEvent, HostId, Replica, Start } from '../ft/ports.ts';
import { createReplica } from '../ft/replica.ts';
import type { ReplicaState } from '../ft/state.ts';
import type { Checkpoint } from '../hypervisor/log-point.ts';
import { encodeSnapshotFile } from '../hypervisor/snapshot-file.ts';
import { X86Machine } from '../machine/machine.ts';
import { type Arbiter, openArbiterAt } from './arbiter.ts';
import { Channel } from './channel.ts';
import { CloneCarrier } from './clone-carrier.ts';
import type { Question } from './control.ts';
import { DiskClient } from './disk-client.ts';
import { readUserFile, writeUserFiles } from './files.ts';
import { GatewayClient } from './gateway-client.ts';
import { type GroupConfig, machineOf, readKey } from './group-config.ts';
import { GuestEngine } from './guest-engine.ts';
import { makeHasher } from './hasher.ts';
import { Heartbeats } from './heartbeats.ts';
import { nextLife } from './life.ts';
import { Link } from './link.ts';
import type { Log } from './log.ts';
import { type MachineEnd, writeEnd } from './machine-folder.ts';
import { endOthers, Part } from './part.ts';
import { ReplicaDriver } from './replica-driver.ts';
import { ReplicaStatus } from './replica-status.ts';
import { RealTime } from './run-time.ts';

const MS = 1_000_000;

/** Time between two attempts of a primary to reach its backup at a cold start, in ms. */
const COLD_RETRY_MS = 50;

/** What a host is at a cold start. */
function startOf({ hosts }: GroupConfig, name: HostId, cold: boolean): Start {
  const index = hosts.findIndex((host) => host.name === name);
  if (index < 0) {
    const names = hosts.map((host) => host.name).join(', ');
    throw new VmftError('input', `host ${name}: the configuration names ${names}`);
  }
  if (!cold || index > 1) return { role: 'standby' };
  if (hosts.length === 1) return { role: 'alone', generation: 1 };
  const role = index === 0 ? 'primary' : 'backup';
  return { role, generation: 1, peer: hosts[1 - index]!.name };
}

/** Runs the replica of host `name` until it halts or is told to end; settles when it is ready. */
export async function runReplica(
  config: GroupConfig,
  log: Log,
  name: HostId,
  cold: boolean,
): Promise<void> {
  const start = startOf(config, name, cold);
  const [hasher, key] = [await makeHasher(), readKey(config)];
  const image = readUserFile(config.guest.image, 'image', 'image');
  const machine = new X86Machine(machineOf(config), image, hasher);
  const description = new TextEncoder().encode(JSON.stringify(machineOf(config)));
  const configuration = toHex(hasher.hash(Buffer.concat([hasher.hash(image), description])));
  const owner = `${name}.${randomBytes(8).toString('hex')}`;
  const identity = { config, name, start, key, configuration, hasher, owner, log };
  await new ReplicaProcess(identity).begin(machine);
}

/** What a replica's process is told, and what follows from it. */
interface ReplicaIdentity {
  readonly config: GroupConfig;
  readonly name: HostId;
  readonly start: Start;
  readonly key: Uint8Array;
  readonly configuration: Digest;
  readonly hasher: Hasher;
  /** Names this process, and no other (rule 1). */
  readonly owner: string;
  readonly log: Log;
}

class ReplicaProcess {
  readonly #identity: ReplicaIdentity;
  readonly #replica: Replica<ReplicaState>;
  readonly #time = new RealTime();
  readonly #driver: ReplicaDriver;
  readonly #status: ReplicaStatus;
  readonly #channel: Channel;
  readonly #disk: DiskClient | undefined;
  readonly #gateway: GatewayClient;
  readonly #gatewayLink: Link;
  readonly #arbiter: Arbiter;
  #heartbeats: Heartbeats | undefined;
  #engine: GuestEngine | undefined;
  readonly #part: Part;
  #started = false;
  #ending = false;

  constructor(identity: ReplicaIdentity) {
    this.#identity = identity;
    const { config, name, start, key, configuration, owner, log } = identity;
    const { machine, hosts } = config;
    this.#part = Part.claim(config, name);
    this.#arbiter = openArbiterAt(config.arbiter, log.warn);
    this.#replica = createReplica(coreConfig(identity), start);
    this.#status = new ReplicaStatus(name, log);
    this.#driver = new ReplicaDriver({
      replica: this.#replica,
      nowNs: () => this.#time.nowNs(),
      report: log.info,
      refuse: log.refuse,
      onChange: (state) => this.#status.note(state),
      onHalt: (reason) => void this.#end(reason),
    });
    const onEvent = (event: HostEvent): void => {
      if (this.#started) this.#driver.post(event);
    };
    this.#channel = new Channel({
      machine,
      host: name,
      hosts,
      key,
      configuration,
      refusal: (from, generation) => this.#refusal(from, generation),
      onEvent,
      onOpen: (peer) => this.#onOpen(peer),
      onRefusedBy: (peer, reason) => log.warn(`${peer} would not have us: ${reason}`),
      onRefused: log.refuse,
    });
    const disk = { address: config.disk, key, machine, host: name, onEvent, report: log.warn };
    this.#disk = config.disks.length > 0 ? new DiskClient(disk) : undefined;
    this.#gateway = new GatewayClient({
      machine,
      owner,
      send: (bytes) => this.#gatewayLink.send(bytes),
      onReleased: (ordinal) => onEvent({ kind: 'released', ordinal }),
      onRefused: (token) => onEvent({ kind: 'refused', token }),
      onInput: (input) => onEvent({ kind: 'input', input }),
    });
    this.#gatewayLink = openGatewayLink(this.#gateway, identity);
  }

  /** Opens the ports, and begins when the time has come. */
  async begin(machine: X86Machine): Promise<void> {
    const { config, name, start, key, hasher } = this.#identity;
    const post = (event: HostEvent): void => this.#driver.post(event);
    const live = start.role === 'primary' || start.role === 'alone';
    const engine = new GuestEngine({ machine, hasher, time: this.#time, live, onEvent: post });
    this.#engine = engine;
    await this.#channel.listen();
    this.#heartbeats = await Heartbeats.open({
      key,
      host: name,
      hosts: config.hosts,
      life: nextLife(config.folder, name),
      onHeartbeat: (from, bytes) => {
        if (this.#started) post({ kind: 'heartbeat', from, bytes });
      },
      onRefused: this.#identity.log.refuse,
    });
    await this.#part.serve({
      status: () => this.#describe(),
      answer: (question) => this.#answer(question),
      onEnd: () => void this.#end(undefined),
    });
    if (start.role === 'primary') this.#greet(start.peer);
    else if (start.role !== 'backup') this.#start();
  }

  /** At a cold start the primary tries until its backup is there. */
  #greet(peer: HostId): void {
    if (this.#started || this.#ending) return;
    if (!this.#channel.isConnecting(peer)) this.#channel.connect(peer, 1);
    setTimeout(() => this.#greet(peer), COLD_RETRY_MS);
  }

  #onOpen(peer: HostId): void {
    this.#identity.log.info(`channel with ${peer}`);
    const { start } = this.#identity;
    if (!this.#started && 'peer' in start && start.peer === peer) this.#start();
  }

  #start(): void {
    this.#started = true;
    const engine = this.#engine!;
    this.#driver.start({
      engine,
      clone: new CloneCarrier(engine, (event) => this.#driver.post(event)),
      channel: this.#channel,
      heartbeats: this.#heartbeats!,
      disk: this.#disk,
      gateway: this.#gateway,
      arbiter: this.#arbiter,
    });
  }

  /** Why a connection about `generation` is not awaited. */
  #refusal(from: HostId, generation: number): string | undefined {
    const { role, generation: own, peer, channel } = this.#replica.state();
    const isGreeted = channel !== 'unopened' && channel !== 'greeting';
    const isAwaited =
      role === 'backup'
        ? !isGreeted && generation === own && from === peer
        : (role === 'standby' || role === 'joining') && generation > own;
    if (isAwaited) return undefined;
    return `generation ${generation} is not awaited by the ${role} of generation ${own}`;
  }

  #describe() {
    const { counts, peers } = this.#channel;
    return {
      ...this.#status.describe(this.#replica.state()),
      instructions: this.#engine?.count ?? 0,
      latestMs: this.#driver.latestNs / 1e6,
      channel: { peers, sentBytes: counts.sent, receivedBytes: counts.received },
      unconfirmedOutputs: this.#gateway.unconfirmed,
      gateway: this.#gatewayLink.isUp,
      ...(this.#disk ? { disk: this.#disk.isUp } : {}),
    };
  }

  #answer({ ask, percent, path }: Question): object | undefined | Promise<object> {
    switch (ask) {
      case 'snapshot':
        return typeof path === 'string' ? this.#snapshot(path) : undefined;
      case 'throttle':
        if (!isShare(percent)) return undefined;
        this.#driver.post({ kind: 'throttle', percent });
        return { asked: ask };
      case 'power-off':
      case 'switch-over':
        this.#driver.post({ kind: ask });
        return { asked: ask };
      case 'break':
        this.#channel.break();
        return { done: ask };
      case 'cut':
      case 'mend':
        this.#channel.isCut = ask === 'cut';
        this.#heartbeats!.isCut = ask === 'cut';
        return { done: ask };
      case 'break-gateway-link':
        this.#gatewayLink.break();
        return { done: ask };
      case 'cut-gateway-link':
      case 'mend-gateway-link':
        this.#gatewayLink.isCut = ask === 'cut-gateway-link';
        return { done: ask };
      default:
        return undefined;
    }
  }

  /** Writes the machine to a file; settles when it is there, with how many bytes. */
  async #snapshot(path: string): Promise<object> {
    const { config, hasher } = this.#identity;
    const checkpoint = await new Promise<Checkpoint>((take) => this.#driver.snapshot(take));
    const image = readUserFile(config.guest.image, 'image', 'image');
    const header = { machine: machineOf(config), image, settings: { machine: config.machine } };
    const bytes = encodeSnapshotFile({ header, checkpoint }, hasher);
    try {
      writeUserFiles([{ path, what: 'snapshot', bytes }]);
      return { bytes: bytes.length, instructions: checkpoint.machine.count };
    } catch (error) {
      if (error instanceof VmftError) return { error: error.message };
      throw error;
    }
  }

  /** The end of the process; with a reason the replica has halted, without one it is told to go. */
  async #end(reason: HaltReason | undefined): Promise<void> {
    if (this.#ending) return;
    this.#ending = true;
    const { exitStatus: status } = this.#driver;
    const wasLive = this.#engine?.isLive ?? false;
    this.#identity.log.info(reason === undefined ? 'ends' : `halts: ${reason}`);
    this.#engine?.close();
    this.#gatewayLink.close();
    this.#disk?.close();
    this.#arbiter.close();
    await this.#channel.end();
    const { config, name } = this.#identity;
    if (isEndOfMachine(reason)) {
      if (wasLive) writeEnd(config.folder, { reason, ...(status === undefined ? {} : { status }) });
      await endOthers(config, name);
    }
    this.#part.end();
    process.exit();
  }
}

/** Whether it is a share of the CPU in percent. */
const isShare = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 100;

/** Whether the machine itself has ended, not only one replica of it. */
const isEndOfMachine = (reason: HaltReason | undefined): reason is MachineEnd['reason'] =>
  reason === 'guest-exit' || reason === 'guest-fault' || reason === 'power-off';

/** What the core is told: the defaults of `ft`, and what the configuration says. */
function coreConfig({ config, name, configuration, owner }: ReplicaIdentity) {
  const { machine, hosts, heartbeatMs, failureTimeoutMs, channelBytes, uncertain } = config;
  return replicaConfig({
    machine,
    host: name,
    group: hosts.map((host) => ({ host: host.name, place: host.place })),
    owner,
    configuration,
    uncertain,
    timing: {
      ...DEFAULT_TIMING,
      heartbeatNs: heartbeatMs * MS,
      failureTimeoutNs: failureTimeoutMs * MS,
    },
    limits: { ...DEFAULT_LIMITS, channelBytes },
  });
}

function openGatewayLink(
  gateway: GatewayClient,
  { config, key, name, log }: ReplicaIdentity,
): Link {
  return new Link({
    address: config.gateway,
    key,
    identity: name,
    maxBytes: MAX_GATEWAY_MESSAGE_BYTES,
    greeting: gateway.greeting,
    onWelcome: (bytes) => isUnderstood(log, () => gateway.isWelcome(bytes)) ?? false,
    onUp: () => gateway.onUp(),
    onFrame: (bytes) => void isUnderstood(log, () => gateway.receive(bytes)),
    onDown: (reason) => log.warn(`gateway ${reason}`),
  });
}

/** What `read` makes of bytes of the gateway; undefined where they are no message. */
function isUnderstood<T>(log: Log, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof MessageError)) throw error;
    log.warn(`gateway: ${error.message}`);
    return undefined;
  }
}

/**
 * How a protected machine stands: each of its processes is asked, and looked at from outside. Of
 * those on other computers only what the ones of this computer know of them is told.
 */
import { generationOf, type HostId } from '../ft/ports.ts';
import { askControl } from './control.ts';
import type { GroupConfig, HostConfig } from './group-config.ts';
import type { TapStatus } from './guest-wire.ts';
import { knownOfReplica, knownOfServer } from './hearsay.ts';
import { isOwnHost } from './host-address.ts';
import { DISK, GATEWAY, partFiles, SUPERVISOR } from './part.ts';
import { isAlive, isPaused, readMark } from './process-file.ts';
import type { Failover } from './replica-status.ts';
import { type Address, addressText } from './secure-socket.ts';

/** How long a process may take to answer, in ms; one that is paused is not asked. */
const PATIENCE_MS = 5000;

/** A process: whether it is there, and what it says of itself. */
export interface PartStatus {
  readonly name: string;
  readonly pid: number | undefined;
  /** `elsewhere`: on another computer, which cannot be looked at from here. */
  readonly state: 'running' | 'paused' | 'dead' | 'elsewhere';
  /** It answers. */
  readonly isReady?: boolean;
  /** Where it tells its metrics. */
  readonly metrics?: string;
  /** Where a process elsewhere listens. */
  readonly address?: string;
  /** What those on this computer know of a process elsewhere, in words. */
  readonly known?: readonly string[];
}

/** A replica; what only a running one can tell is missing of others. */
export interface ReplicaStatusReport extends PartStatus {
  readonly role: string;
  readonly generation?: number;
  readonly peer?: HostId;
  readonly protected?: boolean;
  readonly lagMs?: number;
  /** From a batch of the log to its acknowledgement, smoothed; 0 until a primary has measured. */
  readonly roundTripMs?: number;
  readonly heldOutputs?: number;
  /** The share of the CPU that the guest may use. */
  readonly cpuPercent?: number;
  readonly instructions?: number;
  /** The longest that the process was busy, or had no turn, while it should have done something. */
  readonly latestMs?: number;
  readonly channel?: { readonly sentBytes: number; readonly receivedBytes: number };
  readonly failovers?: readonly Failover[];
  /** Whether it is connected with the gateway, and with the disk server. */
  readonly gateway?: boolean;
  readonly disk?: boolean;
}

/** The gateway; who speaks for the machine is known by its owner name, as are all `replicas`. */
export interface GatewayStatus extends PartStatus {
  readonly connections?: number;
  readonly tap?: TapStatus;
  readonly linked?: boolean;
  readonly owner?: string;
  readonly token?: number;
  readonly replicas?: readonly string[];
}

/** The disk server, with the replicas that are connected. */
export interface DiskStatus extends PartStatus {
  readonly fence?: number;
  readonly hosts?: readonly HostId[];
}

/** A machine with all its processes. */
export interface MachineStatus {
  readonly machine: string;
  /** The highest that a process of this computer knows. */
  readonly generation: number;
  readonly replicas: readonly ReplicaStatusReport[];
  readonly gateway: GatewayStatus;
  /** Only of a machine with disks. */
  readonly disk?: DiskStatus;
  /** Only where there is one, or was one. */
  readonly supervisor?: PartStatus & {
    readonly restarts?: number;
    /** Processes that die at their birth again and again. */
    readonly failing?: readonly string[];
  };
}

/** What can be told of the process `name`, which listens at `address` if others know it. */
async function askPart(folder: string, name: string, address?: Address): Promise<PartStatus> {
  const { mark: path, control } = partFiles(folder, name);
  const mark = readMark(path);
  if (!mark && address && !(await isHere(address)))
    return { name, pid: undefined, state: 'elsewhere', address: addressText(address) };
  if (!mark || !isAlive(mark)) return { name, pid: undefined, state: 'dead' };
  if (isPaused(mark)) return { name, pid: mark.pid, state: 'paused' };
  const answer = await askControl(control, { ask: 'status' }, PATIENCE_MS);
  return { ...answer, name, pid: mark.pid, state: 'running', isReady: answer !== undefined };
}

const isHere = async (address: Address): Promise<boolean> =>
  'path' in address || isOwnHost(address.host);

async function askReplica(
  folder: string,
  { name, address }: HostConfig,
): Promise<ReplicaStatusReport> {
  const status = await askPart(folder, name, address);
  const { role } = status as { role?: string };
  return { ...status, role: role ?? (status.state === 'running' ? 'starting' : status.state) };
}

/** Looks at all processes of a machine. */
export async function statusOf(config: GroupConfig): Promise<MachineStatus> {
  const { folder, machine, hosts, disks } = config;
  const isSupervised = readMark(partFiles(folder, SUPERVISOR).mark) !== undefined;
  const [replicas, gateway, disk, supervisor] = await Promise.all([
    Promise.all(hosts.map((host) => askReplica(folder, host))),
    askPart(folder, GATEWAY, config.gateway) as Promise<GatewayStatus>,
    disks.length > 0 ? (askPart(folder, DISK, config.disk) as Promise<DiskStatus>) : undefined,
    isSupervised ? askPart(folder, SUPERVISOR) : undefined,
  ]);
  const generation = Math.max(
    ...replicas.map((replica) => replica.generation ?? 0),
    generationOf(gateway.token ?? 0),
    generationOf(disk?.fence ?? 0),
  );
  return withHearsay({
    machine,
    generation,
    replicas,
    gateway,
    ...(disk && { disk }),
    ...(supervisor && { supervisor }),
  });
}

/** Adds to who is elsewhere what those on this computer know. */
function withHearsay(status: MachineStatus): MachineStatus {
  const { replicas, gateway, disk } = status;
  const tell = <P extends PartStatus>(part: P, known: string[]): P =>
    part.state === 'elsewhere' ? { ...part, known } : part;
  return {
    ...status,
    replicas: replicas.map((replica) => tell(replica, knownOfReplica(replica.name, status))),
    gateway: tell(gateway, knownOfServer(GATEWAY, status)),
    ...(disk && { disk: tell(disk, knownOfServer(DISK, status)) }),
  };
}

/** The processes of a machine that its guest needs: all but the supervisor. */
export const workersOf = ({ replicas, gateway, disk }: MachineStatus): PartStatus[] => [
  ...replicas,
  gateway,
  ...(disk ? [disk] : []),
];

/** Whether the guest is live on this replica. */
export const isLive = ({ role }: ReplicaStatusReport): boolean =>
  role === 'primary' || role === 'alone';

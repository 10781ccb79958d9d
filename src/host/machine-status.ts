/** How a protected machine stands: each of its processes is asked, and looked at from outside. */
import type { HostId } from '../ft/ports.ts';
import { askControl } from './control.ts';
import { DISK } from './disk-process.ts';
import { GATEWAY } from './gateway-process.ts';
import type { GroupConfig } from './group-config.ts';
import { partFiles } from './part.ts';
import { isAlive, isPaused, readMark } from './process-file.ts';
import type { Failover } from './replica-status.ts';

/** How long a process may take to answer, in ms; a paused one does not. */
const PATIENCE_MS = 2000;

/** A process: whether it is there, and what it says of itself. */
export interface PartStatus {
  readonly name: string;
  readonly pid: number | undefined;
  readonly state: 'running' | 'paused' | 'dead';
  /** It answers. */
  readonly isReady?: boolean;
}

/** A replica; what only a running one can tell is missing of others. */
export interface ReplicaStatusReport extends PartStatus {
  readonly role: string;
  readonly generation?: number;
  readonly protected?: boolean;
  readonly lagMs?: number;
  readonly heldOutputs?: number;
  /** The share of the CPU that the guest may use. */
  readonly cpuPercent?: number;
  readonly instructions?: number;
  /** The longest that the process was busy, or had no turn, while it should have done something. */
  readonly latestMs?: number;
  readonly channel?: { readonly sentBytes: number; readonly receivedBytes: number };
  readonly failovers?: readonly Failover[];
}

/** A machine with all its processes. */
export interface MachineStatus {
  readonly machine: string;
  /** The highest that a replica knows. */
  readonly generation: number;
  readonly replicas: readonly ReplicaStatusReport[];
  readonly gateway: PartStatus & { readonly connections?: number };
  /** Only of a machine with disks. */
  readonly disk?: PartStatus;
}

/** What can be told of the process `name`. */
async function askPart(folder: string, name: string): Promise<PartStatus> {
  const { mark: path, control } = partFiles(folder, name);
  const mark = readMark(path);
  if (!mark || !isAlive(mark)) return { name, pid: undefined, state: 'dead' };
  if (isPaused(mark)) return { name, pid: mark.pid, state: 'paused' };
  const answer = await askControl(control, { ask: 'status' }, PATIENCE_MS);
  return { ...answer, name, pid: mark.pid, state: 'running', isReady: answer !== undefined };
}

async function askReplica(folder: string, name: HostId): Promise<ReplicaStatusReport> {
  const status = await askPart(folder, name);
  const { role } = status as { role?: string };
  return { ...status, role: role ?? (status.state === 'running' ? 'starting' : status.state) };
}

/** Looks at all processes of a machine. */
export async function statusOf(config: GroupConfig): Promise<MachineStatus> {
  const { folder, machine, hosts, disks } = config;
  const [replicas, gateway, disk] = await Promise.all([
    Promise.all(hosts.map(({ name }) => askReplica(folder, name))),
    askPart(folder, GATEWAY),
    disks.length > 0 ? askPart(folder, DISK) : undefined,
  ]);
  const generation = Math.max(0, ...replicas.map((replica) => replica.generation ?? 0));
  return { machine, generation, replicas, gateway, ...(disk ? { disk } : {}) };
}

/** Whether the guest is live on this replica. */
export const isLive = ({ role }: ReplicaStatusReport): boolean =>
  role === 'primary' || role === 'alone';

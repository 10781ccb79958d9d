/**
 * What a replica remembers: plain data, so that a world can be forked and stored. Each part is kept
 * by the file of its name; the role files (primary, backup, alone) decide what happens when.
 */
import { type Arbitration, newArbitration } from './arbitration.ts';
import type { ReplicaConfig } from './config.ts';
import { newWatch, type Watch } from './heartbeat.ts';
import { type Inbox, newInbox } from './inbox.ts';
import type { Joining } from './joining.ts';
import { type Lag, newLag } from './lag.ts';
import { type LocalReads, newLocalReads } from './local-reads.ts';
import { newOutputs, type OutputQueue } from './output-rule.ts';
import type { MirrorRequest } from './own-disks.ts';
import {
  type Effect,
  type HaltReason,
  type HostId,
  type Role,
  type Start,
  type Token,
  tokenOf,
} from './ports.ts';
import type { Clone } from './reprotect.ts';
import { newWindow, type SendWindow } from './window.ts';

/** How far the guest has come. */
export interface Execution {
  /** A `run` effect is out and its `sliced` event has not come. */
  running: boolean;
  /** The instruction count reached. */
  count: number;
  /** Nothing is run here any more. */
  ended: Ending | undefined;
  /** The operator's limit on the share of the CPU (control.ts). */
  percent: number;
  /** The guest rests until then. */
  restUntilNs: number;
}

/** The guest has ended, or the operator has switched it off, or over to the backup. */
export type Ending = 'guest-exit' | 'guest-fault' | 'power-off' | 'switch-over';

/** Everything a replica remembers: plain data. */
export interface ReplicaState {
  role: Role;
  /** The time of the last event. */
  nowNs: number;
  /** From 1; of a joining host the one that it has been offered, 0 before. */
  generation: number;
  /** The highest generation that this replica has been in or has offered (rule 12). */
  spent: number;
  /** The other end of the channel; empty where there is none. Belongs to the generation. */
  peer: HostId;
  /** What this replica's outputs carry: tokenOf(generation, won). 0 for a standby. */
  token: Token;
  channel: 'unopened' | 'greeting' | 'open' | 'closed';
  /** When a goodbye was sent; the sender lingers until it is acknowledged or the peer fails. */
  farewellNs: number | undefined;
  /** Why a backup will halt, once its own disks have all that they must have. */
  leaving: HaltReason | undefined;
  /** At a winning backup: the fence has been confirmed, or when to ask for it again. */
  fence: 'confirmed' | { retryAtNs: number } | undefined;
  /** The `wake-at` that is out. */
  alarmNs: number | undefined;
  execution: Execution;
  watch: Watch;
  /** Snapshots that have been taken and that nobody has been told of. Not of a backup. */
  snapshots: { readonly name: string; readonly entry: number }[];
  arbitration: Arbitration;
  /** Produced by the guest and not known to have arrived outside. All roles. */
  outputs: OutputQueue;
  /** Entries on their way to the backup. Primary only. */
  window: SendWindow;
  /** How far the backup is behind, and what the guest rests for it. Primary only. */
  lag: Lag;
  /** Entries received from the primary. Backup only. */
  inbox: Inbox;
  /** Reads of the shared disk that the backup does itself. */
  reads: LocalReads;
  /** Requests that a backup has still to carry out on its own disks. */
  mirror: MirrorRequest[];
  /** At a source, until the new backup has answered. */
  clone: Clone | undefined;
  /** When an alone replica may try again to be protected, and whom it has tried last. */
  nextClone: { atNs: number; tried: HostId };
  /** Joining only. */
  joining: Joining | undefined;
  /** Standbys of the group, and when they were last heard. */
  standbys: Record<HostId, { readonly heardNs: number }>;
}

/** One call of `step`: what the transition functions read, change and append to. */
export interface Step {
  readonly config: ReplicaConfig;
  readonly s: ReplicaState;
  readonly out: Effect[];
}

/** A guest that has come so far, and of whose CPU an operator may have limited the share. */
export const newExecution = (count = 0, percent = 100): Execution => ({
  running: false,
  count,
  ended: undefined,
  percent,
  restUntilNs: 0,
});

/** A replica before its first event. */
export function newState(start: Start, config: ReplicaConfig): ReplicaState {
  const generation = start.role === 'standby' ? 0 : start.generation;
  return {
    role: start.role,
    nowNs: 0,
    generation,
    spent: generation,
    peer: 'peer' in start ? start.peer : '',
    token: tokenOf(generation, false),
    channel: 'unopened',
    farewellNs: undefined,
    leaving: undefined,
    fence: undefined,
    alarmNs: undefined,
    execution: newExecution(),
    watch: newWatch(),
    snapshots: [],
    arbitration: newArbitration(),
    outputs: newOutputs(config),
    window: newWindow(),
    lag: newLag(),
    inbox: newInbox(),
    reads: newLocalReads(),
    mirror: [],
    clone: undefined,
    nextClone: { atNs: 0, tried: '' },
    joining: undefined,
    standbys: {},
  };
}

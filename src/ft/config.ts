/**
 * What a replica is told at its start and never changes: who it is, its rules, times and limits.
 */
import type { Digest } from '../base/digest.ts';
import { ALL_RULES, type HostId, type Rules } from './ports.ts';

/** Periods and patience of a replica. */
export interface Timing {
  /** Time between two heartbeats, and between two empty batches of a silent primary, in ns. */
  readonly heartbeatNs: number;
  /** A peer not heard for longer than this, on the channel or by heartbeat, has failed; in ns. */
  readonly failureTimeoutNs: number;
  /** Time between two questions to an arbiter or a disk that does not answer, in ns. */
  readonly retryNs: number;
  /** How long entries without an output may wait for company before they are sent, in ns. */
  readonly flushNs: number;
}

/** Bounds of a replica's buffers and of one stretch of execution. */
export interface Limits {
  /** Longest stretch of execution asked for at once, in instructions. */
  readonly sliceInstructions: number;
  /**
   * Longest one while somebody waits: an output for its acknowledgement, or the primary for ours. A
   * driver of one thread reads messages between stretches only.
   */
  readonly promptInstructions: number;
  /** Bytes of entries that may be under way to the backup; beyond them the primary stops. */
  readonly channelBytes: number;
  /** Entries in the backup's buffer; beyond them it acknowledges nothing. */
  readonly bufferEntries: number;
  /** Execution lag of the backup, in ns, above which the primary executes less; see lag.ts. */
  readonly lagNs: number;
  /** Longest pause of a machine that is cloned to a standby, in ns: how long its outputs wait. */
  readonly pauseNs: number;
  /** Rounds of a clone; a guest that then still writes too fast for the pause stays alone. */
  readonly cloneRounds: number;
  /** Bytes of one piece of a clone, about, and of the pieces that may be under way. */
  readonly pieceBytes: number;
  readonly cloneBytes: number;
}

/** A host that may carry a replica of the machine. */
export interface Member {
  readonly host: HostId;
  /** What fails as a whole: a computer, a rack. A machine is never protected by its own place. */
  readonly place: string;
}

/** What a go-live does with frames in doubt: what TCP carries is repeated without harm. */
export type UncertainPolicy = 'resend' | 'drop' | 'resend-tcp-drop-udp';

/** Everything a replica is told at construction. */
export interface ReplicaConfig {
  /** Name of the replicated machine: the same at all members, another for every machine. */
  readonly machine: string;
  readonly host: HostId;
  /** All hosts of the machine, this one included; standbys are chosen in this order. */
  readonly group: readonly Member[];
  /** Fresh for every start of a process (rule 1). */
  readonly owner: string;
  /** Digest over image and machine configuration, which two replicas must have in common. */
  readonly configuration: Digest;
  readonly rules: Rules;
  /**
   * What to do at go-live with frames that the failed primary may or may not have released
   * (protocol.md §2). Console bytes are always sent again, disk requests always issued again.
   */
  readonly uncertain: UncertainPolicy;
  /**
   * How the backup comes by what its guest reads from the shared disk: from the log, or by reading
   * itself (local-reads.ts). The same at both members.
   */
  readonly reads: 'log' | 'local';
  /**
   * Whether the hosts share the machine's disks or each has its own (own-disks.ts). The same at
   * all members; with own disks `reads` is `log`.
   */
  readonly disks: 'shared' | 'own';
  readonly timing: Timing;
  readonly limits: Limits;
}

const MS = 1_000_000;

/**
 * Those of `protect`: twenty heartbeats fit into the time-out, and a host that only waits for its
 * turn on a busy computer is heard again before.
 */
export const DEFAULT_TIMING: Timing = Object.freeze({
  heartbeatNs: 10 * MS,
  failureTimeoutNs: 200 * MS,
  retryNs: 100 * MS,
  flushNs: 2 * MS,
});

/** Limits that suit a guest of any size. */
export const DEFAULT_LIMITS: Limits = Object.freeze({
  sliceInstructions: 10_000_000,
  promptInstructions: 200_000,
  channelBytes: 4 * 1024 * 1024,
  bufferEntries: 100_000,
  lagNs: 1000 * MS,
  pauseNs: 300 * MS,
  cloneRounds: 8,
  pieceBytes: 64 * 1024,
  cloneBytes: 1024 * 1024,
});

/** Everything that is not said takes the defaults above, all rules on and `resend`. */
export function replicaConfig(
  given: Pick<ReplicaConfig, 'machine' | 'host' | 'group' | 'owner' | 'configuration'> &
    Partial<ReplicaConfig>,
): ReplicaConfig {
  return Object.freeze({
    rules: ALL_RULES,
    uncertain: 'resend' as const,
    reads: 'log' as const,
    disks: 'shared' as const,
    timing: DEFAULT_TIMING,
    limits: DEFAULT_LIMITS,
    ...given,
  });
}

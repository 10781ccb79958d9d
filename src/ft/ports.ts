/**
 * The seam between the protocol core and a world (contracts.md 13). `Replica.step` takes an event
 * and returns effects; it performs nothing. A world, simulated (sim/) or real (host/), performs the
 * effects in the order in which they stand and answers with events. All of it is plain data.
 */
import type { Digest } from '../base/digest.ts';
import type { Control, LogEntry, Slice } from '../hypervisor/entry.ts';
import type { Input } from '../machine/input.ts';
import type { DiskRequest, Output } from '../machine/output.ts';

/** A host of the machine's group; the name is chosen by whoever sets the group up. */
export type HostId = string;

/**
 * 2g for the primary of generation g, 2g + 1 for whoever won the test-and-set of g (protocol.md
 * §4). Disk, gateway and console sink compare tokens, never generations.
 */
export type Token = number;

/** The token of a member of `generation` (≥ 1): its primary, or the winner of its test-and-set. */
export const tokenOf = (generation: number, won: boolean): Token => 2 * generation + (won ? 1 : 0);

/** The generation of a member with this token; 0 for that of a standby. */
export const generationOf = (token: Token): number => Math.floor(token / 2);

/** A test-and-set on the shared storage: one per machine and generation. */
export interface Claim {
  readonly machine: string;
  readonly generation: number;
  /** Fresh for every process start; asking again with the same owner tells a winner that it won. */
  readonly owner: string;
}

/**
 * What a replica is. A standby is empty, a joining one is being given the machine: they claim
 * nothing and emit nothing.
 */
export type Role = 'standby' | 'joining' | 'primary' | 'backup' | 'alone' | 'halted';

/** What a replica is when its process starts: generations count from 1. */
export type Start =
  | { readonly role: 'primary' | 'backup'; readonly generation: number; readonly peer: HostId }
  /** A machine that has no backup. */
  | { readonly role: 'alone'; readonly generation: number }
  | { readonly role: 'standby' };

/** Why a replica has halted; final. */
export type HaltReason =
  | 'lost-test-and-set'
  | 'guest-exit'
  | 'guest-fault'
  | 'divergence'
  | 'power-off'
  /** The operator has had the backup take over. */
  | 'switch-over'
  /** The peer runs another machine, configuration or version, or a receiver knows a later token. */
  | 'refused';

/**
 * Rules that a scenario may switch off (contracts.md 14), to show what each is for. Frozen, given
 * at construction; all true by default. Real hosts accept only all of them. The numbers are those
 * of protocol.md §4.
 */
export interface Rules {
  /** An output waits until its entry is acknowledged (§2). */
  readonly outputRule: boolean;
  /** Whoever would go on alone wins the generation's test-and-set first (1). */
  readonly testAndSet: boolean;
  /** A winning backup raises the disk's fence before it goes live (8). */
  readonly fence: boolean;
  /** While a primary asks, the Output Rule stays on (3). */
  readonly winFirst: boolean;
  /** "Released up to" waits for the receiver's confirmation (5). */
  readonly confirmReleases: boolean;
  /** No answer from the arbiter is no permission (6). */
  readonly askAgain: boolean;
  /** Disk, gateway and console sink compare tokens, not generations (2). */
  readonly tokens: boolean;
  /** Acknowledgements count from the channel of the present generation only (4). */
  readonly presentChannel: boolean;
  /** A backup closes the channel before it fixes the point of its go-live (7). */
  readonly closeFirst: boolean;
  /** The Output Rule is on before a standby has the whole machine (11). */
  readonly ruleFirst: boolean;
  /** Who has given away a generation leaves the Output Rule only by winning it (12). */
  readonly spendNumber: boolean;
  /** A joining host never claims (14). */
  readonly completeOnly: boolean;
  /** A restarted host is empty, and joins only whom the arbiter names (15). */
  readonly askSource: boolean;
  /** At go-live writes without a logged completion are issued again (9). */
  readonly reissue: boolean;
  /** Gateway and console sink listen to the highest token, not to whoever spoke last (17). */
  readonly highestToken: boolean;
  /** A power-off waits until the backup has it (19). */
  readonly holdEnd: boolean;
  /** A disk knows a request that comes again by token and number, and does it once (20). */
  readonly knowAgain: boolean;
  /** Disk requests that overlap run one after the other (§5). */
  readonly oneAtATime: boolean;
}

/** Every rule on: the only setting outside the simulator. */
export const ALL_RULES: Rules = Object.freeze({
  outputRule: true,
  testAndSet: true,
  fence: true,
  winFirst: true,
  confirmReleases: true,
  askAgain: true,
  tokens: true,
  presentChannel: true,
  closeFirst: true,
  ruleFirst: true,
  spendNumber: true,
  completeOnly: true,
  askSource: true,
  reissue: true,
  highestToken: true,
  holdEnd: true,
  knowAgain: true,
  oneAtATime: true,
});

/** Where a machine stood still for the last round of its clone. */
export interface CloneEnd {
  /** Entries of its log so far. */
  readonly entries: number;
  readonly count: number;
  readonly digest: Digest;
}

/** Why a source has given up a clone; it is alone, as before. */
export type GiveUp =
  /** The standby was not heard for the failure timeout, or its channel broke. */
  | 'standby-lost'
  /** The standby runs another machine, or the arbiter named another winner. */
  | 'refused'
  /** The guest writes to memory faster than the channel carries it (limits.cloneRounds). */
  | 'too-dirty'
  /** The channel has become slower while outputs wait for the last round (limits.pauseNs). */
  | 'pause-too-long'
  /** The guest has ended. */
  | 'ended';

/** What a driver tells a replica. */
export type Event = {
  /** The host's time. Never goes back. */
  readonly nowNs: number;
} /** The time of the last `wake-at` has come; also the first event of a replica's life. */ & (
  | { readonly kind: 'wake' }
  /**
   * One whole message of the channel (messages.ts tells where one ends), in order and without gaps;
   * or a heartbeat datagram, which may be lost, repeated or late.
   */
  | { readonly kind: 'message' | 'heartbeat'; readonly from: HostId; readonly bytes: Uint8Array }
  /** The stretch asked for by a `run` effect has ended. */
  | { readonly kind: 'sliced'; readonly slice: Slice }
  /** The replayer found that this replica no longer does what the log says. */
  | { readonly kind: 'diverged'; readonly detail: string }
  /** Something from outside for the guest: a packet, console bytes, a disk completion. */
  | { readonly kind: 'input'; readonly input: Input }
  /** The operator's power switch. Taken by a primary or an alone replica, ignored by others. */
  | { readonly kind: 'power-off' }
  /** The operator wants the backup to take over. Taken by a primary that has one. */
  | { readonly kind: 'switch-over' }
  /** The guest may use so many percent of the CPU, 1 to 100. Taken like a power-off. */
  | { readonly kind: 'throttle'; readonly percent: number }
  /** The machine is to be kept as it is, under a name. Taken like a power-off. */
  | { readonly kind: 'snapshot'; readonly name: string }
  | { readonly kind: 'channel-lost'; readonly peer: HostId }
  | {
      readonly kind: 'arbiter';
      readonly claim: Claim;
      /** Unknown (time-out, unreachable) means ask again, never go live and never halt. */
      readonly answer: 'won' | 'lost' | 'unknown';
    }
  /** The disk has confirmed that its fence is at `token` or above. */
  | { readonly kind: 'fenced'; readonly token: Token }
  /** The receiver (gateway, console sink) has confirmed an output (protocol.md §4 rule 5). */
  | { readonly kind: 'released'; readonly ordinal: number }
  /** The answer to a `read`. */
  | { readonly kind: 'read'; readonly completion: Extract<Input, { kind: 'disk' }> }
  /** The answer to a `mirror`. */
  | { readonly kind: 'mirrored'; readonly ordinal: number; readonly ok: boolean }
  /** The arbiter says who owns a generation; undefined for nobody yet. */
  | {
      readonly kind: 'owner';
      readonly machine: string;
      readonly generation: number;
      readonly owner: string | undefined;
    }
  /** The pages of a round have been taken, about so many bytes; `end` if it is the last. */
  | {
      readonly kind: 'captured';
      readonly attempt: number;
      readonly bytes: number;
      readonly end?: CloneEnd;
    }
  /** The next piece of the round taken last. */
  | {
      readonly kind: 'piece';
      readonly attempt: number;
      readonly bytes: Uint8Array;
      readonly last: boolean;
    }
  /** The machine is as the pieces say, with this digest; undefined if they make up no machine. */
  | {
      readonly kind: 'assembled';
      readonly attempt: number;
      readonly digest: Digest | undefined;
    }
  /** Disk or gateway would not take an output of ours: it knows `token`, which is higher. */
  | { readonly kind: 'refused'; readonly token: Token }
);

/** An event but for its time, which the driver's clock adds. */
export type HostEvent = Event extends infer E
  ? E extends Event
    ? Omit<E, 'nowNs'>
    : never
  : never;

/** What a replica asks of its driver, to be done in the order given. */
export type Effect =
  /**
   * On the channel, in order. A send stands before every release of the same step; bytes of a
   * channel that a `close-channel` has closed may be dropped.
   */
  | { readonly kind: 'send'; readonly to: HostId; readonly bytes: Uint8Array }
  /** A datagram; losing it is allowed. */
  | { readonly kind: 'heartbeat'; readonly to: HostId; readonly bytes: Uint8Array }
  /**
   * Execute until the count is `until` or something stops the machine; answer with `sliced`. At
   * most one is out at a time. A recorder whose guest has halted answers when an offered input or
   * a timer's deadline has woken it.
   */
  | { readonly kind: 'run'; readonly until: number }
  /** Hand an input to the recorder. Never to a replayer. */
  | { readonly kind: 'offer'; readonly input: Input }
  /** Have the recorder log a control operation; it comes back in the entries of a slice. */
  | { readonly kind: 'control'; readonly op: Control }
  /**
   * For people: the snapshot of that name, which has come in a slice, is in the history of the
   * machine whoever goes on with it.
   */
  | { readonly kind: 'snapshot-kept'; readonly name: string }
  /** Hand entries to the replayer. */
  | { readonly kind: 'feed'; readonly entries: readonly LogEntry[] }
  /**
   * The replayer becomes a recorder at its present point. Comes when no `run` is out, all that was
   * fed has been consumed (rule 7) and the fence has been confirmed (rule 8).
   */
  | { readonly kind: 'go-live' }
  /**
   * Let an output leave. Emitted only when the entry of the output has been acknowledged on the
   * channel of the present generation, or the generation has been won, or the output is a disk
   * read (contracts.md 8) or any request to a disk of the host's own. In order of their ordinals,
   * except that a disk request waits for an earlier one that it overlaps while others pass.
   * Frames, console bytes and the exit are answered with `released` once the receiver has them,
   * disk requests with a `disk` input.
   */
  | {
      readonly kind: 'release';
      readonly token: Token;
      readonly ordinal: number;
      readonly output: Output;
    }
  /**
   * Of a backup: read the shared disk; answer with `read`, or not at all. Only under the setting
   * `local` of the primary.
   */
  | { readonly kind: 'read'; readonly token: Token; readonly request: DiskRequest }
  /**
   * Of a backup with disks of its own: have the disk do what the primary's has done; answer with
   * `mirrored`. One that failed comes again.
   */
  | { readonly kind: 'mirror'; readonly ordinal: number; readonly request: DiskRequest }
  /** Ask the arbiter; a repeated effect asks again. Answered by `arbiter`, or not at all. */
  | { readonly kind: 'test-and-set'; readonly claim: Claim }
  /** Ask the arbiter who owns a generation, claiming nothing. Answered by `owner`, or never. */
  | { readonly kind: 'who-won'; readonly machine: string; readonly generation: number }
  /** End the `run` that is out as soon as it can be, also if the guest sleeps. */
  | { readonly kind: 'stop' }
  /**
   * Take the pages that have changed since the round before, in round 1 those that are not zero;
   * answer with `captured`. A `final` round holds the rest of the machine too; it comes when no
   * `run` is out. `attempt` tells one clone from the next.
   */
  | {
      readonly kind: 'capture';
      readonly attempt: number;
      readonly round: number;
      readonly final: boolean;
    }
  /** Answer with the next `piece` of the round, of about `bytes`. One at a time. */
  | { readonly kind: 'read-piece'; readonly attempt: number; readonly bytes: number }
  /** At a joining host: forget what has been installed. */
  | { readonly kind: 'clear' }
  /** At a joining host: put a piece to the others, in order. */
  | { readonly kind: 'install'; readonly bytes: Uint8Array }
  /** At a joining host: make the machine of the pieces, with a replayer; answer `assembled`. */
  | { readonly kind: 'assemble'; readonly attempt: number }
  /**
   * For people: how the protection of the machine stands. Unless a clone begins, the rounds that
   * the driver keeps are of no more use.
   */
  | { readonly kind: 'protection'; readonly peer: HostId; readonly news: ProtectionNews }
  /** For people: a message was not taken. Whether the channel is closed for it, others say. */
  | {
      readonly kind: 'refuse';
      readonly from: HostId;
      readonly why: MessageRefusal;
      /** In words. */
      readonly reason: string;
    }
  /** Raise the shared disk's fence to `token`; answer with `fenced`. Always before `go-live`. */
  | { readonly kind: 'fence'; readonly token: Token }
  /** Tell gateway and console sink who speaks for the machine now. After `go-live`. */
  | { readonly kind: 'announce'; readonly token: Token }
  /** Nothing more is received from the peer or sent to it; before the go-live point is fixed. */
  | { readonly kind: 'close-channel'; readonly peer: HostId }
  /** Send a `wake` at that time. Replaces the one before. */
  | { readonly kind: 'wake-at'; readonly atNs: number }
  /** The last effect of a replica's life; what it has sent before still goes out. */
  | { readonly kind: 'halt'; readonly reason: HaltReason };

/**
 * Why a message is not taken: it is of another `version` of vmft, was `altered` on its way or is
 * `malformed`; is from somebody who is no other member, of a `generation` that is not the present
 * one, was here before, or comes after a `gap`.
 */
export type MessageRefusal =
  | 'version'
  | 'altered'
  | 'malformed'
  | 'stranger'
  | 'generation'
  | 'repeated'
  | 'gap';

/** What a source tells about the clone of its machine. */
export type ProtectionNews =
  | { readonly what: 'begins'; readonly generation: number }
  | { readonly what: 'given-up'; readonly reason: GiveUp }
  /** The outputs of the guest have waited for `pauseNs`. */
  | {
      readonly what: 'protected';
      readonly rounds: number;
      readonly bytes: number;
      readonly pauseNs: number;
    };

/** One member of a replicated machine. */
export interface Replica<State = unknown> {
  readonly role: Role;
  /** Takes one event; the effects are to be performed in their order before the next event. */
  step(event: Event): Effect[];
  /** A copy of everything the replica remembers: plain data. */
  state(): State;
  /** Goes on from a copy taken from a replica of the same configuration. */
  restore(state: State): void;
}

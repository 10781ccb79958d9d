/**
 * The seam between the protocol core and a world (contracts.md 13). `Replica.step` takes an event
 * and returns effects; it performs nothing. A world, simulated (sim/) or real (host/), performs the
 * effects in the order in which they stand and answers with events. All of it is plain data.
 */
import type { LogEntry, Slice } from '../hypervisor/entry.ts';
import type { Input } from '../machine/input.ts';
import type { Output } from '../machine/output.ts';

/** A host of the machine's group; the name is chosen by whoever sets the group up. */
export type HostId = string;

/**
 * 2g for the primary of generation g, 2g + 1 for whoever won the test-and-set of g (protocol.md
 * §4). Disk, gateway and console sink compare tokens, never generations.
 */
export type Token = number;

/** A test-and-set on the shared storage: one per machine and generation. */
export interface Claim {
  readonly machine: string;
  readonly generation: number;
  /** Fresh for every process start; asking again with the same owner tells a winner that it won. */
  readonly owner: string;
}

export type Role = 'primary' | 'backup' | 'alone' | 'halted';

export type HaltReason =
  | 'lost-test-and-set'
  | 'guest-exit'
  | 'guest-fault'
  | 'divergence'
  | 'power-off';

/**
 * Rules that a scenario may switch off (contracts.md 14). Frozen, given at construction; all true
 * by default. Real hosts accept only all of them.
 */
export interface Rules {
  readonly outputRule: boolean;
  readonly testAndSet: boolean;
  readonly fence: boolean;
}

export const ALL_RULES: Rules = Object.freeze({ outputRule: true, testAndSet: true, fence: true });

export type Event = {
  /** The host's time. Never goes back. */
  readonly nowNs: number;
} & (
  | { readonly kind: 'wake' }
  /** Bytes from the channel, a stream in order, or a heartbeat datagram that may be lost. */
  | { readonly kind: 'message' | 'heartbeat'; readonly from: HostId; readonly bytes: Uint8Array }
  /** The stretch asked for by a `run` effect has ended. */
  | { readonly kind: 'sliced'; readonly slice: Slice }
  /** Something from outside for the guest: a packet, console bytes, a disk completion. */
  | { readonly kind: 'input'; readonly input: Input }
  | { readonly kind: 'channel-lost'; readonly peer: HostId }
  | {
      readonly kind: 'arbiter';
      readonly claim: Claim;
      /** Unknown (time-out, unreachable) means ask again, never go live and never halt. */
      readonly answer: 'won' | 'lost' | 'unknown';
    }
  /** The disk has confirmed that its fence is at `token` or above. */
  | { readonly kind: 'fenced'; readonly token: Token }
  /** The receiver (disk, gateway, console sink) has confirmed an output (protocol.md §4 rule 5). */
  | { readonly kind: 'released'; readonly ordinal: number }
);

export type Effect =
  | { readonly kind: 'send' | 'heartbeat'; readonly to: HostId; readonly bytes: Uint8Array }
  /** Execute until the count is `until` or something stops the machine; answer with `sliced`. */
  | { readonly kind: 'run'; readonly until: number }
  /** Hand an input to the recorder. */
  | { readonly kind: 'offer'; readonly input: Input }
  /** Hand entries to the replayer. */
  | { readonly kind: 'feed'; readonly entries: readonly LogEntry[] }
  /** The replayer becomes a recorder at its present point. */
  | { readonly kind: 'go-live' }
  /**
   * Let an output leave. Emitted only when the entry of the output has been acknowledged on the
   * channel of the present generation, or the generation has been won, or the output is a disk
   * read (contracts.md 8). Outputs are released in order of their ordinals, reads aside.
   */
  | {
      readonly kind: 'release';
      readonly token: Token;
      readonly ordinal: number;
      readonly output: Output;
    }
  | { readonly kind: 'test-and-set'; readonly claim: Claim }
  /** Raise the disk's fence to `token`; answer with `fenced`. Always before `go-live`. */
  | { readonly kind: 'fence'; readonly token: Token }
  /** Tell gateway and console sink who speaks for the machine now. After `go-live`. */
  | { readonly kind: 'announce'; readonly token: Token }
  | { readonly kind: 'close-channel'; readonly peer: HostId }
  | { readonly kind: 'wake-at'; readonly atNs: number }
  | { readonly kind: 'halt'; readonly reason: HaltReason };

/** One member of a replicated machine. */
export interface Replica {
  readonly role: Role;
  step(event: Event): Effect[];
}

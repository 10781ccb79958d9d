/**
 * Everything that can happen in a simulated world: plain data in its queue. What answers a host
 * carries the host's life or a ticket, so that what was meant for an earlier life, alarm or stretch
 * of execution is recognised and dropped.
 */
import type { Claim, HostEvent, HostId, Token } from '../ft/ports.ts';
import type { Slice } from '../hypervisor/entry.ts';
import type { DiskRequest } from '../machine/output.ts';

/** What the replicas' outputs become on their way to disk, gateway and console sink. */
export interface Sent {
  readonly host: HostId;
  readonly life: number;
  readonly token: Token;
  readonly ordinal: number;
}

/** A request on its way to the disk. */
export interface DiskEvent extends Sent {
  readonly request: DiskRequest;
  /** A backup reads or writes for itself; the guest's request is not this one. */
  readonly local?: 'read' | 'mirror';
  /** The connection over which it came has broken since: nobody hears the answer. */
  readonly unheard?: true;
}

/** What can be due in a world. */
export type SimEvent =
  | {
      readonly kind: 'host';
      readonly host: HostId;
      /** The answer to something that only this life of the host has asked. */
      readonly life?: number;
      readonly event: HostEvent;
    }
  | { readonly kind: 'alarm'; readonly host: HostId; readonly ticket: number }
  /** A stretch of execution is over: its effects arrive now. */
  | {
      readonly kind: 'slice-end';
      readonly host: HostId;
      readonly life: number;
      readonly result: Slice | { readonly diverged: string };
    }
  /** A timer's deadline wakes a halted guest. */
  | { readonly kind: 'guest-wake'; readonly host: HostId; readonly ticket: number }
  /** Something comes out of a link. */
  | {
      readonly kind: 'arrival';
      readonly link: string;
      readonly epoch: number;
      readonly number: number;
      readonly payload: SimEvent;
    }
  | (DiskEvent & { readonly kind: 'disk-request' })
  | (DiskEvent & { readonly kind: 'disk-apply' })
  | {
      readonly kind: 'disk-fence';
      readonly host: HostId;
      readonly life: number;
      readonly token: Token;
      readonly unheard?: true;
    }
  /** The host has another connection to the disk server; the one before has broken. */
  | { readonly kind: 'reconnected'; readonly host: HostId; readonly life: number }
  | { readonly kind: 'arbiter-ask'; readonly host: HostId; readonly claim: Claim }
  | {
      readonly kind: 'owner-ask';
      readonly host: HostId;
      readonly machine: string;
      readonly generation: number;
    }
  | ({ readonly kind: 'frame-out'; readonly bytes: Uint8Array } & Sent)
  | ({ readonly kind: 'console-out'; readonly offset: number; readonly bytes: Uint8Array } & Sent)
  | { readonly kind: 'announce'; readonly host: HostId; readonly token: Token }
  /** A frame from a client reaches the switch, or one from the switch reaches a client. */
  | { readonly kind: 'frame-in'; readonly bytes: Uint8Array }
  | { readonly kind: 'client-frame'; readonly client: string; readonly bytes: Uint8Array }
  | { readonly kind: 'client-timer'; readonly client: string; readonly ticket: number }
  | { readonly kind: 'console-in'; readonly bytes: Uint8Array }
  | { readonly kind: 'fault'; readonly index: number }
  | { readonly kind: 'undo-fault'; readonly index: number }
  /** An operator starts a machine that has died. */
  | { readonly kind: 'cold-start' }
  | { readonly kind: 'heal' };

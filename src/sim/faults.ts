/**
 * Faults: what goes wrong, and when. A trigger is a moment of the run (an instruction count, a log
 * entry, a message, an output, an answer to a client, a time), or just before one, so that a crash
 * can be put at any exact point. Each fault fires once; fault-effects.ts says what that does to a
 * world, fault-kinds.ts counts it.
 */
import type { HostId } from '../ft/ports.ts';

/**
 * What happens to a host again and again, counted from 1 over its life. `count`: its guest has
 * executed so many instructions, its replica does not know it yet · `entry`: its log has so many
 * entries · `message`: it has sent a message on the channel · `received`: one has come to it, its
 * replica does not know it yet · `output`: it has released an output · `delivered`: one of its
 * outputs has come to gateway or disk · `ask`: it has asked arbiter or disk for leave to go on
 */
export type HostMoment =
  | 'count'
  | 'entry'
  | 'message'
  | 'received'
  | 'output'
  | 'delivered'
  | 'ask';

/** When a fault fires: a moment has just passed, or is about to come. */
export type Trigger =
  | { readonly on: 'time'; readonly timeNs: number }
  /** `before` (never with `count`): what the moment names has not happened yet. */
  | {
      readonly on: HostMoment;
      readonly host: HostId;
      readonly number: number;
      readonly before?: true;
    }
  /** So many answers have come to the clients together. */
  | { readonly on: 'answer'; readonly number: number };

/** What a fault does to the world. */
export type Action =
  /**
   * The host is gone, with all that it had sent on the channel and that has not arrived; what is
   * under way to disk and gateway arrives yet, unless it is lost too.
   */
  | { readonly do: 'crash'; readonly host: HostId; readonly losing: 'messages' | 'outputs-too' }
  /** The host starts, empty and as a standby; if it is up it dies first. */
  | { readonly do: 'restart'; readonly host: HostId }
  | { readonly do: 'resume'; readonly host: HostId }
  /** The host stands still, and goes on after `forNs` as if nothing had been. */
  | { readonly do: 'pause'; readonly host: HostId; readonly forNs?: number }
  /**
   * Nothing passes between two ends, or from the first to the second; streams are held back,
   * datagrams lost.
   */
  | { readonly do: 'cut'; readonly between: Ends; readonly oneWay?: true; readonly forNs?: number }
  /** Streams between two ends are held back, datagrams pass. */
  | { readonly do: 'stall'; readonly between: Ends; readonly forNs?: number }
  | { readonly do: 'join'; readonly between: Ends }
  /**
   * The channel between two hosts breaks for good, and both notice; or the connection of a host to
   * the disk (named second) breaks, and it makes another.
   */
  | { readonly do: 'break'; readonly between: Ends }
  /** A bit of the next log batch with entries flips on its way from the first to the second. */
  | { readonly do: 'damage'; readonly between: Ends; readonly bit: number }
  /** The next log batch with entries from the first to the second comes twice. */
  | { readonly do: 'repeat'; readonly between: Ends }
  /** Somebody who is no host sends the host a batch that looks like one of its primary's. */
  | { readonly do: 'forge'; readonly host: HostId }
  /** What is sent from now on takes longer. */
  | { readonly do: 'delay'; readonly between: Ends; readonly delayNs: number }
  | {
      readonly do: 'disk';
      readonly mode: 'ok' | 'slow' | 'failing' | 'down';
      /** Of `failing`: the requests of this host alone fail. Of own disks: those of this host. */
      readonly only?: HostId;
      readonly forNs?: number;
    }
  | {
      readonly do: 'arbiter';
      readonly mode: 'up' | 'down' | 'loses-answers';
      readonly forNs?: number;
    }
  /** A bit (0 … 7) of a byte of the guest's memory changes, on one host. */
  | { readonly do: 'flip'; readonly host: HostId; readonly address: number; readonly bit: number }
  /**
   * The host's clock jumps ahead, date and all; a jump back (below 0) changes the date alone, for
   * the clock that times are measured with never goes back.
   */
  | { readonly do: 'jump'; readonly host: HostId; readonly byNs: number }
  /** The operator's power switch, at every host. */
  | { readonly do: 'power-off' }
  /** The operator has the backup take over. */
  | { readonly do: 'switch-over' }
  /** The operator gives the guest so many percent of the CPU. */
  | { readonly do: 'throttle'; readonly percent: number }
  /** The operator has the machine kept as it is, under a name. */
  | { readonly do: 'snapshot'; readonly name: string };

/** Two of: a host, 'disk', 'arbiter', 'gateway'. */
export type Ends = readonly [string, string];

/** One fault: what fires it, and what it does. */
export interface FaultSpec {
  readonly at: Trigger;
  readonly action: Action;
}

/** A moment that may fire faults. */
export type Moment =
  | {
      readonly kind: HostMoment;
      readonly host: HostId;
      readonly number: number;
      readonly before?: true;
    }
  | { readonly kind: 'answer'; readonly number: number };

/** Whether `moment` is what the trigger waits for, or later. */
export function isReached(at: Trigger, moment: Moment): boolean {
  if (at.on === 'time' || at.on !== moment.kind || moment.number < at.number) return false;
  if (at.on === 'answer' || moment.kind === 'answer') return true;
  return at.host === moment.host && at.before === moment.before;
}

/** A fault in a few words: "crash alpha". */
export function describeAction(action: Action): string {
  switch (action.do) {
    case 'crash':
    case 'restart':
    case 'pause':
    case 'resume':
      return `${action.do} ${action.host}`;
    case 'forge':
      return `forge a batch for ${action.host}`;
    case 'cut':
      return `cut ${action.between.join(action.oneWay ? '>' : '-')}`;
    case 'join':
    case 'break':
    case 'stall':
      return `${action.do} ${action.between.join('-')}`;
    case 'damage':
      return `damage a batch ${action.between.join('>')}`;
    case 'repeat':
      return `repeat a batch ${action.between.join('>')}`;
    case 'delay':
      return `delay ${action.between.join('-')} by ${action.delayNs / 1e6} ms`;
    case 'disk':
      return `disk ${action.mode}${action.only === undefined ? '' : ` for ${action.only}`}`;
    case 'arbiter':
      return `arbiter ${action.mode}`;
    case 'flip':
      return `flip bit ${action.bit} of address 0x${action.address.toString(16)} on ${action.host}`;
    case 'jump':
      return `let the clock of ${action.host} jump by ${action.byNs / 1e6} ms`;
    case 'power-off':
      return 'power off';
    case 'switch-over':
      return 'switch over';
    case 'throttle':
      return `throttle to ${action.percent} %`;
    case 'snapshot':
      return `snapshot "${action.name}"`;
  }
}

/**
 * Faults: what goes wrong, and when. A trigger is a moment of the run (an instruction count, a log
 * entry, a message, an output, an answer to a client, a time), or just before one, so that a crash
 * can be put at any exact point. Each fault fires once; that it did is counted, so that a campaign
 * can prove that every kind of fault happened.
 */
import type { HostEvent, HostId } from '../ft/ports.ts';
import { noteDeath } from './cold-start.ts';
import { allDisks, wakeDisk } from './disk.ts';
import { flipBit } from './guest-memory.ts';
import { joinLink, linkName, loseUnderWay, sendStream } from './links.ts';
import type { World } from './world.ts';

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
  /** Nothing passes between two ends; streams are held back, datagrams lost. */
  | { readonly do: 'cut'; readonly between: Ends; readonly forNs?: number }
  | { readonly do: 'join'; readonly between: Ends }
  /** The channel between two hosts breaks for good, and both notice. */
  | { readonly do: 'break'; readonly between: Ends }
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
    case 'cut':
    case 'join':
    case 'break':
      return `${action.do} ${action.between.join('-')}`;
    case 'delay':
      return `delay ${action.between.join('-')} by ${action.delayNs / 1e6} ms`;
    case 'disk':
      return `disk ${action.mode}${action.only === undefined ? '' : ` for ${action.only}`}`;
    case 'arbiter':
      return `arbiter ${action.mode}`;
    case 'flip':
      return `flip bit ${action.bit} of address 0x${action.address.toString(16)} on ${action.host}`;
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

/** Does what the fault of that index says. */
export function fire(world: World, index: number): void {
  const { action } = world.faults[index]!;
  const { state } = world;
  if (state.firedFaults[index]) return;
  state.firedFaults[index] = true;
  // Whatever had been finished before, the run goes on until this fault has had its effect.
  state.finishedNs = undefined;
  world.trace('world', `fault: ${describeAction(action)}`);
  act(world, action);
  if ('forNs' in action && action.forNs !== undefined) {
    world.schedule(action.forNs, { kind: 'undo-fault', index });
  }
}

/** Ends a fault that lasts for a time. */
export function undo(world: World, index: number): void {
  const { action } = world.faults[index]!;
  world.trace('world', `ends: ${describeAction(action)}`);
  switch (action.do) {
    case 'pause':
      act(world, { do: 'resume', host: action.host });
      break;
    case 'cut':
      act(world, { do: 'join', between: action.between });
      break;
    case 'disk':
      act(world, { do: 'disk', mode: 'ok' });
      break;
    case 'arbiter':
      act(world, { do: 'arbiter', mode: 'up' });
      break;
    default:
      break;
  }
}

/** Ends every fault that can be ended: the liveness phase begins. Crashed hosts stay crashed. */
export function heal(world: World): void {
  world.trace('world', 'everything is healed');
  world.restoreDelays();
  for (const name of Object.keys(world.state.links)) joinLink(world, name);
  act(world, { do: 'disk', mode: 'ok' });
  act(world, { do: 'arbiter', mode: 'up' });
  for (const host of world.hosts.values()) host.resume();
}

function act(world: World, action: Action): void {
  switch (action.do) {
    case 'crash':
      crash(world, action.host, action.losing === 'outputs-too');
      break;
    case 'restart':
      restart(world, action.host);
      break;
    case 'pause':
      world.host(action.host).pause();
      break;
    case 'resume':
      world.host(action.host).resume();
      break;
    case 'cut':
      bothWays(action.between, (name) => {
        world.link(name).cut = true;
      });
      break;
    case 'join':
      bothWays(action.between, (name) => joinLink(world, name));
      break;
    case 'break':
      breakChannel(world, action.between);
      break;
    case 'delay':
      bothWays(action.between, (name) => {
        world.link(name).delayNs = action.delayNs;
      });
      break;
    case 'disk':
      changeDisks(world, action);
      break;
    case 'arbiter':
      world.state.arbiter.up = action.mode !== 'down';
      world.state.arbiter.losesAnswers = action.mode === 'loses-answers';
      break;
    case 'flip':
      flipBit(world.host(action.host).engine.log.machine, action.address, action.bit);
      break;
    case 'power-off':
    case 'switch-over':
      operate(world, { kind: action.do });
      break;
    case 'throttle':
      operate(world, { kind: action.do, percent: action.percent });
      break;
    case 'snapshot':
      operate(world, { kind: action.do, name: action.name });
  }
}

/** What people ask of the machine is asked of every host; one of them will do it. */
function operate(world: World, event: HostEvent): void {
  for (const host of world.hosts.keys()) world.schedule(0, { kind: 'host', host, event });
}

function changeDisks(world: World, { mode, only }: Action & { do: 'disk' }): void {
  const own = only === undefined ? undefined : world.state.ownDisks[only];
  for (const disk of own ? [own] : allDisks(world)) {
    disk.mode = mode;
    disk.failsFor = only ?? null;
    if (mode !== 'down') wakeDisk(world, disk);
  }
}

function bothWays([a, b]: Ends, change: (name: string) => void): void {
  change(linkName(a, b));
  change(linkName(b, a));
}

function crash(world: World, id: HostId, losesOutputs: boolean): void {
  const host = world.host(id);
  if (host.state.status === 'halted') return;
  host.state.status = 'crashed';
  noteDeath(world);
  const ends = losesOutputs ? ['disk', 'gateway'] : [];
  for (const end of [...world.hosts.keys(), ...ends]) {
    if (end !== id) loseUnderWay(world.link(linkName(id, end)));
  }
}

/** Connections of the life before are gone, and who had one is told when he uses it. */
function restart(world: World, id: HostId): void {
  for (const end of [...world.hosts.keys(), 'disk', 'gateway']) {
    if (end !== id) bothWays([id, end], (name) => loseUnderWay(world.link(name)));
  }
  world.restart(id);
  noteDeath(world);
  for (const host of world.hosts.keys()) {
    const event = { kind: 'channel-lost', peer: id } as const;
    if (host !== id) sendStream(world, linkName(id, host), { kind: 'host', host, event });
  }
}

function breakChannel(world: World, ends: Ends): void {
  bothWays(ends, (name) => loseUnderWay(world.link(name)));
  for (const [host, peer] of [ends, [ends[1], ends[0]] as const]) {
    world.schedule(0, { kind: 'host', host, event: { kind: 'channel-lost', peer } });
  }
}

/**
 * The simulated switch between clients and the replicated machine, and the machine's console sink.
 * Both admit whoever has the highest token that was ever announced or seen (protocol.md §4 rules 2
 * and 17); they never decide who is live.
 *
 * The console sink takes bytes by their absolute offset and drops repetitions (contracts.md 9).
 */
import type { HostId } from '../ft/ports.ts';
import type { HostEvent, Sent, SimEvent } from './events.ts';
import { linkName, sendStream } from './links.ts';
import type { World } from './world.ts';

/** Who speaks for the machine, and what its console has shown. */
export interface GatewayState {
  /** Who speaks for the machine: frames to the guest go there. */
  owner: HostId;
  token: number;
  /** Everything the guest has printed. */
  console: number[];
}

/** A gateway that listens to `owner`, under `token`. */
export const newGateway = (owner: HostId, token: number): GatewayState => ({
  owner,
  token,
  console: [],
});

/**
 * Whether a receiver that knows `highest` must refuse `token`. Without rule 2 it compares
 * generations, which winner and loser of one have in common.
 */
export function isBelow({ scenario }: World, token: number, highest: number): boolean {
  if (scenario.rules.tokens) return token < highest;
  return Math.floor(token / 2) < Math.floor(highest / 2);
}

/** Whether the sender may speak for the machine; a later one takes the link. */
function admits(world: World, host: HostId, token: number): boolean {
  const { gateway } = world.state;
  if (isBelow(world, token, gateway.token)) return false;
  if (token === gateway.token && host !== gateway.owner) return false;
  gateway.token = token;
  gateway.owner = host;
  return true;
}

function refuse(world: World, sent: Sent, what: string): void {
  const { token } = world.state.gateway;
  world.trace('gateway', `refuses ${what} of ${sent.host}: token ${sent.token} is below ${token}`);
  reply(world, sent, { kind: 'refused', token });
}

function reply(world: World, { host, life }: Sent, event: HostEvent): void {
  sendStream(world, linkName('gateway', host), { kind: 'host', host, life, event });
}

function tellOwner(world: World, event: HostEvent): void {
  const host = world.state.gateway.owner;
  sendStream(world, linkName('gateway', host), { kind: 'host', host, event });
}

/** A replica says that it speaks for the machine now. */
export function onAnnounce(world: World, { host, token }: SimEvent & { kind: 'announce' }): void {
  if (admits(world, host, token))
    world.trace('gateway', `the machine is at ${host} (token ${token})`);
}

/**
 * A frame from the guest. Every client hears it, as on a hub; its stack drops what is not for it.
 */
export function onFrameOut(world: World, event: SimEvent & { kind: 'frame-out' }): void {
  const { host, token, ordinal, bytes } = event;
  if (!admits(world, host, token)) {
    refuse(world, event, 'a frame');
    return;
  }
  world.observe(event, 'gateway', { kind: 'frame', bytes });
  reply(world, event, { kind: 'released', ordinal });
  for (const { name } of world.state.clients) {
    world.schedule(world.scenario.network.clientNs, { kind: 'client-frame', client: name, bytes });
  }
}

/** Console bytes from the guest. */
export function onConsoleOut(world: World, event: SimEvent & { kind: 'console-out' }): void {
  const { host, token, ordinal, offset, bytes } = event;
  if (!admits(world, host, token)) {
    refuse(world, event, 'console bytes');
    return;
  }
  world.observe(event, 'console', { kind: 'console', offset, bytes });
  const sink = world.state.gateway.console;
  if (offset > sink.length) {
    world.violate('console', `bytes ${sink.length} to ${offset - 1} of the console are missing`);
  }
  for (let i = Math.max(0, sink.length - offset); i < bytes.length; i++) sink.push(bytes[i]!);
  reply(world, event, { kind: 'released', ordinal });
}

/** A frame from a client goes to the host that speaks for the machine. */
export function onFrameIn(world: World, { bytes }: SimEvent & { kind: 'frame-in' }): void {
  tellOwner(world, { kind: 'input', input: { kind: 'packet', bytes } });
}

/** Somebody types. The keys go where frames go. */
export function onConsoleIn(world: World, { bytes }: SimEvent & { kind: 'console-in' }): void {
  tellOwner(world, { kind: 'input', input: { kind: 'console', bytes } });
}

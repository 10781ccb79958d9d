/**
 * The simulated switch between clients and the replicated machine, and the machine's console sink.
 * ft/speaker.ts says whom both listen to.
 */
import type { HostEvent, HostId } from '../ft/ports.ts';
import { admits as admitsSpeaker, newConsoleBytes } from '../ft/speaker.ts';
import type { Sent, SimEvent } from './events.ts';
import { linkName, sendStream } from './links.ts';
import type { World } from './world.ts';

/** Who speaks for the machine, and what its console has shown. */
export interface GatewayState {
  /** Who speaks for the machine: frames to the guest go there. */
  owner: HostId;
  token: number;
  /** Everything the guest has printed. */
  console: number[];
  /** Where in it the machine begins that runs now; behind 0 only after a cold start. */
  began: number;
}

/** A gateway that listens to `owner`, under `token`. */
export const newGateway = (owner: HostId, token: number): GatewayState => ({
  owner,
  token,
  console: [],
  began: 0,
});

/** Whether the sender may speak for the machine; a later one takes the link. */
function admits({ state, scenario }: World, host: HostId, token: number): boolean {
  return admitsSpeaker(state.gateway, host, token, scenario.rules);
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
  const { console: sink, began } = world.state.gateway;
  const shown = sink.length - began;
  const { bytes: fresh, missing } = newConsoleBytes(shown, offset, bytes);
  if (missing > 0) {
    world.violate('console', `bytes ${shown} to ${offset - 1} of the console are missing`);
  }
  for (const byte of fresh) sink.push(byte);
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

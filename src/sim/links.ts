/**
 * Links between hosts, disk, arbiter and gateway, one for each direction.
 *
 * A stream (channel, disk, gateway) is ordered and loses nothing while both ends live: a cut holds
 * what is under way and a healed link delivers it late, as a TCP connection would. A datagram
 * (heartbeat, question to the arbiter) may be lost, repeated and overtaken, and a cut loses it.
 */
import type { SimEvent } from './events.ts';
import type { FaultKind } from './fault-kinds.ts';
import type { Ends } from './faults.ts';
import type { World } from './world.ts';

/** One direction of a link. */
export interface Link {
  delayNs: number;
  cut: boolean;
  /** Streams are held back, datagrams pass. */
  stalled: boolean;
  /** The next log batch with entries loses its soundness at this bit, counted modulo its size. */
  damageBit: number | undefined;
  /** The next log batch with entries comes twice. */
  repeats: boolean;
  /** Bytes of channel messages per second; 0 for more than anybody sends. */
  readonly rate: number;
  /** When the last of them has left the sender. */
  leftNs: number;
  /** Arrival of the last thing sent: a stream never overtakes itself. */
  lastNs: number;
  /** Grows when everything under way is lost. */
  epoch: number;
  /** Things sent over this stream so far. */
  sent: number;
  /** When the last of the datagrams sent so far arrives. */
  datagramNs: number;
  /** Kept back by a cut, with their numbers. */
  held: { readonly number: number; readonly payload: SimEvent }[];
}

/** How datagrams fare; probabilities 0 … 1. */
export interface DatagramSpec {
  readonly loss: number;
  readonly duplication: number;
  /** Up to so many ns come on top of the delay, which lets datagrams overtake each other. */
  readonly jitterNs: number;
}

/** A link in order; the delay is one way, in ns. */
export const newLink = (delayNs: number, rate = 0): Link => ({
  delayNs,
  cut: false,
  stalled: false,
  damageBit: undefined,
  repeats: false,
  rate,
  leftNs: 0,
  lastNs: 0,
  epoch: 0,
  sent: 0,
  datagramNs: 0,
  held: [],
});

/** The name of the link from one end to the other. */
export const linkName = (from: string, to: string): string => `${from}>${to}`;

/** The ends of the link of that name: from, to. */
export const endsOf = (name: string): Ends => name.split('>') as [string, string];

/** Sends over a stream. */
export function sendStream(world: World, name: string, payload: SimEvent): void {
  const link = world.link(name);
  world.observer?.link(name);
  const number = link.sent++;
  if (isClosed(link)) hold(world, name, number, payload);
  else arriveLater(world, name, link, number, payload);
}

const isClosed = ({ cut, stalled }: Link): boolean => cut || stalled;

function hold(world: World, name: string, number: number, payload: SimEvent): void {
  const link = world.link(name);
  world.count(link.cut ? kindOfCut(world, name) : 'held by a stall');
  link.held.push({ number, payload });
}

function kindOfCut(world: World, name: string): FaultKind {
  const [from, to] = endsOf(name);
  return world.link(linkName(to, from)).cut ? 'stopped by a partition' : 'stopped one way';
}

function arriveLater(
  world: World,
  name: string,
  link: Link,
  number: number,
  payload: SimEvent,
): void {
  const sendsNs = link.rate > 0 ? Math.ceil((messageBytes(payload) * 1e9) / link.rate) : 0;
  link.leftNs = Math.max(link.leftNs, world.state.nowNs) + sendsNs;
  link.lastNs = Math.max(link.lastNs, link.leftNs + link.delayNs);
  if (link.delayNs !== world.delays[name]) world.count('delayed');
  const { epoch } = link;
  world.scheduleAt(link.lastNs, { kind: 'arrival', link: name, epoch, number, payload });
}

function messageBytes(payload: SimEvent): number {
  return payload.kind === 'host' && payload.event.kind === 'message'
    ? payload.event.bytes.length
    : 0;
}

/** Sends a datagram. When everything is healed, what would be lost arrives. */
export function sendDatagram(world: World, name: string, payload: SimEvent): void {
  const link = world.link(name);
  const { network, safetyNs } = world.scenario;
  const { loss, duplication, jitterNs } = network.datagrams;
  const healed = world.state.nowNs >= safetyNs;
  world.observer?.link(name);
  if (link.cut) {
    world.count(kindOfCut(world, name));
    return;
  }
  for (let copies = 1; copies > 0; copies--) {
    if (duplication > 0 && world.prng.chance(duplication)) {
      copies++;
      world.count('datagram repeated');
    }
    const lost = loss > 0 && world.prng.chance(loss);
    if (lost && !healed) {
      world.count('datagram lost');
      continue;
    }
    const jitter = jitterNs > 0 && !lost ? world.prng.below(jitterNs) : 0;
    const atNs = world.state.nowNs + link.delayNs + jitter;
    if (atNs < link.datagramNs) world.count('datagram overtaken');
    link.datagramNs = Math.max(link.datagramNs, atNs);
    world.scheduleAt(atNs, payload);
  }
}

/** What a stream delivers now, or undefined: it was lost, or the link has been cut meanwhile. */
export function arrive(world: World, event: SimEvent & { kind: 'arrival' }): SimEvent | undefined {
  const link = world.link(event.link);
  world.observer?.link(event.link);
  if (event.epoch !== link.epoch) return undefined;
  if (!isClosed(link)) return event.payload;
  hold(world, event.link, event.number, event.payload);
  link.held.sort((a, b) => a.number - b.number);
  return undefined;
}

/** Joins a cut link: what it held goes on its way in order, unless the link stalls. */
export function joinLink(world: World, name: string): void {
  world.link(name).cut = false;
  sendHeld(world, name);
}

/** Ends a stall: what the link held goes on its way in order, unless the link is cut. */
export function resumeStreams(world: World, name: string): void {
  world.link(name).stalled = false;
  sendHeld(world, name);
}

function sendHeld(world: World, name: string): void {
  const link = world.link(name);
  if (isClosed(link)) return;
  const { held } = link;
  link.held = [];
  for (const { number, payload } of held) arriveLater(world, name, link, number, payload);
}

/** Loses everything under way: the sender died, or the connection broke. */
export function loseUnderWay(link: Link): void {
  link.epoch++;
  link.held = [];
}

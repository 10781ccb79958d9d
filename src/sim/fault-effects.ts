/** What faults do to a world when they fire, when they end, and when everything is healed. */
import { encodeMessage } from '../ft/messages.ts';
import type { HostEvent, HostId } from '../ft/ports.ts';
import { encodeEntries } from '../hypervisor/codec.ts';
import { noteDeath } from './cold-start.ts';
import { allDisks, wakeDisk } from './disk.ts';
import { breakDiskConnection } from './disk-connection.ts';
import { type Action, describeAction, type Ends } from './faults.ts';
import { flipBit } from './guest-memory.ts';
import { joinLink, linkName, loseUnderWay, resumeStreams, sendStream } from './links.ts';
import type { World } from './world.ts';

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
      for (const name of linksOf(action)) joinLink(world, name);
      break;
    case 'stall':
      for (const name of linksOf(action)) resumeStreams(world, name);
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
  for (const name of Object.keys(world.state.links)) {
    world.link(name).damageBit = undefined;
    world.link(name).repeats = false;
    joinLink(world, name);
    resumeStreams(world, name);
  }
  act(world, { do: 'disk', mode: 'ok' });
  act(world, { do: 'arbiter', mode: 'up' });
  for (const host of world.hosts.keys()) resume(world, host);
}

function act(world: World, action: Action): void {
  if ('between' in action) {
    actOnLinks(world, action);
    return;
  }
  switch (action.do) {
    case 'crash':
      crash(world, action.host, action.losing === 'outputs-too');
      break;
    case 'restart':
      world.count('restart');
      restart(world, action.host);
      break;
    case 'pause':
      if (world.host(action.host).pause()) world.count('pause');
      break;
    case 'resume':
      resume(world, action.host);
      break;
    case 'disk':
      changeDisks(world, action);
      break;
    case 'arbiter':
      world.state.arbiter.up = action.mode !== 'down';
      world.state.arbiter.losesAnswers = action.mode === 'loses-answers';
      break;
    case 'flip':
      world.count('bit flip in memory');
      flipBit(world.host(action.host).engine.log.machine, action.address, action.bit);
      break;
    case 'forge':
      forge(world, action.host);
      break;
    case 'jump':
      world.count('clock jump');
      world.host(action.host).jump(action.byNs);
      break;
    case 'switch-over':
      world.count('switch-over');
      operate(world, { kind: action.do });
      break;
    case 'power-off':
      operate(world, { kind: action.do });
      break;
    case 'throttle':
      operate(world, { kind: action.do, percent: action.percent });
      break;
    case 'snapshot':
      operate(world, { kind: action.do, name: action.name });
  }
}

/** A stranger's batch of the present generation: sound, and in sequence. */
function forge(world: World, id: HostId): void {
  const { replica, state } = world.host(id);
  if (state.status === 'up' || state.status === 'paused') world.count('log batch forged');
  const { generation, inbox } = replica.state();
  const entries = encodeEntries([]);
  const { nextBatch: batch, releasedUpTo } = inbox;
  const bytes = encodeMessage({ kind: 'batch', generation, batch, releasedUpTo, entries });
  const event = { kind: 'message', from: 'mallory', bytes } as const;
  world.schedule(0, { kind: 'host', host: id, event });
}

/** What people ask of the machine is asked of every host; one of them will do it. */
function operate(world: World, event: HostEvent): void {
  for (const host of world.hosts.keys()) world.schedule(0, { kind: 'host', host, event });
}

type LinkAction = Extract<Action, { readonly between: Ends }>;

/** The links that a fault is about: both directions, unless it is one of those that have one. */
function linksOf(action: LinkAction): readonly string[] {
  const [a, b] = action.between;
  const oneWay = ['damage', 'repeat'].includes(action.do) || (action.do === 'cut' && action.oneWay);
  return oneWay ? [linkName(a, b)] : [linkName(a, b), linkName(b, a)];
}

function actOnLinks(world: World, action: LinkAction): void {
  if (action.do === 'break') {
    const [host, end] = action.between;
    if (end === 'disk') {
      breakDiskConnection(world, host);
      return;
    }
    world.count('channel broken');
    breakChannel(world, action);
    return;
  }
  for (const name of linksOf(action)) {
    const link = world.link(name);
    if (action.do === 'cut') link.cut = true;
    else if (action.do === 'stall') link.stalled = true;
    else if (action.do === 'delay') link.delayNs = action.delayNs;
    else if (action.do === 'damage') link.damageBit = action.bit;
    else if (action.do === 'repeat') link.repeats = true;
    else joinLink(world, name);
  }
}

function resume(world: World, id: HostId): void {
  const host = world.host(id);
  if (host.isPaused()) world.count('resume');
  host.resume();
}

function changeDisks(world: World, { mode, only }: Action & { do: 'disk' }): void {
  const own = only === undefined ? undefined : world.state.ownDisks[only];
  for (const disk of own ? [own] : allDisks(world)) {
    disk.mode = mode;
    disk.failsFor = only ?? null;
    if (mode !== 'down') wakeDisk(world, disk);
  }
}

function crash(world: World, id: HostId, losesOutputs: boolean): void {
  const host = world.host(id);
  if (host.state.status === 'halted' || host.state.status === 'crashed') return;
  world.count(losesOutputs ? 'crash, outputs lost' : 'crash');
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
    if (end === id) continue;
    loseUnderWay(world.link(linkName(id, end)));
    loseUnderWay(world.link(linkName(end, id)));
  }
  world.restart(id);
  noteDeath(world);
  for (const host of world.hosts.keys()) {
    const event = { kind: 'channel-lost', peer: id } as const;
    if (host !== id) sendStream(world, linkName(id, host), { kind: 'host', host, event });
  }
}

function breakChannel(world: World, action: LinkAction): void {
  for (const name of linksOf(action)) loseUnderWay(world.link(name));
  const [a, b] = action.between;
  for (const [host, peer] of [[a, b] as const, [b, a] as const]) {
    world.schedule(0, { kind: 'host', host, event: { kind: 'channel-lost', peer } });
  }
}

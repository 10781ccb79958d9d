/** What each effect of the protocol core means on a simulated host. */
import { unreachable } from '../base/assert.ts';
import { decodeMessage, type Message } from '../ft/messages.ts';
import type { Effect, HaltReason } from '../ft/ports.ts';
import { decodeEntries } from '../hypervisor/codec.ts';
import { kindOf } from '../hypervisor/log-statistics.ts';
import { performClone } from './cloning.ts';
import { askDisk } from './disk-connection.ts';
import type { HostMoment } from './faults.ts';
import type { SimHost } from './host.ts';
import { linkName, sendDatagram, sendStream } from './links.ts';
import { noteRefusal } from './refusals.ts';
import type { World } from './world.ts';

/** Lets faults fire that wait for the moment before `effect`. */
export function announceEffect({ world, id, state }: SimHost, effect: Effect): void {
  const before = (kind: HostMoment, number: number): void =>
    world.fired({ kind, host: id, number, before: true });
  switch (effect.kind) {
    case 'send':
      before('message', state.messages + 1);
      break;
    case 'release':
      before('output', state.releases + 1);
      break;
    case 'feed':
      before('entry', state.entries + effect.entries.length);
      break;
    case 'test-and-set':
    case 'fence':
      before('ask', state.asks + 1);
      break;
    default:
      world.observer?.other();
      break;
  }
}

/** Performs one effect, then lets faults fire that waited for it. */
export function performEffect(host: SimHost, effect: Effect): void {
  const { world, id } = host;
  switch (effect.kind) {
    case 'send':
      send(host, effect);
      break;
    case 'heartbeat':
      beat(host, effect);
      break;
    case 'release':
      if (host.state.early.includes(effect.ordinal)) confirm(host, effect.ordinal);
      else release(host, effect);
      break;
    case 'run':
      host.run(effect.until);
      break;
    case 'offer':
    case 'control':
    case 'feed':
    case 'go-live':
      touchLog(host, effect);
      break;
    case 'test-and-set':
    case 'who-won':
    case 'fence':
      ask(host, effect);
      break;
    case 'capture':
    case 'read-piece':
    case 'clear':
    case 'install':
    case 'assemble':
    case 'protection':
      performClone(host, effect);
      break;
    case 'stop':
      host.stopSleeping();
      break;
    case 'read':
    case 'mirror':
      useDisk(host, effect);
      break;
    case 'announce':
      sendStream(world, linkName(id, 'gateway'), {
        kind: 'announce',
        host: id,
        token: effect.token,
      });
      break;
    case 'close-channel': {
      const event = { kind: 'channel-lost', peer: id } as const;
      const to = effect.peer;
      sendStream(world, linkName(id, to), { kind: 'host', host: to, event });
      break;
    }
    case 'wake-at':
      host.setAlarm(effect.atNs);
      break;
    case 'refuse':
    case 'snapshot-kept':
      tell(host, effect);
      break;
    case 'halt':
      halt(host, effect.reason);
      break;
    default:
      unreachable(effect);
  }
}

function beat({ world, id }: SimHost, { to, bytes }: Effect & { kind: 'heartbeat' }): void {
  const event = { kind: 'heartbeat', from: id, bytes } as const;
  sendDatagram(world, linkName(id, to), { kind: 'host', host: to, event });
}

function tell(host: SimHost, effect: Effect & { kind: 'refuse' | 'snapshot-kept' }): void {
  if (effect.kind === 'refuse') noteRefusal(host, effect);
  else host.world.trace(host.id, `snapshot "${effect.name}" is kept`);
}

function halt({ world, id, state }: SimHost, reason: HaltReason): void {
  state.status = 'halted';
  state.reason = reason;
  world.trace(id, `halts: ${reason}`);
}

/** Asks arbiter or disk. Whoever only wants to know asks for no leave: that is no moment. */
function ask(host: SimHost, effect: Effect & { kind: 'test-and-set' | 'who-won' | 'fence' }): void {
  const { world, id } = host;
  if (effect.kind === 'who-won') {
    const { machine, generation } = effect;
    const question = { kind: 'owner-ask', host: id, machine, generation } as const;
    sendDatagram(world, linkName(id, 'arbiter'), question);
    return;
  }
  if (effect.kind === 'test-and-set') {
    const { claim } = effect;
    world.trace(id, `asks the arbiter for generation ${claim.generation}`);
    sendDatagram(world, linkName(id, 'arbiter'), { kind: 'arbiter-ask', host: id, claim });
  } else {
    const { life } = host.state;
    const fence = { kind: 'disk-fence', host: id, life, token: effect.token } as const;
    sendStream(world, linkName(id, 'disk'), fence);
  }
  world.fired({ kind: 'ask', host: id, number: ++host.state.asks });
}

function send(host: SimHost, { to, bytes }: Effect & { kind: 'send' }): void {
  const { world, id } = host;
  const name = linkName(id, to);
  if (world.tracing) {
    const message = decodeMessage(bytes);
    world.trace('channel', `${name} ${describeMessage(message)}`, isRoutine(host, message));
  }
  const event = { kind: 'message', from: id, bytes: onItsWay(world, name, bytes) } as const;
  sendStream(world, name, { kind: 'host', host: to, event });
  if (isRepeated(world, name, bytes)) sendStream(world, name, { kind: 'host', host: to, event });
  world.state.sentBytes += bytes.length;
  world.fired({ kind: 'message', host: id, number: ++host.state.messages });
}

/** The bytes as they arrive: a fault may wait for the next batch of entries to flip a bit of it. */
function onItsWay(world: World, name: string, bytes: Uint8Array): Uint8Array {
  const link = world.link(name);
  const bit = link.damageBit;
  if (bit === undefined) return bytes;
  if (!hasEntries(bytes)) return bytes;
  link.damageBit = undefined;
  world.count('bit flip in a log batch');
  const damaged = bytes.slice();
  damaged[(bit >> 3) % bytes.length]! ^= 1 << (bit & 7);
  return damaged;
}

/** Whether a fault has waited for this batch of entries, to have it come twice. */
function isRepeated(world: World, name: string, bytes: Uint8Array): boolean {
  const link = world.link(name);
  if (!link.repeats || !hasEntries(bytes)) return false;
  link.repeats = false;
  world.count('log batch repeated');
  return true;
}

function hasEntries(bytes: Uint8Array): boolean {
  const message = decodeMessage(bytes);
  return message.kind === 'batch' && decodeEntries(message.entries).length > 0;
}

/** Batches without entries, acknowledgements that acknowledge nothing new, pieces of a clone. */
function isRoutine({ state }: SimHost, message: Message): boolean {
  if (message.kind === 'piece' || message.kind === 'piece-ack') return true;
  if (message.kind === 'batch') return decodeEntries(message.entries).length === 0;
  if (message.kind !== 'ack') return false;
  const nothingNew = message.received === state.acknowledged;
  state.acknowledged = message.received;
  return nothingNew;
}

/** A message in a few words. */
function describeMessage(message: Message): string {
  switch (message.kind) {
    case 'batch': {
      const { batch, entries, releasedUpTo } = message;
      const kinds = decodeEntries(entries).map(kindOf).join(', ') || 'nothing new';
      return `batch ${batch}: ${kinds}; released up to ${releasedUpTo}`;
    }
    case 'ack': {
      const { batch, received, executed } = message;
      const entries = received === 1 ? '1 entry' : `${received} entries`;
      return `ack of batch ${batch}: ${entries}, ${executed} executed`;
    }
    case 'goodbye':
      return `goodbye: ${message.reason}`;
    case 'offer':
      return `offer of generation ${message.generation}, by ${message.owner}`;
    case 'piece':
      return `piece ${message.number}: ${message.bytes.length} bytes`;
    case 'piece-ack':
      return `ack of piece ${message.number}`;
    case 'last':
      return `last: generation ${message.generation} begins at entry ${message.entries}`;
    default:
      return message.kind;
  }
}

function release(host: SimHost, effect: Effect & { kind: 'release' }): void {
  const { world, id } = host;
  const { token, ordinal, output } = effect;
  world.judgeRelease(host, effect);
  const { life } = host.state;
  const sent = { host: id, life, token, ordinal };
  world.trace(id, `releases output ${ordinal}: ${world.describe(output)}`);
  switch (output.kind) {
    case 'frame':
      sendStream(world, linkName(id, 'gateway'), {
        kind: 'frame-out',
        ...sent,
        bytes: output.bytes,
      });
      break;
    case 'console': {
      const { offset, bytes } = output;
      sendStream(world, linkName(id, 'gateway'), { kind: 'console-out', ...sent, offset, bytes });
      break;
    }
    case 'disk':
      askDisk(host, { ...sent, request: output.request });
      break;
    case 'exit':
      world.state.exitStatus = output.status;
      world.observe(sent, 'world', output);
      confirm(host, ordinal);
      break;
  }
  world.fired({ kind: 'output', host: id, number: ++host.state.releases });
}

/** Tells the replica that an output has arrived. */
function confirm({ world, id, state }: SimHost, ordinal: number): void {
  const event = { kind: 'released', ordinal } as const;
  world.schedule(0, { kind: 'host', host: id, life: state.life, event });
}

/** Lets an output leave of which the replica will be told later, and its own release be void. */
export function releaseEarly(host: SimHost, effect: Effect & { kind: 'release' }): void {
  if (host.state.status !== 'up') return;
  host.state.early.push(effect.ordinal);
  release(host, effect);
}

/** A backup reads or writes for itself. Left out, a write is said to have been done. */
function useDisk(host: SimHost, effect: Effect & { kind: 'read' | 'mirror' }): void {
  const { world, id, state } = host;
  const { life } = state;
  const { kind: local, request } = effect;
  const [token, ordinal] = local === 'read' ? [effect.token, -1] : [0, effect.ordinal];
  if (local === 'mirror' && world.scenario.leftOut.includes('mirror')) {
    const event = { kind: 'mirrored', ordinal, ok: true } as const;
    world.schedule(0, { kind: 'host', host: id, life, event });
    return;
  }
  const sent = { host: id, life, token, ordinal, local };
  sendStream(world, linkName(id, 'disk'), { kind: 'disk-request', ...sent, request });
}

function touchLog(
  host: SimHost,
  effect: Effect & { kind: 'offer' | 'control' | 'feed' | 'go-live' },
): void {
  const { engine, world, id } = host;
  if (engine.mode === 'record') {
    if (effect.kind === 'offer' && engine.log.offer(effect.input)) host.wakeByInput();
    if (effect.kind === 'control') {
      engine.log.control(effect.op);
      host.wakeByInput();
    }
    return;
  }
  if (effect.kind === 'feed') {
    engine.log.feed(host.toFeed(engine.log, effect.entries));
    host.tookEntries(effect.entries);
  }
  if (effect.kind === 'go-live') {
    world.trace(id, `goes live at instruction ${engine.log.machine.count}`);
    host.engine = { mode: 'record', log: engine.log.goLive(host.sources()) };
  }
}

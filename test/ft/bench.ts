/** A replica on the bench: events in, effects out as lines of text that a person can read. */
import { type ReplicaConfig, replicaConfig } from '../../src/ft/config.ts';
import { decodeMessage, encodeMessage, type Message } from '../../src/ft/messages.ts';
import type { Effect, Event, Role, Start } from '../../src/ft/ports.ts';
import { createReplica } from '../../src/ft/replica.ts';
import type { ReplicaState } from '../../src/ft/state.ts';
import { encodeEntries } from '../../src/hypervisor/codec.ts';
import type { LogEntry, Slice } from '../../src/hypervisor/entry.ts';
import type { Output } from '../../src/machine/output.ts';

export const MS = 1_000_000;
export const CONFIGURATION = '00112233445566778899aabbccddeeff';

type Timeless = Event extends infer E ? (E extends Event ? Omit<E, 'nowNs'> : never) : never;

/** Times of ten milliseconds, so that transcripts are short. */
const TIMING = {
  heartbeatNs: 10 * MS,
  failureTimeoutNs: 50 * MS,
  retryNs: 20 * MS,
  flushNs: 2 * MS,
};

/** Host and peer of a replica that starts in a role: a standby and who will be alone are a pair. */
const ENDS = {
  primary: ['alpha', 'beta'],
  backup: ['beta', 'alpha'],
  alone: ['alpha', 'gamma'],
  standby: ['gamma', 'alpha'],
} as const;

function startAs(role: Start['role'], peer: string): Start {
  if (role === 'standby') return { role };
  return role === 'alone' ? { role, generation: 1 } : { role, generation: 1, peer };
}

export class Bench {
  readonly host: string;
  readonly peer: string;
  readonly config: ReplicaConfig;
  readonly replica;
  /** Every event and effect so far. */
  readonly lines: string[] = [];
  nowNs = 0;

  constructor(role: Start['role'], options: Partial<ReplicaConfig> = {}) {
    [this.host, this.peer] = ENDS[role];
    this.config = replicaConfig({
      machine: 'counter',
      host: this.host,
      group: ['alpha', 'beta'].map((host) => ({ host, place: host })),
      owner: `${this.host}.1`,
      configuration: CONFIGURATION,
      timing: TIMING,
      ...options,
    });
    this.replica = createReplica(this.config, startAs(role, this.peer));
  }

  get role(): Role {
    return this.replica.role;
  }

  get state(): ReplicaState {
    return this.replica.state();
  }

  /** Gives an event at the present time; returns the effects. */
  give(event: Timeless): Effect[] {
    const effects = this.replica.step({ ...event, nowNs: this.nowNs } as Event);
    this.lines.push(`${this.nowNs / MS} ms: ${describeEvent(event)}`);
    for (const effect of effects) this.lines.push(`  ${describeEffect(effect)}`);
    return effects;
  }

  /** Lets time pass, then wakes the replica. */
  after(ns: number): Effect[] {
    this.nowNs += ns;
    return this.give({ kind: 'wake' });
  }

  /** A message of the peer. */
  hear(message: Message): Effect[] {
    return this.give({ kind: 'message', from: this.peer, bytes: encodeMessage(message) });
  }

  /** A heartbeat of the peer with that token. */
  hearHeartbeat(token: number, generation = 1): Effect[] {
    const bytes = encodeMessage({ kind: 'heartbeat', generation, machine: 'counter', token });
    return this.give({ kind: 'heartbeat', from: this.peer, bytes });
  }

  answer(answer: 'won' | 'lost' | 'unknown'): Effect[] {
    const claim = { machine: 'counter', generation: 1, owner: this.config.owner };
    return this.give({ kind: 'arbiter', claim, answer });
  }

  /** The lines since the last call, joined. */
  transcript(): string {
    return `\n${this.lines.splice(0).join('\n')}\n`;
  }
}

/** A primary whose backup has answered its greeting. */
export function greetedPrimary(options: Partial<ReplicaConfig> = {}): Bench {
  const bench = new Bench('primary', options);
  bench.give({ kind: 'wake' });
  bench.hear({ ...hello('beta'), kind: 'hello-ack' });
  bench.transcript();
  return bench;
}

/** A backup that has been greeted. */
export function greetedBackup(options: Partial<ReplicaConfig> = {}): Bench {
  const bench = new Bench('backup', options);
  bench.give({ kind: 'wake' });
  bench.hear(hello('alpha'));
  bench.transcript();
  return bench;
}

export const hello = (host: string): Message & { kind: 'hello' | 'hello-ack' } => ({
  kind: 'hello',
  generation: 1,
  machine: 'counter',
  owner: `${host}.1`,
  configuration: CONFIGURATION,
});

export const frame = (byte: number): Output => ({ kind: 'frame', bytes: Uint8Array.of(byte) });

export const disk = (id: number, op: 'read' | 'write', sector: number, sectors = 1): Output => ({
  kind: 'disk',
  request:
    op === 'read'
      ? { id, disk: 0, op, sector, sectors }
      : { id, disk: 0, op, sector, sectors, data: new Uint8Array(512 * sectors) },
});

export const tick = (seq: number, count: number): LogEntry => ({
  seq,
  count,
  kind: 'input',
  input: { kind: 'tick', timer: 0 },
});

export const marker = (seq: number, count: number, last: number): LogEntry => ({
  seq,
  count,
  kind: 'output',
  last,
  hash: 0n,
});

export const completion = (seq: number, count: number, id: number): LogEntry => ({
  seq,
  count,
  kind: 'input',
  input: { kind: 'disk', id, ok: true },
});

/** A stretch of execution that ended at `count`. */
export function sliced(
  count: number,
  entries: readonly LogEntry[],
  outputs: readonly Output[] = [],
  stop: Slice['stop'] = { why: outputs.length > 0 ? 'output' : 'budget' },
): Timeless & { kind: 'sliced' } {
  return { kind: 'sliced', slice: { count, entries, outputs, stop } };
}

export function batch(number: number, entries: readonly LogEntry[], releasedUpTo = 0): Message {
  const bytes = encodeEntries(entries);
  return { kind: 'batch', generation: 1, batch: number, releasedUpTo, entries: bytes };
}

export function ack(number: number, received: number, executed = 0, generation = 1): Message {
  return { kind: 'ack', generation, batch: number, received, executed, count: 0 };
}

/** What a replica released, in order: "0: frame". */
export function released(effects: readonly Effect[]): number[] {
  return effects.flatMap((effect) => (effect.kind === 'release' ? [effect.ordinal] : []));
}

export const kinds = (effects: readonly Effect[]): string[] => effects.map(({ kind }) => kind);

function describeEvent(event: Timeless): string {
  switch (event.kind) {
    case 'message':
    case 'heartbeat':
      return `${event.from} says ${describeBytes(event.bytes)}`;
    case 'sliced': {
      const { count, entries, outputs, stop } = event.slice;
      return `ran to ${count} (${stop.why}): ${entries.length} entries, ${outputs.length} outputs`;
    }
    case 'input':
      return `input ${event.input.kind}`;
    case 'arbiter':
      return `arbiter says ${event.answer}`;
    case 'fenced':
    case 'refused':
      return `${event.kind} at token ${event.token}`;
    case 'released':
      return `output ${event.ordinal} has arrived`;
    default:
      return event.kind;
  }
}

function describeEffect(effect: Effect): string {
  switch (effect.kind) {
    case 'send':
    case 'heartbeat':
      return `${effect.kind} ${describeBytes(effect.bytes)}`;
    case 'release':
      return `release ${effect.ordinal} (${effect.output.kind}) under token ${effect.token}`;
    case 'run':
      return 'run';
    case 'feed':
      return `feed ${effect.entries.length} entries`;
    case 'offer':
      return `offer ${effect.input.kind}`;
    case 'fence':
    case 'announce':
      return `${effect.kind} token ${effect.token}`;
    case 'test-and-set':
      return `test-and-set generation ${effect.claim.generation} as ${effect.claim.owner}`;
    case 'wake-at':
      return `wake-at ${effect.atNs / MS} ms`;
    case 'halt':
      return `halt: ${effect.reason}`;
    default:
      return effect.kind;
  }
}

function describeBytes(bytes: Uint8Array): string {
  const message = decodeMessage(bytes);
  switch (message.kind) {
    case 'batch':
      return `batch ${message.batch}, released up to ${message.releasedUpTo}`;
    case 'ack': {
      const { batch, received, executed } = message;
      return `ack of batch ${batch}, ${received} received, ${executed} executed`;
    }
    case 'goodbye':
      return `goodbye (${message.reason})`;
    case 'heartbeat':
      return `heartbeat of token ${message.token}`;
    default:
      return message.kind;
  }
}

/** The messages that effects send on the channel. */
export const sent = (effects: readonly Effect[]) =>
  effects.flatMap((effect) => (effect.kind === 'send' ? [decodeMessage(effect.bytes)] : []));

/**
 * A machine that moves to a standby, at either end: protocol.md §4 rules 10 to 15, whose numbers
 * these are. A source has won generation 1 on alpha; gamma is the standby.
 */
import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS, type ReplicaConfig } from '../../src/ft/config.ts';
import type { Handover, Message } from '../../src/ft/messages.ts';
import type { Effect } from '../../src/ft/ports.ts';
import {
  ack,
  Bench,
  batch,
  CONFIGURATION,
  completion,
  disk,
  frame,
  greetedPrimary,
  kinds,
  MS,
  marker,
  released,
  sent,
  sliced,
  tick,
} from './bench.ts';

const DIGEST = 'ab'.repeat(16);
/** Two places: alpha and beta share one. */
const group = ['alpha', 'beta', 'gamma', 'delta'].map((host) => ({
  host,
  place: host === 'alpha' || host === 'beta' ? 'left' : 'right',
}));

const ofClone = (message: object): Message => ({ generation: 2, ...message }) as Message;

/** A replica on alpha that is alone and has won generation 1. */
function winner(options: Partial<ReplicaConfig> = {}): Bench {
  const bench = new Bench('alone', { group, ...options });
  bench.give({ kind: 'wake' });
  bench.answer('won');
  bench.transcript();
  return bench;
}

/** … whose first round is at gamma, and whose guest has made outputs 0 and 1 before. */
function copied(options: Partial<ReplicaConfig> = {}): Bench {
  const bench = winner(options);
  bench.give(sliced(100, [marker(0, 100, 1)], [frame(1), disk(1, 'write', 8)]));
  bench.hearHeartbeat(0, 0);
  bench.hear(ofClone({ kind: 'accept' }));
  round(bench, 8000);
  return bench;
}

/** A round that has been taken goes to the standby in one piece. */
function round(bench: Bench, bytes: number, tookNs = MS, end?: object): Effect[] {
  const attempt = bench.state.clone!.generation;
  const number = bench.state.clone!.nextPiece;
  const effects = bench.give({
    kind: 'captured',
    attempt,
    bytes,
    ...(end ? { end } : {}),
  } as never);
  effects.push(...bench.give({ kind: 'piece', attempt, bytes: new Uint8Array(bytes), last: true }));
  bench.nowNs += tookNs;
  return [...effects, ...bench.hear({ kind: 'piece-ack', generation: attempt, number })];
}

/** … and whose machine has stood still after entry 0, at instruction 200. */
function stoodStill(options: Partial<ReplicaConfig> = {}): Bench {
  const bench = copied(options);
  bench.give(sliced(200, []));
  return bench;
}

const END = { entries: 1, count: 200, digest: DIGEST };

describe('who goes on alone', () => {
  it('offers the next generation to the first standby of another place', () => {
    const bench = winner();
    const from = (host: string): Effect[] => {
      const other = new Bench('standby', { group, host });
      const beat = other.give({ kind: 'wake' }).find(({ kind }) => kind === 'heartbeat');
      return bench.give({ ...(beat as { bytes: Uint8Array }), kind: 'heartbeat', from: host });
    };
    expect(sent(from('beta'))).toEqual([]);
    const effects = from('delta');
    expect(effects.find(({ kind }) => kind === 'send')).toMatchObject({ to: 'delta' });
    expect(sent(effects)).toMatchObject([
      { kind: 'offer', generation: 2, won: 1, owner: 'alpha.1', machine: 'counter' },
    ]);
  });

  it('holds its outputs until it has won, where it has begun without a backup', () => {
    const bench = new Bench('alone', { group });
    expect(kinds(bench.give({ kind: 'wake' }))).toContain('test-and-set');
    expect(released(bench.give(sliced(100, [marker(0, 100, 0)], [frame(1)])))).toEqual([]);
    expect(released(bench.answer('won'))).toEqual([0]);
  });

  it('and halts if another has', () => {
    const bench = new Bench('alone', { group });
    bench.give({ kind: 'wake' });
    expect(bench.answer('lost')).toContainEqual({ kind: 'halt', reason: 'lost-test-and-set' });
  });
});

describe('rule 11: the rule on, everything up to there acknowledged, then the last message', () => {
  it('in this order', () => {
    const bench = winner();
    bench.give(sliced(100, [marker(0, 100, 0)], [frame(1)]));
    bench.hearHeartbeat(0, 0);
    bench.hear(ofClone({ kind: 'accept' }));
    round(bench, 8000);
    bench.give(sliced(200, []));
    bench.give({ kind: 'captured', attempt: 2, bytes: 100, end: END });
    bench.give(sliced(300, [marker(1, 300, 1)], [frame(2)]));
    bench.give({ kind: 'piece', attempt: 2, bytes: new Uint8Array(100), last: true });
    bench.hear(ofClone({ kind: 'piece-ack', number: 1 }));
    bench.hear(ack(0, 2, 1, 2));
    expect(bench.transcript()).toMatchInlineSnapshot(`
      "
      0 ms: ran to 100 (output): 1 entries, 1 outputs
        release 0 (frame) under token 3
        run
      0 ms: gamma says heartbeat of token 0
        protection
        send offer
      0 ms: gamma says accept
        capture
      0 ms: captured
        read-piece
      0 ms: piece
        send piece
      1 ms: gamma says piece-ack
        stop
      1 ms: ran to 200 (budget): 0 entries, 0 outputs
        capture
      1 ms: captured
        read-piece
        run
      1 ms: ran to 300 (output): 1 entries, 1 outputs
        run
      1 ms: piece
        send piece
      1 ms: gamma says piece-ack
        send last
        announce token 4
        heartbeat heartbeat of token 4
        heartbeat heartbeat of token 4
        heartbeat heartbeat of token 4
        send batch 0, released up to 0
        wake-at 11 ms
      1 ms: gamma says ack of batch 0, 2 received, 1 executed
        protection
        release 1 (frame) under token 4
      "
    `);
  });

  it('lets outputs go while memory is copied, and none after the machine has stood still', () => {
    const bench = copied();
    expect(released(bench.give(sliced(200, [marker(1, 200, 2)], [frame(2)])))).toEqual([2]);
    bench.give({ kind: 'captured', attempt: 2, bytes: 100, end: { ...END, entries: 2 } });
    expect(released(bench.give(sliced(300, [marker(2, 300, 3)], [frame(3)])))).toEqual([]);
  });

  it('does not run the guest while the last round is being taken', () => {
    const bench = copied();
    expect(kinds(bench.give(sliced(200, [])))).toEqual(['capture']);
    expect(kinds(bench.give({ kind: 'captured', attempt: 2, bytes: 100, end: END }))).toEqual([
      'read-piece',
      'run',
    ]);
  });

  it('tells what had not arrived when the machine stood still, whatever has arrived since', () => {
    const bench = stoodStill();
    bench.give({ kind: 'captured', attempt: 2, bytes: 100, end: END });
    bench.give({ kind: 'input', input: { kind: 'disk', id: 1, ok: true } });
    bench.give(sliced(300, [completion(1, 300, 1)]));
    bench.give({ kind: 'piece', attempt: 2, bytes: new Uint8Array(100), last: true });
    const [last] = sent(bench.hear(ofClone({ kind: 'piece-ack', number: 1 })));
    expect(last).toMatchObject({ ...END, kind: 'last', outputs: 2 });
    const { pending } = last as Message & Handover;
    expect(pending.map(({ ordinal, output }) => [ordinal, output.kind])).toEqual([
      [0, 'frame'],
      [1, 'disk'],
    ]);
  });

  it('takes a last round that is too long for one like the others', () => {
    const bench = stoodStill({ limits: { ...DEFAULT_LIMITS, pauseNs: 2 * MS } });
    bench.give({ kind: 'captured', attempt: 2, bytes: 20_000, end: END });
    expect(released(bench.give(sliced(300, [marker(1, 300, 2)], [frame(2)])))).toEqual([2]);
  });
});

/** The last message is out: the primary of generation 2. */
function begun(): Bench {
  const bench = stoodStill();
  round(bench, 100, MS, END);
  expect([bench.role, bench.state.token]).toEqual(['primary', 4]);
  return bench;
}

describe('rule 12: then only winning leaves the rule, and the number is spent', () => {
  it('claims the new generation when the standby is silent', () => {
    const bench = begun();
    bench.give(sliced(300, [marker(1, 300, 2)], [frame(2)]));
    const effects = bench.after(60 * MS);
    expect(released(effects)).toEqual([]);
    const claim = { machine: 'counter', generation: 2, owner: 'alpha.1' };
    expect(effects).toContainEqual({ kind: 'test-and-set', claim });
    const won = bench.give({ kind: 'arbiter', claim, answer: 'won' });
    expect([released(won), bench.state.token]).toEqual([[2], 5]);
    bench.nowNs += 60 * MS;
    expect(sent(bench.hearHeartbeat(0, 0))).toMatchObject([
      { kind: 'offer', generation: 3, won: 2 },
    ]);
  });

  it('halts when the new backup has won it', () => {
    const bench = begun();
    bench.after(60 * MS);
    const claim = { machine: 'counter', generation: 2, owner: 'alpha.1' };
    bench.give({ kind: 'arbiter', claim, answer: 'lost' });
    expect(bench.role).toBe('halted');
  });
});

describe('rule 13: before the last message giving up costs nothing', () => {
  it.each([
    ['a silent standby', (bench: Bench) => bench.after(60 * MS)],
    ['a broken channel', (bench: Bench) => bench.give({ kind: 'channel-lost', peer: 'gamma' })],
    ['a refusal', (bench: Bench) => bench.hear(ofClone({ kind: 'goodbye', reason: 'refused' }))],
  ])('%s: the machine is alone as before, and tries again with another number', (_, fail) => {
    const bench = stoodStill();
    bench.give({ kind: 'captured', attempt: 2, bytes: 100, end: END });
    bench.give(sliced(300, [marker(1, 300, 2)], [frame(2)]));
    const effects = fail(bench);
    expect(released(effects)).toEqual([2]);
    expect([bench.role, bench.state.generation]).toEqual(['alone', 1]);
    bench.nowNs += 60 * MS;
    expect(sent(bench.hearHeartbeat(0, 0))).toMatchObject([{ kind: 'offer', generation: 3 }]);
  });

  it('and a guest that writes too fast stays alone, by name', () => {
    const bench = winner({ limits: { ...DEFAULT_LIMITS, pauseNs: 2 * MS, cloneRounds: 3 } });
    bench.hearHeartbeat(0, 0);
    bench.hear(ofClone({ kind: 'accept' }));
    round(bench, 8000, 5 * MS);
    round(bench, 8000, 5 * MS);
    const news = { what: 'given-up', reason: 'too-dirty' };
    expect(round(bench, 8000, 5 * MS)).toContainEqual({ kind: 'protection', peer: 'gamma', news });
    expect(bench.role).toBe('alone');
  });

  it('ignores captures and pieces of an attempt that is over', () => {
    const bench = copied();
    bench.give({ kind: 'channel-lost', peer: 'gamma' });
    bench.nowNs += 60 * MS;
    bench.hearHeartbeat(0, 0);
    const late = { kind: 'piece', attempt: 2, bytes: new Uint8Array(9), last: true } as const;
    expect(sent(bench.give(late))).toEqual([]);
  });
});

const OFFER = {
  kind: 'offer',
  machine: 'counter',
  owner: 'alpha.1',
  configuration: CONFIGURATION,
  won: 1,
};
const HANDOVER: Handover = { ...END, outputs: 1, percent: 100, pending: [] };
const OWNER = { kind: 'owner', machine: 'counter', generation: 1 } as const;

/** A standby on gamma that has been offered generation 2. */
function offered(change: object = {}): Bench {
  const bench = new Bench('standby', { group });
  bench.give({ kind: 'wake' });
  bench.hear(ofClone({ ...OFFER, ...change }));
  return bench;
}

/** … and has taken it and a piece. */
function joining(): Bench {
  const bench = offered();
  bench.give({ ...OWNER, owner: 'alpha.1' });
  bench.hear(ofClone({ kind: 'piece', number: 0, bytes: Uint8Array.of(1) }));
  bench.transcript();
  return bench;
}

describe('rule 14: a joining host never claims', () => {
  it('is a backup once it is complete and its digest is right', () => {
    const bench = joining();
    bench.hear(ofClone({ ...HANDOVER, kind: 'last' }));
    bench.hear({ ...batch(0, [tick(1, 250)]), generation: 2 });
    bench.give({ kind: 'assembled', attempt: 2, digest: DIGEST });
    expect(bench.transcript()).toMatchInlineSnapshot(`
      "
      0 ms: alpha says last
        assemble
      0 ms: alpha says batch 0, released up to 0
      0 ms: assembled
        feed 1 entries
        send ack of batch 0, 2 received, 1 executed
        heartbeat heartbeat of token 4
        heartbeat heartbeat of token 4
        heartbeat heartbeat of token 4
        run
      "
    `);
    expect(bench.role).toBe('backup');
  });

  it('refuses what has another digest', () => {
    const bench = joining();
    bench.hear(ofClone({ ...HANDOVER, kind: 'last' }));
    const effects = bench.give({ kind: 'assembled', attempt: 2, digest: '00'.repeat(16) });
    expect(sent(effects)).toMatchObject([{ kind: 'goodbye', reason: 'divergence' }]);
    expect(bench.role).toBe('standby');
  });

  it('waits for the end of the channel, however silent the source', () => {
    const bench = joining();
    const effects: Effect[] = [];
    for (let i = 0; i < 20; i++) effects.push(...bench.after(20 * MS));
    expect(kinds(effects)).not.toContain('test-and-set');
    expect(bench.role).toBe('joining');
    bench.give({ kind: 'channel-lost', peer: 'alpha' });
    expect(bench.role).toBe('standby');
  });

  it('claims when the channel has ended behind the last message, once it is complete', () => {
    const bench = joining();
    bench.hear(ofClone({ ...HANDOVER, kind: 'last' }));
    expect(kinds(bench.give({ kind: 'channel-lost', peer: 'alpha' }))).not.toContain(
      'test-and-set',
    );
    const claim = { machine: 'counter', generation: 2, owner: 'gamma.1' };
    const effects = bench.give({ kind: 'assembled', attempt: 2, digest: DIGEST });
    expect(effects).toContainEqual({ kind: 'test-and-set', claim });
  });

  it('is no use to anybody after a gap', () => {
    const bench = joining();
    bench.hear(ofClone({ kind: 'piece', number: 2, bytes: Uint8Array.of(1) }));
    expect(bench.role).toBe('standby');
  });
});

describe('rule 15: a standby joins only whom the arbiter names', () => {
  it('asks, again and again, before it accepts', () => {
    const bench = offered();
    const question = { kind: 'who-won', machine: 'counter', generation: 1 };
    expect(bench.after(20 * MS)).toContainEqual(question);
    expect(bench.after(20 * MS)).toContainEqual(question);
    expect(sent(bench.give({ ...OWNER, owner: 'alpha.1' }))).toMatchObject([{ kind: 'accept' }]);
  });

  it.each(['beta.1', 'alpha.2', undefined])('refuses where it names %s', (owner) => {
    const bench = offered();
    const effects = bench.give({ ...OWNER, owner });
    expect(sent(effects)).toMatchObject([{ kind: 'goodbye', reason: 'refused' }]);
    expect(bench.role).toBe('standby');
  });

  it.each([
    ['another machine', { machine: 'kv' }],
    ['another configuration', { configuration: '00'.repeat(16) }],
  ])('refuses %s', (_, change) => {
    expect(offered(change).role).toBe('standby');
  });

  it('listens to a later offer and not to an older one', () => {
    const bench = joining();
    bench.hear({ ...ofClone(OFFER), generation: 2 });
    expect(bench.state.joining?.stage).toBe('copying');
    bench.hear({ ...ofClone(OFFER), generation: 3 });
    expect([bench.state.joining?.stage, bench.state.generation]).toEqual(['asking', 3]);
  });

  it('claims nothing, whatever it hears', () => {
    const bench = new Bench('standby', { group });
    bench.give({ kind: 'wake' });
    const effects = [
      ...bench.hearHeartbeat(3),
      ...bench.give({ kind: 'channel-lost', peer: 'alpha' }),
      ...bench.give({ kind: 'refused', token: 9 }),
      ...bench.after(500 * MS),
    ];
    expect(new Set(kinds(effects))).toEqual(new Set(['heartbeat', 'wake-at']));
  });
});

describe('rule 10: a false alarm may be withdrawn', () => {
  /** A primary that has asked, and hears its backup again. */
  function mistaken(): Bench {
    const bench = greetedPrimary();
    bench.give(sliced(100, [marker(0, 100, 0)], [frame(1)]));
    bench.after(60 * MS);
    expect(bench.state.arbitration.stage).toBe('asking');
    bench.hearHeartbeat(2);
    return bench;
  }

  it('when the backup is heard again: it stops claiming, and asks who has won', () => {
    const bench = mistaken();
    const effects = bench.hear(ack(0, 1));
    expect(released(effects)).toEqual([0]);
    expect(kinds(effects)).toContain('who-won');
    bench.give({ ...OWNER, owner: undefined });
    expect([bench.role, bench.state.arbitration.stage]).toEqual(['primary', 'idle']);
  });

  it.each([
    ['itself goes on alone', 'alpha.1', 'alone'],
    ['another halts', 'beta.1', 'halted'],
  ])('and who is told %s', (_, owner, role) => {
    const bench = mistaken();
    bench.hear(ack(0, 1));
    bench.give({ ...OWNER, owner });
    expect(bench.role).toBe(role);
  });

  it('but a claim that wins after all binds', () => {
    const bench = mistaken();
    bench.hear(ack(0, 1));
    bench.answer('won');
    expect(bench.role).toBe('alone');
  });

  it('and one that heard of a later token is no false alarm', () => {
    const bench = greetedPrimary();
    bench.give({ kind: 'refused', token: 3 });
    bench.hearHeartbeat(2);
    expect(bench.state.arbitration.stage).toBe('asking');
  });
});

describe('a planned switch-over', () => {
  const over = { seq: 0, count: 100, kind: 'control', op: { op: 'switch-over' } } as const;

  it('ends the primary when its backup has everything and has taken over', () => {
    const bench = greetedPrimary();
    expect(kinds(bench.give({ kind: 'switch-over' }))).toEqual(['control']);
    bench.give(sliced(100, [over]));
    expect(sent(bench.hear(ack(0, 1)))).toMatchObject([{ kind: 'goodbye', reason: 'switch-over' }]);
    const quiet = bench.hear({ kind: 'goodbye-ack', generation: 1 });
    quiet.push(...bench.give({ kind: 'channel-lost', peer: 'beta' }));
    expect(kinds(quiet).filter((kind) => kind === 'halt' || kind === 'test-and-set')).toEqual([]);
    expect(kinds(bench.hearHeartbeat(3))).toContain('test-and-set');
    expect(bench.answer('lost')).toEqual([{ kind: 'halt', reason: 'switch-over' }]);
  });

  it('makes the backup claim at once', () => {
    const bench = new Bench('backup');
    bench.give({ kind: 'wake' });
    const effects = bench.hear({ kind: 'goodbye', generation: 1, reason: 'switch-over' });
    expect(
      kinds(effects)
        .filter((kind) => kind !== 'heartbeat')
        .slice(0, 3),
    ).toEqual(['send', 'close-channel', 'test-and-set']);
  });

  it('is called off by the primary that hears of no other and wins', () => {
    const bench = greetedPrimary();
    bench.give({ kind: 'switch-over' });
    bench.give(sliced(100, [over]));
    bench.hear(ack(0, 1));
    expect(kinds(bench.after(60 * MS))).toContain('test-and-set');
    expect(kinds(bench.answer('won'))).toContain('run');
    expect(bench.role).toBe('alone');
  });

  it('loses no input of a guest that goes on when it is called off', () => {
    const bench = greetedPrimary();
    bench.give({ kind: 'switch-over' });
    bench.give(sliced(100, [over]));
    const input = { kind: 'packet', bytes: Uint8Array.of(1) } as const;
    expect(bench.give({ kind: 'input', input })).toContainEqual({ kind: 'offer', input });
  });

  it('is called off by the primary that has asked already, whose claim may yet arrive', () => {
    const bench = greetedPrimary();
    bench.give({ kind: 'switch-over' });
    bench.give(sliced(100, [over]));
    bench.after(60 * MS);
    const effects = [...bench.hear(ack(0, 1)), ...bench.give({ ...OWNER, owner: undefined })];
    expect(kinds(effects)).not.toContain('halt');
    expect(sent(effects)).toEqual([]);
    bench.answer('won');
    expect(bench.role).toBe('alone');
  });

  it('is over for the primary that asks late and has lost', () => {
    const bench = greetedPrimary();
    bench.give({ kind: 'switch-over' });
    bench.give(sliced(100, [over]));
    bench.hear(ack(0, 1));
    bench.after(60 * MS);
    bench.hear({ kind: 'goodbye-ack', generation: 1 });
    expect(bench.role).toBe('primary');
    bench.answer('lost');
    expect(bench.role).toBe('halted');
  });
});

/**
 * The rules of protocol.md §4, one by one, as far as they bind two hosts. Numbers are those rules.
 */
import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/ft/config.ts';
import { decodeMessage, encodeMessage } from '../../src/ft/messages.ts';
import { ALL_RULES, type Effect, tokenOf } from '../../src/ft/ports.ts';
import {
  ack,
  type Bench,
  batch,
  completion,
  disk,
  frame,
  greetedBackup,
  greetedPrimary,
  kinds,
  MS,
  marker,
  released,
  sent,
  sliced,
  tick,
} from './bench.ts';

/** A primary that has produced output 0, whose entry is on its way. */
function waitingPrimary(rules = ALL_RULES): Bench {
  const bench = greetedPrimary({ rules });
  expect(released(bench.give(sliced(100, [marker(0, 100, 0)], [frame(1)])))).toEqual(
    rules.outputRule ? [] : [0],
  );
  return bench;
}

/** A backup that has consumed `entries`, made `outputs`, and lost its primary. */
function orphan(
  entries: Parameters<typeof batch>[1],
  outputs: Parameters<typeof sliced>[2],
  options = {},
): Bench {
  const bench = greetedBackup(options);
  bench.hear(batch(0, entries));
  bench.give(sliced(100, entries, outputs));
  bench.give({ kind: 'channel-lost', peer: 'alpha' });
  return bench;
}

/** From the test-and-set to the last effect of going live. */
function goLive(bench: Bench): Effect[] {
  bench.answer('won');
  return bench.give({ kind: 'fenced', token: 3 });
}

describe('rule 1: one test-and-set per generation', () => {
  it('is asked for under the same owner every time', () => {
    const bench = waitingPrimary();
    const asked: unknown[] = [];
    for (let i = 0; i < 10; i++) {
      for (const effect of bench.after(20 * MS)) {
        if (effect.kind === 'test-and-set') asked.push(effect.claim);
      }
    }
    expect(asked.length).toBeGreaterThan(3);
    const claim = { machine: 'counter', generation: 1, owner: 'alpha.1' };
    expect(new Set(asked.map((one) => JSON.stringify(one)))).toEqual(
      new Set([JSON.stringify(claim)]),
    );
  });

  it('is decided by nobody else’s answer', () => {
    const bench = waitingPrimary();
    bench.give({ kind: 'channel-lost', peer: 'beta' });
    const claim = { machine: 'counter', generation: 1, owner: 'beta.1' };
    bench.give({ kind: 'arbiter', claim, answer: 'lost' });
    bench.give({
      kind: 'arbiter',
      claim: { ...claim, owner: 'alpha.1', generation: 2 },
      answer: 'won',
    });
    expect(bench.role).toBe('primary');
  });
});

describe('rule 2: tokens', () => {
  it('tell the winner of a generation from its primary and from the next', () => {
    expect([tokenOf(1, false), tokenOf(1, true), tokenOf(2, false)]).toEqual([2, 3, 4]);
  });
});

describe('rule 3: until it has won, a primary emits only what is acknowledged', () => {
  it('holds while it asks', () => {
    const bench = waitingPrimary();
    const effects = [
      ...bench.after(60 * MS),
      ...bench.answer('unknown'),
      ...bench.after(20 * MS),
      ...bench.give(sliced(200, [marker(1, 200, 1)], [frame(2)])),
    ];
    expect(kinds(effects)).toContain('test-and-set');
    expect(released(effects)).toEqual([]);
    expect(released(bench.answer('won'))).toEqual([0, 1]);
  });

  it('still releases what is acknowledged while it asks', () => {
    const bench = waitingPrimary();
    bench.after(60 * MS);
    expect(released(bench.hear(ack(0, 1)))).toEqual([0]);
  });

  it('without the rule releases at the first doubt', () => {
    const bench = waitingPrimary({ ...ALL_RULES, winFirst: false });
    expect(released(bench.after(60 * MS))).toEqual([0]);
  });
});

describe('rule 4: acknowledgements count only from the channel of the present generation', () => {
  it('ignores those of another generation', () => {
    const bench = waitingPrimary();
    expect(released(bench.hear(ack(0, 1, 0, 2)))).toEqual([]);
  });

  it('ignores those of a stranger', () => {
    const bench = waitingPrimary();
    const bytes = encodeMessage(ack(0, 1));
    expect(bench.give({ kind: 'message', from: 'mallory', bytes })).toMatchObject([
      { kind: 'refuse', from: 'mallory', why: 'stranger' },
    ]);
  });

  it('closes the old channel when it goes alone', () => {
    const bench = waitingPrimary();
    bench.after(60 * MS);
    const effects = kinds(bench.answer('won'));
    expect(effects.indexOf('close-channel')).toBeLessThan(effects.indexOf('release'));
    expect(bench.hear(ack(0, 1))).toEqual([]);
  });
});

describe('rule 5: "released up to" waits for the receiver', () => {
  const told = (bench: Bench): number[] =>
    sent(bench.after(10 * MS)).flatMap((m) => (m.kind === 'batch' ? [m.releasedUpTo] : []));

  it('advances on confirmation, not on release', () => {
    const bench = waitingPrimary();
    bench.hear(ack(0, 1));
    expect(told(bench)).toEqual([0]);
    bench.give({ kind: 'released', ordinal: 0 });
    expect(told(bench)).toEqual([1]);
  });

  it('never passes an output that has not arrived', () => {
    const bench = greetedPrimary();
    bench.give(sliced(100, [marker(0, 100, 2)], [frame(0), frame(1), frame(2)]));
    bench.hear(ack(0, 1));
    bench.give({ kind: 'released', ordinal: 2 });
    bench.give({ kind: 'released', ordinal: 0 });
    expect(told(bench)).toEqual([1]);
  });

  it('without the rule advances at once', () => {
    const bench = waitingPrimary({ ...ALL_RULES, confirmReleases: false });
    bench.hear(ack(0, 1));
    expect(told(bench)).toEqual([1]);
  });
});

describe('rule 6: no answer from the arbiter means: ask again', () => {
  it('asks without end when the answer is unknown or does not come', () => {
    const bench = orphan([tick(0, 50)], []);
    let asked = 0;
    for (let i = 0; i < 100; i++) {
      if (i % 2) bench.answer('unknown');
      asked += kinds(bench.after(20 * MS)).filter((kind) => kind === 'test-and-set').length;
    }
    expect(asked).toBe(100);
    expect(bench.role).toBe('backup');
  });

  it('halts only when another owns it', () => {
    const bench = orphan([tick(0, 50)], []);
    expect(bench.answer('lost')).toEqual([{ kind: 'halt', reason: 'lost-test-and-set' }]);
  });

  it('without the rule takes silence for consent', () => {
    const bench = orphan([tick(0, 50)], [], { rules: { ...ALL_RULES, askAgain: false } });
    bench.answer('unknown');
    bench.give({ kind: 'fenced', token: 3 });
    expect(bench.role).toBe('alone');
  });
});

describe('rule 7: close the channel, consume everything acknowledged, then fix the point', () => {
  it('closes the channel before it asks, and acknowledges nothing after', () => {
    const bench = greetedBackup();
    const effects = kinds(bench.after(60 * MS));
    expect(effects.indexOf('close-channel')).toBeLessThan(effects.indexOf('test-and-set'));
    expect(bench.hear(batch(0, [tick(0, 50)]))).toEqual([]);
  });

  it('goes live only when the last entry has been consumed', () => {
    const bench = greetedBackup();
    bench.hear(batch(0, [tick(0, 50), tick(1, 90)]));
    bench.give({ kind: 'channel-lost', peer: 'alpha' });
    expect(kinds(goLive(bench))).not.toContain('go-live');
    expect(kinds(bench.give(sliced(50, [tick(0, 50)])))).toEqual(['run']);
    expect(kinds(bench.give(sliced(90, [tick(1, 90)])))).toContain('go-live');
  });

  it('does not acknowledge what its buffer has no room for', () => {
    const bench = greetedBackup({
      limits: { ...DEFAULT_LIMITS, bufferEntries: 1 },
    });
    expect(kinds(bench.hear(batch(0, [tick(0, 50)])))).toContain('send');
    expect(bench.hear(batch(1, [tick(1, 60)]))).toEqual([]);
    expect(sent(bench.give(sliced(50, [tick(0, 50)])))).toMatchObject([{ kind: 'ack', batch: 1 }]);
  });
});

describe('entries on the channel', () => {
  const limits = { ...DEFAULT_LIMITS, bufferEntries: 1 };

  it('with a gap end it, also while the buffer has no room', () => {
    const bench = greetedBackup({ limits });
    bench.hear(batch(0, [tick(0, 50)]));
    expect(bench.hear(batch(1, [tick(1, 60)]))).toEqual([]);
    expect(kinds(bench.hear(batch(3, [tick(2, 70)])))).toContain('close-channel');
    expect(bench.state.inbox.received).toBe(1);
  });

  it('that are out of sequence end it', () => {
    expect(kinds(greetedBackup().hear(batch(0, [tick(1, 50)])))).toContain('close-channel');
  });

  it('that come again are ignored', () => {
    const bench = greetedBackup();
    bench.hear(batch(0, [tick(0, 50)]));
    expect(bench.hear(batch(0, [tick(0, 50)]))).toMatchObject([
      { kind: 'refuse', from: 'alpha', why: 'repeated' },
    ]);
  });
});

describe('rule 8: the fence comes before the go-live', () => {
  it('is asked for after the win, again and again, and waited for', () => {
    const bench = orphan([tick(0, 50)], []);
    expect(bench.answer('won')).toContainEqual({ kind: 'fence', token: 3 });
    expect(kinds(bench.after(20 * MS))).toContain('fence');
    expect(bench.role).toBe('backup');
    expect(kinds(bench.give({ kind: 'fenced', token: 3 }))).toContain('go-live');
  });

  it('is not taken for confirmed by a lower one', () => {
    const bench = orphan([tick(0, 50)], []);
    bench.answer('won');
    bench.give({ kind: 'fenced', token: 2 });
    expect(bench.role).toBe('backup');
  });

  it('without the rule is left out', () => {
    const bench = orphan([tick(0, 50)], [], { rules: { ...ALL_RULES, fence: false } });
    expect(kinds(bench.answer('won'))).toContain('go-live');
  });
});

describe('rule 9: writes without a logged completion are issued again', () => {
  const writes = [disk(1, 'write', 8), disk(2, 'write', 16), disk(3, 'write', 8, 2)];

  it('in order, overlapping ones one at a time', () => {
    const bench = orphan([marker(0, 100, 2)], writes);
    expect(released(goLive(bench))).toEqual([0, 1]);
    const done = { kind: 'disk', id: 1, ok: true } as const;
    expect(released(bench.give({ kind: 'input', input: done }))).toEqual([2]);
  });

  it('even when the primary has said that later outputs have arrived', () => {
    const bench = greetedBackup();
    const entries = [marker(0, 100, 1)];
    bench.hear(batch(0, entries));
    bench.give(sliced(100, entries, [disk(1, 'write', 8), frame(1)]));
    bench.hear(batch(1, [], 2));
    bench.give({ kind: 'channel-lost', peer: 'alpha' });
    expect(released(goLive(bench))).toEqual([0]);
  });

  it('and those with one are not', () => {
    const bench = orphan([marker(0, 90, 2), completion(1, 100, 2)], writes);
    expect(released(goLive(bench))).toEqual([0]);
  });
});

describe('rule 10: a primary that goes alone', () => {
  it('need not move the fence', () => {
    const bench = waitingPrimary();
    bench.after(60 * MS);
    const effects = kinds(bench.answer('won'));
    expect(effects).not.toContain('fence');
    expect(bench.role).toBe('alone');
  });
});

describe('rule 18: whoever hears of a later one asks, and halts if it lost', () => {
  it('a backup that hears "alone"', () => {
    const bench = greetedBackup();
    expect(kinds(bench.hearHeartbeat(3))).toContain('test-and-set');
    expect(bench.answer('lost')).toEqual([{ kind: 'halt', reason: 'lost-test-and-set' }]);
  });

  it('a backup that hears a later generation', () => {
    expect(kinds(greetedBackup().hearHeartbeat(4, 2))).toContain('test-and-set');
  });

  it('a primary that hears its backup alone', () => {
    expect(kinds(greetedPrimary().hearHeartbeat(3))).toContain('test-and-set');
  });

  it('a primary that disk or gateway refuses', () => {
    const bench = greetedPrimary();
    expect(kinds(bench.give({ kind: 'refused', token: 3 }))).toContain('test-and-set');
  });

  it('an alone replica tells so in its heartbeats', () => {
    const bench = waitingPrimary();
    bench.after(60 * MS);
    const beats = bench.answer('won').filter((effect) => effect.kind === 'heartbeat');
    expect(beats.map(({ bytes }) => decodeMessage(bytes))).toMatchObject([{ token: 3 }]);
  });
});

describe('rule 19: a power-off is held like an output', () => {
  const off = { seq: 0, count: 100, kind: 'control', op: { op: 'power-off' } } as const;

  it('until its entry is acknowledged', () => {
    const bench = greetedPrimary();
    expect(kinds(bench.give({ kind: 'power-off' }))).toEqual(['control']);
    expect(sent(bench.give(sliced(100, [off])))).toMatchObject([{ kind: 'batch' }]);
    expect(sent(bench.hear(ack(0, 1)))).toMatchObject([{ kind: 'goodbye', reason: 'power-off' }]);
    expect(bench.role).toBe('primary');
    expect(kinds(bench.hear({ kind: 'goodbye-ack', generation: 1 }))).toEqual(['halt']);
  });

  it('or until the generation is won', () => {
    const bench = greetedPrimary();
    bench.give({ kind: 'power-off' });
    bench.give(sliced(100, [off]));
    bench.after(60 * MS);
    expect(bench.role).toBe('primary');
    expect(bench.answer('won')).toContainEqual({ kind: 'halt', reason: 'power-off' });
  });

  it('and lets a primary that is asking meanwhile sleep between its questions', () => {
    const bench = greetedPrimary();
    bench.give(sliced(100, [off]));
    bench.after(60 * MS);
    expect(sent(bench.hear(ack(0, 1)))).toMatchObject([{ kind: 'goodbye' }]);
    for (let i = 0; i < 3; i++) {
      for (const effect of bench.after(20 * MS)) {
        if (effect.kind === 'wake-at') expect(effect.atNs).toBeGreaterThan(bench.nowNs);
      }
    }
  });

  it('and does not make the backup go live', () => {
    const bench = greetedBackup();
    bench.hear(batch(0, [off]));
    bench.give(sliced(100, [off]));
    const effects = bench.give({ kind: 'channel-lost', peer: 'alpha' });
    expect(effects).toContainEqual({ kind: 'halt', reason: 'power-off' });
  });
});

describe('rule 20: a repeated disk completion', () => {
  it('reaches the guest once', () => {
    const bench = orphan([marker(0, 100, 0)], [disk(1, 'write', 8)]);
    goLive(bench);
    const event = { kind: 'input', input: { kind: 'disk', id: 1, ok: true } } as const;
    expect(kinds(bench.give(event))).toContain('offer');
    expect(kinds(bench.give(event))).not.toContain('offer');
  });

  it('of a request that nobody made reaches it never', () => {
    const event = { kind: 'input', input: { kind: 'disk', id: 9, ok: true } } as const;
    expect(kinds(greetedPrimary().give(event))).toEqual([]);
  });
});

/** Whole exchanges, as a person would read them aloud: event by event, effect by effect. */
import { describe, expect, it } from 'vitest';
import {
  ack,
  Bench,
  batch,
  disk,
  frame,
  greetedBackup,
  greetedPrimary,
  hello,
  MS,
  marker,
  sliced,
  tick,
} from './bench.ts';

describe('the life of a primary', () => {
  it('greets, runs, holds an output until it is acknowledged, and lets it go', () => {
    const bench = new Bench('primary');
    bench.give({ kind: 'wake' });
    bench.hear({ ...hello('beta'), kind: 'hello-ack' });
    bench.nowNs = MS;
    bench.give(sliced(100, [tick(0, 40), marker(1, 100, 0)], [frame(1)]));
    bench.nowNs = 2 * MS;
    bench.hear(ack(0, 2));
    bench.give({ kind: 'released', ordinal: 0 });
    bench.after(8 * MS);
    expect(bench.transcript()).toMatchInlineSnapshot(`
      "
      0 ms: wake
        send hello
        heartbeat heartbeat of token 2
        wake-at 10 ms
      0 ms: beta says hello-ack
        run
      1 ms: ran to 100 (output): 2 entries, 1 outputs
        send batch 0, released up to 0
        run
      2 ms: beta says ack of batch 0, 2 received, 0 executed
        release 0 (frame) under token 2
      2 ms: output 0 has arrived
      10 ms: wake
        heartbeat heartbeat of token 2
        send batch 1, released up to 1
        wake-at 20 ms
      "
    `);
  });

  it('loses its backup, wins, and lets everything go', () => {
    const bench = greetedPrimary();
    bench.give(sliced(100, [marker(0, 100, 0)], [frame(1)]));
    bench.after(20 * MS);
    bench.after(30 * MS);
    bench.answer('unknown');
    bench.after(20 * MS);
    bench.answer('won');
    expect(bench.transcript()).toMatchInlineSnapshot(`
      "
      0 ms: ran to 100 (output): 1 entries, 1 outputs
        send batch 0, released up to 0
        run
      20 ms: wake
        heartbeat heartbeat of token 2
        send batch 1, released up to 0
        wake-at 30 ms
      50 ms: wake
        heartbeat heartbeat of token 2
        test-and-set generation 1 as alpha.1
        send batch 2, released up to 0
        wake-at 60 ms
      50 ms: arbiter says unknown
      70 ms: wake
        heartbeat heartbeat of token 2
        test-and-set generation 1 as alpha.1
        send batch 3, released up to 0
        wake-at 80 ms
      70 ms: arbiter says won
        close-channel
        announce token 3
        heartbeat heartbeat of token 3
        release 0 (frame) under token 3
      "
    `);
  });

  it('ends with its guest, but not before the backup knows and the last output has arrived', () => {
    const bench = greetedPrimary();
    const outputs = [frame(1), { kind: 'exit', status: 0 } as const];
    bench.give(sliced(100, [marker(0, 100, 1)], outputs, { why: 'exit', status: 0 }));
    bench.hear(ack(0, 1));
    bench.give({ kind: 'released', ordinal: 1 });
    bench.give({ kind: 'released', ordinal: 0 });
    bench.hear({ kind: 'goodbye-ack', generation: 1 });
    expect(bench.role).toBe('halted');
    expect(bench.transcript()).toMatchInlineSnapshot(`
      "
      0 ms: ran to 100 (exit): 1 entries, 2 outputs
        send batch 0, released up to 0
      0 ms: beta says ack of batch 0, 1 received, 0 executed
        release 0 (frame) under token 2
        release 1 (exit) under token 2
      0 ms: output 1 has arrived
      0 ms: output 0 has arrived
        send goodbye (guest-exit)
      0 ms: beta says goodbye-ack
        halt: guest-exit
      "
    `);
  });
});

describe('the life of a backup', () => {
  it('acknowledges what it receives, follows, and emits nothing', () => {
    const bench = new Bench('backup');
    bench.give({ kind: 'wake' });
    bench.hear(hello('alpha'));
    bench.hear(batch(0, [tick(0, 40), marker(1, 100, 0)]));
    bench.give(sliced(100, [tick(0, 40), marker(1, 100, 0)], [frame(1)]));
    bench.hear(batch(1, [], 1));
    expect(bench.transcript()).toMatchInlineSnapshot(`
      "
      0 ms: wake
        heartbeat heartbeat of token 2
        wake-at 10 ms
      0 ms: alpha says hello
        send hello-ack
      0 ms: alpha says batch 0, released up to 0
        feed 2 entries
        send ack of batch 0, 2 received, 0 executed
        run
      0 ms: ran to 100 (output): 2 entries, 1 outputs
      0 ms: alpha says batch 1, released up to 1
        send ack of batch 1, 2 received, 2 executed
      "
    `);
  });

  it('goes live: asks, wins, fences, consumes what is left, announces, issues again', () => {
    const bench = greetedBackup();
    bench.hear(batch(0, [tick(0, 40), marker(1, 100, 1)]));
    bench.give({ kind: 'channel-lost', peer: 'alpha' });
    bench.answer('won');
    bench.give({ kind: 'fenced', token: 3 });
    bench.give(sliced(100, [tick(0, 40), marker(1, 100, 1)], [frame(1), disk(1, 'write', 8)]));
    expect(bench.transcript()).toMatchInlineSnapshot(`
      "
      0 ms: alpha says batch 0, released up to 0
        feed 2 entries
        send ack of batch 0, 2 received, 0 executed
        run
      0 ms: channel-lost
        close-channel
        test-and-set generation 1 as beta.1
      0 ms: arbiter says won
        fence token 3
      0 ms: fenced at token 3
      0 ms: ran to 100 (output): 2 entries, 2 outputs
        go-live
        announce token 3
        heartbeat heartbeat of token 3
        release 0 (frame) under token 3
        release 1 (disk) under token 3
        run
      "
    `);
  });

  it('loses the test-and-set and halts', () => {
    const bench = greetedBackup();
    bench.give({ kind: 'channel-lost', peer: 'alpha' });
    bench.answer('lost');
    expect(bench.role).toBe('halted');
    expect(bench.transcript()).toMatchInlineSnapshot(`
      "
      0 ms: channel-lost
        close-channel
        test-and-set generation 1 as beta.1
      0 ms: arbiter says lost
        halt: lost-test-and-set
      "
    `);
  });
});

describe('a greeting between two different machines', () => {
  it.each([
    ['another configuration', { configuration: 'ff'.repeat(16) }],
    ['another name', { machine: 'kv' }],
    ['another generation', { generation: 2 }],
  ])('ends both before anything has run: %s', (_, difference) => {
    const [primary, backup] = [new Bench('primary'), new Bench('backup')];
    primary.give({ kind: 'wake' });
    backup.give({ kind: 'wake' });
    backup.hear({ ...hello('alpha'), ...difference });
    primary.hear({ kind: 'goodbye', generation: 1, reason: 'refused' });
    expect([primary.role, backup.role]).toEqual(['halted', 'halted']);
    expect(primary.transcript()).not.toContain('run');
  });
});

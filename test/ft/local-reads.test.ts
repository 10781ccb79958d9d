/**
 * [P §4.2] executing disk reads on the backup: it reads the shared disk itself, and the log does
 * not carry what was read.
 */
import { describe, expect, it } from 'vitest';
import { crc32 } from '../../src/base/crc32.ts';
import { decodeMessage } from '../../src/ft/messages.ts';
import type { Effect } from '../../src/ft/ports.ts';
import { decodeEntries } from '../../src/hypervisor/codec.ts';
import type { LogEntry } from '../../src/hypervisor/entry.ts';
import { runWorld } from '../../src/sim/run.ts';
import type { Scenario } from '../../src/sim/scenario.ts';
import type { World } from '../../src/sim/world.ts';
import { toyParts, toyScenario } from '../sim/toy-scenario.ts';
import {
  ack,
  type Bench,
  batch,
  disk,
  frame,
  greetedBackup,
  greetedPrimary,
  kinds,
  MS,
  marker,
  released,
  sliced,
  tick,
} from './bench.ts';

const LOCAL = { reads: 'local' } as const;
const DATA = new Uint8Array(512).fill(7);
const CRC = new Uint8Array(new Uint32Array([crc32(DATA)]).buffer);

const completed = (seq: number, data?: Uint8Array): LogEntry => ({
  seq,
  count: 200,
  kind: 'input',
  input: data ? { kind: 'disk', id: 1, ok: true, data } : { kind: 'disk', id: 1, ok: false },
});

const fed = (effects: readonly Effect[]): LogEntry[] =>
  effects.flatMap((effect) => (effect.kind === 'feed' ? effect.entries : []));

describe('§4.2 the primary', () => {
  /** Its guest has read sector 8, and its entries are at the backup. */
  function afterRead(data?: Uint8Array): Bench {
    const bench = greetedPrimary(LOCAL);
    bench.give(sliced(100, [marker(0, 100, 0)], [disk(1, 'read', 8)]));
    const { input } = completed(1, data) as LogEntry & { kind: 'input' };
    bench.give({ kind: 'input', input });
    bench.give(sliced(200, [completed(1, data), marker(2, 200, 1)], [frame(1)]));
    bench.hear(ack(1, 3, 1));
    return bench;
  }

  const sent = (bench: Bench): LogEntry[] => {
    const [effect] = bench
      .give(sliced(300, [marker(3, 300, 2)], [frame(2)]))
      .filter(({ kind }) => kind === 'send');
    const message = decodeMessage((effect as Effect & { kind: 'send' }).bytes);
    return message.kind === 'batch' ? decodeEntries(message.entries) : [];
  };

  it('does not log what was read, only a checksum of it', () => {
    const bench = greetedPrimary(LOCAL);
    bench.give(sliced(100, [marker(0, 100, 0)], [disk(1, 'read', 8)]));
    const effects = bench.give(sliced(200, [completed(1, DATA), marker(2, 200, 1)], [frame(1)]));
    const [message] = effects.flatMap((e) => (e.kind === 'send' ? [decodeMessage(e.bytes)] : []));
    expect(message?.kind === 'batch' && decodeEntries(message.entries)[0]).toEqual(
      completed(1, CRC),
    );
    expect(sent(afterRead(DATA))).toEqual([marker(3, 300, 2)]);
  });

  const overlapping = [disk(2, 'write', 8), disk(3, 'write', 9)];

  it('delays a write to a place that the backup has not read yet, and no other', () => {
    const bench = afterRead(DATA);
    bench.give(sliced(300, [marker(3, 300, 3)], overlapping));
    expect(released(bench.hear(ack(2, 4, 1)))).toEqual([3]);
    expect(released(bench.hear(ack(2, 4, 2)))).toEqual([2]);
  });

  it('delays it also while the completion is on its way to the guest', () => {
    const bench = greetedPrimary(LOCAL);
    bench.give(sliced(100, [marker(0, 100, 0)], [disk(1, 'read', 8)]));
    bench.give({ kind: 'input', input: { kind: 'disk', id: 1, ok: true, data: DATA } });
    bench.give(sliced(150, [marker(1, 150, 2)], overlapping));
    expect(released(bench.hear(ack(1, 2, 0)))).toEqual([2]);
  });

  it('does not wait for a read that failed: the log has that', () => {
    const bench = afterRead();
    bench.give(sliced(300, [marker(3, 300, 3)], overlapping));
    expect(released(bench.hear(ack(2, 4, 1)))).toEqual([2, 3]);
  });

  it('does not wait any more when it has gone on alone', () => {
    const bench = afterRead(DATA);
    bench.give(sliced(300, [marker(3, 300, 3)], overlapping));
    bench.give({ kind: 'channel-lost', peer: 'beta' });
    expect(released(bench.answer('won'))).toEqual([2, 3]);
  });
});

describe('§4.2 the backup', () => {
  /** Its guest has asked for sector 8, and the bare completion is here. */
  function asking(): { bench: Bench; effects: Effect[] } {
    const bench = greetedBackup(LOCAL);
    const entries = [marker(0, 100, 0), completed(1, CRC), tick(2, 250)];
    expect(fed(bench.hear(batch(0, entries)))).toEqual([marker(0, 100, 0)]);
    const effects = bench.give(sliced(100, [marker(0, 100, 0)], [disk(1, 'read', 8)]));
    return { bench, effects };
  }

  const answer = (bench: Bench, ok: boolean, data?: Uint8Array): Effect[] => {
    const completion = { kind: 'disk', id: 1, ok, ...(data ? { data } : {}) } as const;
    return bench.give({ kind: 'read', completion });
  };

  it('reads itself, and its guest waits for what it reads', () => {
    const { bench, effects } = asking();
    expect(effects).toContainEqual(expect.objectContaining({ kind: 'read', token: 2 }));
    expect(kinds(effects)).not.toContain('run');
    const after = answer(bench, true, DATA);
    expect(fed(after)).toEqual([completed(1, DATA), tick(2, 250)]);
    expect(kinds(after)).toContain('run');
  });

  it('does not read before the primary has: the completion must be in hand', () => {
    const bench = greetedBackup(LOCAL);
    bench.hear(batch(0, [marker(0, 100, 0)]));
    const effects = bench.give(sliced(100, [marker(0, 100, 0)], [disk(1, 'read', 8)]));
    expect(kinds(effects)).not.toContain('read');
    expect(kinds(bench.hear(batch(1, [completed(1, CRC)])))).toContain('read');
  });

  it('tries again what failed for it alone, or brought other bytes', () => {
    const { bench } = asking();
    expect(fed(answer(bench, false))).toEqual([]);
    expect(kinds(bench.after(20 * MS))).toContain('read');
    expect(fed(answer(bench, true, new Uint8Array(512)))).toEqual([]);
    expect(kinds(bench.after(20 * MS))).toContain('read');
    expect(fed(answer(bench, true, DATA))).toHaveLength(2);
  });

  it('takes the failure of the primary’s read from the log', () => {
    const bench = greetedBackup(LOCAL);
    bench.hear(batch(0, [marker(0, 100, 0), completed(1)]));
    const effects = bench.give(sliced(100, [marker(0, 100, 0)], [disk(1, 'read', 8)]));
    expect(kinds(effects)).not.toContain('read');
  });

  it('tells at once that it has read, for a write may wait', () => {
    const { bench } = asking();
    answer(bench, true, DATA);
    const effects = bench.give(sliced(200, [completed(1, DATA)]));
    const [message] = effects.flatMap((e) => (e.kind === 'send' ? [decodeMessage(e.bytes)] : []));
    expect(message).toMatchObject({ kind: 'ack', batch: 0, received: 3, executed: 2 });
  });

  it('goes on reading at go-live, under the token of the winner', () => {
    const { bench } = asking();
    bench.give({ kind: 'channel-lost', peer: 'alpha' });
    bench.answer('won');
    bench.give({ kind: 'fenced', token: 3 });
    expect(bench.role).toBe('backup');
    const again = bench.after(20 * MS).filter(({ kind }) => kind === 'read');
    expect(again).toMatchObject([{ token: 3 }]);
    answer(bench, true, DATA);
    bench.give(sliced(250, [completed(1, DATA), tick(2, 250)]));
    expect(bench.role).toBe('alone');
  });
});

describe('§4.2 in a whole world', () => {
  const run = (change: Partial<Scenario>): World =>
    runWorld({ ...toyScenario(6), ...change }, toyParts());

  it('saves the channel what was read', () => {
    const bytes = (reads: 'log' | 'local') => run({ reads }).state.sentBytes;
    expect(bytes('log') - bytes('local')).toBeGreaterThan(5 * 512);
  });

  it('keeps the backup going, whatever the guest writes where it has read', () => {
    for (let seed = 1; seed < 25; seed++) {
      const world = run({ seed, reads: 'local', safetyNs: 50 * MS, disk: SLOW_DISK });
      expect(world.state.violations).toEqual([]);
      expect(world.host('beta').state.count).toBeGreaterThan(0.9 * world.host('alpha').state.count);
    }
  });

  it('survives that the disk fails for the backup alone, for a while', () => {
    const at = { on: 'time', timeNs: 5 * MS } as const;
    const action = { do: 'disk', mode: 'failing', only: 'beta', forNs: 10 * MS } as const;
    const { violations, trace } = run({ reads: 'local', faults: [{ at, action }] }).state;
    expect(violations).toEqual([]);
    const failed = trace.filter(({ text }) => /^fails read .* beta itself/.test(text));
    expect(failed.length).toBeGreaterThan(2);
  });
});

/** Slow enough that writes catch up with reads. */
const SLOW_DISK = {
  ...toyScenario(1).disk,
  serviceNs: [100_000, 3 * MS],
  slowFactor: 1,
} as const;

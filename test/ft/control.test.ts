/** [P §3.3] control operations: what people ask of the machine travels in its log. */
import { describe, expect, it } from 'vitest';
import type { Effect } from '../../src/ft/ports.ts';
import type { Control, LogEntry } from '../../src/hypervisor/entry.ts';
import {
  ack,
  type Bench,
  batch,
  frame,
  greetedBackup,
  greetedPrimary,
  kinds,
  MS,
  marker,
  sliced,
} from './bench.ts';

const control = (seq: number, op: Control): LogEntry => ({ seq, count: 100, kind: 'control', op });
const throttled = control(0, { op: 'throttle', percent: 25 });
const kept = control(0, { op: 'snapshot', name: 'before' });

const wakeAt = (effects: readonly Effect[]): number | undefined =>
  effects.findLast((effect) => effect.kind === 'wake-at')?.atNs;

/** A stretch that took so long. */
function ran(bench: Bench, ns: number, entries: readonly LogEntry[]): Effect[] {
  const startedNs = bench.nowNs;
  bench.nowNs += ns;
  const event = sliced(100, entries);
  return bench.give({ ...event, slice: { ...event.slice, startedNs } });
}

/** A backup that has replayed those entries, and is live. */
function successor(entries: readonly LogEntry[]): Bench {
  const bench = greetedBackup();
  bench.hear(batch(0, entries));
  bench.give(sliced(100, entries));
  bench.give({ kind: 'channel-lost', peer: 'alpha' });
  bench.answer('won');
  expect(kinds(bench.give({ kind: 'fenced', token: 3 }))).toContain('go-live');
  return bench;
}

describe('§3.3 every operation', () => {
  it.each([
    [{ kind: 'power-off' }, { op: 'power-off' }],
    [{ kind: 'switch-over' }, { op: 'switch-over' }],
    [
      { kind: 'throttle', percent: 25 },
      { op: 'throttle', percent: 25 },
    ],
    [
      { kind: 'snapshot', name: 'before' },
      { op: 'snapshot', name: 'before' },
    ],
  ] as const)('is an entry of the primary’s log: %j', (event, op) => {
    expect(greetedPrimary().give(event)).toContainEqual({ kind: 'control', op });
    expect(kinds(greetedBackup().give(event))).not.toContain('control');
  });

  it('comes too late for a machine that has ended', () => {
    const bench = greetedPrimary();
    bench.give(sliced(100, [], [], { why: 'exit', status: 0 }));
    expect(kinds(bench.give({ kind: 'snapshot', name: 'late' }))).not.toContain('control');
  });
});

describe('a throttled guest', () => {
  it('rests three times as long as it runs, at 25 percent', () => {
    const bench = greetedPrimary();
    expect(kinds(ran(bench, MS, [throttled]))).not.toContain('run');
    expect(kinds(bench.after(3 * MS - 1))).not.toContain('run');
    expect(kinds(bench.after(1))).toContain('run');
  });

  it('is woken by the alarm when it has rested', () => {
    const bench = greetedPrimary();
    expect(wakeAt(ran(bench, MS, [throttled]))).toBe(bench.nowNs + 3 * MS);
  });

  it('is not held up in replay, and rests where it goes live', () => {
    const backup = greetedBackup();
    backup.hear(batch(0, [throttled]));
    expect(backup.give(sliced(100, [throttled])).map(({ kind }) => kind)).not.toContain('halt');
    expect(kinds(backup.hear(batch(1, [marker(1, 200, 0)])))).toContain('run');
    const bench = successor([throttled]);
    expect(kinds(ran(bench, MS, []))).not.toContain('run');
    expect(kinds(bench.after(3 * MS))).toContain('run');
  });

  it('has the whole CPU again when that is said', () => {
    const bench = greetedPrimary();
    ran(bench, MS, [throttled]);
    bench.after(3 * MS);
    expect(kinds(ran(bench, MS, [control(1, { op: 'throttle', percent: 100 })]))).toContain('run');
  });
});

describe('a snapshot', () => {
  const told = { kind: 'snapshot-kept', name: 'before' } as const;

  it('is told of when its entry is at the backup, and not before', () => {
    const bench = greetedPrimary();
    expect(bench.give(sliced(100, [kept]))).not.toContainEqual(told);
    expect(bench.hear(ack(0, 1))).toContainEqual(told);
    expect(bench.after(MS)).not.toContainEqual(told);
  });

  it('is told of by a primary that has won alone', () => {
    const bench = greetedPrimary();
    bench.give(sliced(100, [kept]));
    expect(bench.after(60 * MS)).not.toContainEqual(told);
    expect(bench.answer('won')).toContainEqual(told);
  });

  it('is not told of by a backup', () => {
    const bench = greetedBackup();
    bench.hear(batch(0, [kept]));
    expect(bench.give(sliced(100, [kept, marker(1, 100, 0)], [frame(1)]))).not.toContainEqual(told);
    expect(bench.state.snapshots).toEqual([]);
  });
});

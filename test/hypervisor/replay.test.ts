/**
 * A recording determines the machine: replay gives the same states and outputs, however it is fed.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { auditLog } from '../../src/hypervisor/log-audit.ts';
import { runs } from '../support/runs.ts';
import { randomSources, recordSchedule } from '../support/schedule.ts';
import { drain, newRecorder, newReplayer, record, replay, toyRun } from './toy.ts';

const often = { numRuns: runs(60) };
const seeds = fc.integer({ min: 0, max: 1_000_000 });

describe('replay', () => {
  it('gives the digests and outputs of the recording, in batches and slices of any size', () => {
    fc.assert(
      fc.property(
        toyRun,
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }),
        fc.integer({ min: 1, max: 300 }),
        (run, batches, piece) => {
          const { recorder, recording } = record(run);
          const replayer = newReplayer(run);
          const outputs = [];
          const { entries } = recording;
          for (let at = 0, i = 0; at < entries.length; i++) {
            const size = batches[i % batches.length]!;
            replayer.feed(entries.slice(at, at + size));
            outputs.push(...drain(replayer, piece));
            at += size;
          }
          expect(outputs).toEqual(recording.outputs);
          expect(replayer.point).toEqual(recorder.point);
          const last = entries.at(-1);
          if (last?.count === recorder.machine.count) {
            expect(replayer.machine.digest()).toBe(recorder.machine.digest());
          }
        },
      ),
      often,
    );
  });

  it('never runs past the last entry in hand', () => {
    fc.assert(
      fc.property(toyRun, seeds, (run, seed) => {
        const { entries } = record(run).recording;
        const replayer = newReplayer(run);
        const end = seed % (entries.length + 1);
        replayer.feed(entries.slice(0, end));
        drain(replayer);
        expect(replayer.machine.count).toBe(entries[end - 1]?.count ?? 0);
      }),
      often,
    );
  });

  it('stops at the count asked for', () => {
    fc.assert(
      fc.property(toyRun, seeds, (run, seed) => {
        const { recorder, recording } = record(run);
        const replayer = newReplayer(run);
        replayer.feed(recording.entries);
        const until = seed % (recorder.machine.count + 1);
        let count = -1;
        while (count !== replayer.machine.count) {
          count = replayer.machine.count;
          expect(replayer.slice(until).count).toBeLessThanOrEqual(until);
        }
      }),
      often,
    );
  });
});

describe('a recorder', () => {
  it('marks the outputs of a slice with exactly one entry, after what it covers', () => {
    fc.assert(
      fc.property(toyRun, (run) => {
        let ordinal = 0;
        for (const slice of record(run).recording.slices) {
          ordinal += slice.outputs.length;
          const marks = slice.entries.filter((entry) => entry.kind === 'output');
          expect(marks.length).toBe(slice.outputs.length > 0 ? 1 : 0);
          if (marks[0]) expect(marks[0].last).toBe(ordinal - 1);
          const after = marks[0] ? slice.entries.slice(slice.entries.indexOf(marks[0]) + 1) : [];
          expect(after.every((entry) => entry.kind === 'digest')).toBe(true);
        }
      }),
      often,
    );
  });

  it('takes a digest at least every digestEvery instructions', () => {
    fc.assert(
      fc.property(toyRun, (run) => {
        const { recorder, recording } = record(run);
        let last = 0;
        for (const entry of recording.entries) {
          expect(entry.count - last).toBeLessThanOrEqual(run.digestEvery);
          if (entry.kind === 'digest') last = entry.count;
        }
        expect(recorder.machine.count - last).toBeLessThanOrEqual(run.digestEvery);
      }),
      often,
    );
  });

  it('ends at exit or fault with an entry, and logs nothing more', () => {
    for (const program of [
      { seed: 3, exitAt: 500 },
      { seed: 3, faultAt: 500 },
    ]) {
      const schedule = { seed: 1, slices: 1000, maxSlice: 100, packet: 0.5, console: 0.5 };
      const run = { program, schedule, digestEvery: 1000 };
      const { recorder, recording } = record(run);
      const kinds = recording.entries.map((entry) => entry.kind);
      const tail = 'exitAt' in program ? ['output', 'digest'] : ['fault', 'output', 'digest'];
      expect(kinds.slice(-tail.length)).toEqual(tail);
      expect(recorder.offer({ kind: 'packet', bytes: new Uint8Array(60) })).toBe(false);
      const after = recorder.slice(10_000, 1e9);
      expect(after.entries).toEqual([]);
      expect(after.stop.why).toBe('exitAt' in program ? 'exit' : 'fault');
      const replayer = newReplayer(run);
      replayer.feed(recording.entries);
      drain(replayer);
      expect(replayer.machine.digest()).toBe(recorder.machine.digest());
      const live = replayer.goLive(randomSources(1));
      expect(live.slice(10_000, 0)).toMatchObject({ entries: [], stop: after.stop });
    }
  });

  it('goes on from a saved state as if nothing had happened', () => {
    fc.assert(
      fc.property(toyRun, seeds, (run, seed) => {
        const left = newRecorder(run);
        const first = { ...run.schedule, slices: 20 };
        const after = { ...run.schedule, seed, slices: 20 };
        recordSchedule(left, first);
        left.offer({ kind: 'packet', bytes: new Uint8Array(60) });
        const right = newRecorder({ ...run, schedule: { ...run.schedule, seed: 1 } });
        right.restore(left.state());
        expect(right.state()).toEqual(left.state());
        const fork = newRecorder(run);
        recordSchedule(fork, first);
        fork.restore(right.state());
        const a = recordSchedule(left, after, 1e6);
        const b = recordSchedule(fork, after, 1e6);
        expect(b.entries).toEqual(a.entries);
        expect(fork.machine.digest()).toBe(left.machine.digest());
      }),
      often,
    );
  });
});

describe('go-live', () => {
  it('at any entry gives a log whose old prefix and new suffix replay from the beginning', () => {
    fc.assert(
      fc.property(toyRun, seeds, seeds, (run, at, seed) => {
        const { entries } = record(run).recording;
        const prefix = entries.slice(0, at % (entries.length + 1));
        const live = replay(run, prefix).goLive(randomSources(seed));
        const suffix = recordSchedule(live, { ...run.schedule, seed }, seed).entries;
        const replayer = replay(run, [...prefix, ...suffix]);
        expect(auditLog([...prefix, ...suffix])).toBeUndefined();
        expect(replayer.point).toEqual(live.point);
        const last = suffix.at(-1);
        if (last?.count === live.machine.count) {
          expect(replayer.machine.digest()).toBe(live.machine.digest());
        }
      }),
      often,
    );
  });

  it('never shows the guest a time before one that it has seen', () => {
    fc.assert(
      fc.property(toyRun, seeds, seeds, (run, at, seed) => {
        const { entries } = record(run).recording;
        const prefix = entries.slice(0, at % (entries.length + 1));
        const live = replay(run, prefix).goLive(randomSources(seed));
        const all = [...prefix, ...recordSchedule(live, run.schedule, -1e9).entries];
        for (const kind of ['timeNs', 'tsc'] as const) {
          let shown = 0n;
          for (const entry of all) {
            if (entry.kind !== 'input' || entry.input.kind !== kind) continue;
            expect(entry.input.value).toBeGreaterThanOrEqual(shown);
            shown = entry.input.value;
          }
        }
      }),
      often,
    );
  });

  it('is refused while entries are left', () => {
    const run = {
      program: { seed: 1 },
      schedule: { seed: 1, slices: 5, maxSlice: 50, packet: 1, console: 0 },
      digestEvery: 10,
    };
    const replayer = newReplayer(run);
    replayer.feed(record(run).recording.entries);
    expect(() => replayer.goLive(randomSources(1))).toThrow(/entries left/);
  });
});

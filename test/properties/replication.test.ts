/**
 * Primary and backup: for random guests and random schedules of ticks, packets, disk completions,
 * console bytes and readings, a replay has the digest of the recording at every entry, and a backup
 * that goes live at any entry leaves the outputs consistent.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { LogEntry } from '../../src/hypervisor/entry.ts';
import { Recorder } from '../../src/hypervisor/recorder.ts';
import { Replayer } from '../../src/hypervisor/replayer.ts';
import type { Input } from '../../src/machine/input.ts';
import { X86Machine } from '../../src/machine/machine.ts';
import type { Output } from '../../src/machine/output.ts';
import { hasher } from '../support/hasher.ts';
import {
  imageOf,
  RANDOM_CONFIG,
  type RandomProgram,
  randomProgram,
} from '../support/random-program.ts';
import { runs } from '../support/runs.ts';
import {
  type Recording,
  randomSources,
  recordSchedule,
  type Schedule,
} from '../support/schedule.ts';

interface Run {
  readonly program: RandomProgram;
  readonly schedule: Schedule;
  readonly digestEvery: number;
}

const seed = fc.integer();
const probability = fc.double({ min: 0, max: 0.6, noNaN: true });

const randomSchedule: fc.Arbitrary<Schedule> = fc.record({
  seed,
  slices: fc.integer({ min: 1, max: 40 }),
  maxSlice: fc.integer({ min: 2, max: 200 }),
  packet: probability,
  console: probability,
});

const randomRun: fc.Arbitrary<Run> = fc.record({
  program: randomProgram,
  schedule: randomSchedule,
  digestEvery: fc.integer({ min: 1, max: 300 }),
});

/** A machine that keeps its digest at every input that it is given and every output it makes. */
class Watched extends X86Machine {
  readonly seen: string[] = [];

  constructor(program: RandomProgram) {
    super(RANDOM_CONFIG, imageOf(program), hasher);
  }

  #see(what: string): void {
    this.seen.push(`${what} at ${this.count}: ${this.digest()}`);
  }

  override apply(input: Input): void {
    this.#see(input.kind);
    super.apply(input);
    this.#see('then');
  }

  override takeOutputs(): Output[] {
    const outputs = super.takeOutputs();
    if (outputs.length > 0) this.#see('output');
    return outputs;
  }
}

function record({ program, schedule, digestEvery }: Run): {
  machine: Watched;
  recorder: Recorder;
  recording: Recording;
} {
  const machine = new Watched(program);
  const sources = randomSources(schedule.seed);
  const recorder = new Recorder({ machine, sources, hasher, digestEvery });
  return { machine, recorder, recording: recordSchedule(recorder, schedule) };
}

/** Follows `entries`, handed over in batches of the given sizes; all outputs. */
function follow(
  replayer: Replayer,
  entries: readonly LogEntry[],
  batches: readonly number[] = [entries.length || 1],
): Output[] {
  const outputs: Output[] = [];
  for (let at = 0, i = 0; at < entries.length; i++) {
    const size = batches[i % batches.length]!;
    replayer.feed(entries.slice(at, at + size));
    at += size;
    while (replayer.inHand > 0) {
      outputs.push(
        ...replayer.slice(replayer.machine.count + batches[i % batches.length]!).outputs,
      );
    }
  }
  return outputs;
}

function newReplayer({ program, digestEvery }: Run, machine = new Watched(program)): Replayer {
  return new Replayer({ machine, hasher, digestEvery });
}

it('backup and primary have equal digests at every log entry and at the end', () => {
  fc.assert(
    fc.property(
      randomRun,
      fc.array(fc.integer({ min: 1, max: 25 }), { minLength: 1 }),
      (run, batches) => {
        const { machine, recorder, recording } = record(run);
        const follower = new Watched(run.program);
        const backup = newReplayer(run, follower);
        expect(follow(backup, recording.entries, batches)).toEqual(recording.outputs);
        backup.reach(recorder.machine.count);
        expect(follower.seen).toEqual(machine.seen);
        expect(backup.point).toEqual(recorder.point);
        expect(backup.machine.digest()).toBe(recorder.machine.digest());
        expect(backup.machine.snapshot().cpu).toEqual(recorder.machine.snapshot().cpu);
      },
    ),
    { numRuns: runs(6) },
  );
});

it('a backup that goes live after any entry repeats no output unmarked and loses none', () => {
  fc.assert(
    fc.property(randomRun, fc.nat(), randomSchedule, (run, at, after) => {
      const { recording } = record(run);
      const prefix = recording.entries.slice(0, at % (recording.entries.length + 1));
      const backup = newReplayer(run);
      const made = follow(backup, prefix);
      // What the Output Rule has let the dead primary release is a prefix of what the backup made.
      const marks = prefix.filter((entry) => entry.kind === 'output');
      const released = (marks.at(-1)?.last ?? -1) + 1;
      expect(made).toEqual(recording.outputs.slice(0, released));
      // Requests without a completion are re-issued; they are the ones that the guest waits for.
      const completed = new Set(
        prefix.flatMap((entry) =>
          entry.kind === 'input' && entry.input.kind === 'disk' ? [entry.input.id] : [],
        ),
      );
      const pending = backup.machine.pendingIo().map(({ id }) => id);
      expect(pending.some((id) => completed.has(id))).toBe(false);

      const sources = randomSources(after.seed);
      const suffix = recordSchedule(backup.goLive(sources), after, after.seed & 0xffff);
      const second = newReplayer(run);
      const all = [...prefix, ...suffix.entries];
      expect(follow(second, all)).toEqual([...made, ...suffix.outputs]);
      second.reach(backup.machine.count);
      expect(second.machine.digest()).toBe(backup.machine.digest());
      consoleIsGapless([...made, ...suffix.outputs]);
    }),
    { numRuns: runs(6) },
  );
});

/** Console bytes carry their offset: nothing is missing and nothing comes twice. */
function consoleIsGapless(outputs: readonly Output[]): void {
  let offset = 0;
  for (const output of outputs) {
    if (output.kind !== 'console') continue;
    expect(output.offset).toBe(offset);
    offset += output.bytes.length;
  }
}

/** Recordings of the toy machine under random schedules, and replays of them. */
import fc from 'fast-check';
import type { LogEntry, Sources } from '../../src/hypervisor/entry.ts';
import { Recorder } from '../../src/hypervisor/recorder.ts';
import { Replayer } from '../../src/hypervisor/replayer.ts';
import type { Output } from '../../src/machine/output.ts';
import { hasher } from '../support/hasher.ts';
import {
  type Recording,
  randomSources,
  recordSchedule,
  type Schedule,
} from '../support/schedule.ts';
import { ToyMachine, type ToyProgram } from '../support/toy-machine.ts';

export interface ToyRun {
  readonly program: ToyProgram;
  readonly schedule: Schedule;
  readonly digestEvery: number;
}

/** A run that is over after some thousand instructions at most. */
export const toyRun: fc.Arbitrary<ToyRun> = fc.record({
  program: fc.oneof(
    { weight: 4, arbitrary: fc.record({ seed: fc.integer() }) },
    fc.record({ seed: fc.integer(), exitAt: fc.integer({ min: 1, max: 800 }) }),
    fc.record({ seed: fc.integer(), faultAt: fc.integer({ min: 1, max: 800 }) }),
  ),
  schedule: fc.record({
    seed: fc.integer(),
    slices: fc.integer({ min: 1, max: 60 }),
    maxSlice: fc.integer({ min: 1, max: 200 }),
    packet: fc.double({ min: 0, max: 1, noNaN: true }),
    console: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  digestEvery: fc.integer({ min: 1, max: 500 }),
});

export function newRecorder({ program, schedule, digestEvery }: ToyRun): Recorder {
  const machine = new ToyMachine(program, hasher);
  return new Recorder({
    machine,
    sources: randomSources(schedule.seed),
    hasher,
    digestEvery,
  });
}

export function record(run: ToyRun): { recorder: Recorder; recording: Recording } {
  const recorder = newRecorder(run);
  return { recorder, recording: recordSchedule(recorder, run.schedule) };
}

export function newReplayer({ program, digestEvery }: ToyRun): Replayer {
  return new Replayer({ machine: new ToyMachine(program, hasher), hasher, digestEvery });
}

/** Replays until no entry is left, in slices of at most `piece` counts. */
export function drain(replayer: Replayer, piece = Number.POSITIVE_INFINITY): Output[] {
  const outputs: Output[] = [];
  while (replayer.inHand > 0) {
    outputs.push(...replayer.slice(replayer.machine.count + piece).outputs);
  }
  return outputs;
}

/** A replayer of `run` that has followed all of `entries`. */
export function replay(run: ToyRun, entries: readonly LogEntry[]): Replayer {
  const replayer = newReplayer(run);
  replayer.feed(entries);
  drain(replayer);
  return replayer;
}

/** Sources that nobody may ask. */
export const noSources: Sources = {
  read(need) {
    throw new Error(`asked for ${need.kind}`);
  },
};

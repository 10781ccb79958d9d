/**
 * Every guest of the catalogue, on the real machine: recorded, replayed, and knocked out of step.
 */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { Divergence } from '../../src/hypervisor/divergence.ts';
import { INPUT_KINDS, type LogEntry } from '../../src/hypervisor/entry.ts';
import { auditLog } from '../../src/hypervisor/log-audit.ts';
import { LogWriter, readLog } from '../../src/hypervisor/log-file.ts';
import { Recorder } from '../../src/hypervisor/recorder.ts';
import { Replayer } from '../../src/hypervisor/replayer.ts';
import { X86Machine } from '../../src/machine/machine.ts';
import type { MachineConfig } from '../../src/machine/types.ts';
import {
  type CatalogueProgram,
  type CatalogueRun,
  consoleMatches,
  readCatalogue,
  someRuns,
} from '../support/catalogue.ts';
import { guestImage } from '../support/guest-image.ts';
import { configOf, GuestWorld, newDisks, VirtualClock } from '../support/guest-world.ts';
import { hasher } from '../support/hasher.ts';
import { isLong, runs } from '../support/runs.ts';
import { arbitraryInput } from './arbitrary-log.ts';
import { drain } from './toy.ts';

const DIGEST_EVERY = 1_000_000;
/** Stretches of execution after a go-live; a guest that polls uses them up. */
const LIVE_SLICES = runs(3);

interface GuestRecording {
  readonly config: MachineConfig;
  readonly image: Uint8Array;
  readonly recorder: Recorder;
  readonly world: GuestWorld;
}

function recordGuest(
  program: CatalogueProgram,
  run: CatalogueRun,
  image: Uint8Array,
  disks: Map<number, Uint8Array>,
): GuestRecording {
  const config = configOf(program, run);
  const clock = new VirtualClock(1);
  const machine = new X86Machine(config, image, hasher);
  const recorder = new Recorder({ machine, sources: clock, hasher, digestEvery: DIGEST_EVERY });
  const world = new GuestWorld(recorder, clock, disks, run);
  const stop = world.play();
  expect(consoleMatches(run, world.console), world.console).toBe(true);
  expect(stop).toEqual({ why: 'exit', status: run.status });
  return { config, image, recorder, world };
}

function newReplayer({ config, image }: GuestRecording): Replayer {
  const machine = new X86Machine(config, image, hasher);
  return new Replayer({ machine, hasher, digestEvery: DIGEST_EVERY });
}

/** The recording as a file, and back. */
function throughFile({ config, image, recorder, world }: GuestRecording) {
  const writer = new LogWriter(hasher);
  const { machine } = recorder;
  const end = {
    count: machine.count,
    digest: machine.digest(),
    reason: 'exit' as const,
    status: 0,
  };
  return readLog(
    Buffer.concat([
      writer.begin({ machine: config, image, settings: {} }),
      writer.entries(world.entries),
      writer.checkpoint(recorder.checkpoint()),
      writer.end(end),
    ]),
    hasher,
  );
}

function checkReplay(recording: GuestRecording): void {
  const { entries, end, checkpoints } = throughFile(recording);
  const replayer = newReplayer(recording);
  replayer.feed(entries);
  expect(drain(replayer, 1_000_000)).toEqual(recording.world.outputs);
  replayer.compareCheckpoint(checkpoints[0]!);
  replayer.compareDigest(end!.count, end!.digest);
  expect(auditLog(entries)).toBeUndefined();
}

/** Leaves one input of each kind out, and expects to be told so. */
function checkKnockOuts(recording: GuestRecording): void {
  for (const kind of INPUT_KINDS) {
    const { entries } = recording.world;
    const lost = entries.find((entry) => entry.kind === 'input' && entry.input.kind === kind);
    if (!lost) continue;
    const rest = entries.filter((entry) => entry !== lost);
    const replayer = newReplayer(recording);
    replayer.feed(rest.map((entry, seq) => ({ ...entry, seq })));
    let divergence: unknown;
    try {
      drain(replayer);
    } catch (error) {
      divergence = error;
    }
    expect(divergence, `without a ${kind}`).toBeInstanceOf(Divergence);
    const { count, cause } = (divergence as Divergence).details;
    expect(cause).toEqual({ what: 'missing', kinds: [kind] });
    expect(count).toBeGreaterThanOrEqual(lost.count);
  }
}

/** Puts arbitrary inputs in the place of recorded ones. */
function checkAlteredLogs(recording: GuestRecording): void {
  const { entries } = recording.world;
  const inputs = entries.filter((entry) => entry.kind === 'input');
  if (inputs.length === 0) return;
  const replayer = newReplayer(recording);
  const start = replayer.state();
  fc.assert(
    fc.property(fc.nat(), arbitraryInput, (pick, input) => {
      const { seq, count } = inputs[pick % inputs.length]!;
      replayer.restore(start);
      replayer.feed(entries.with(seq, { seq, count, kind: 'input', input }));
      try {
        drain(replayer);
      } catch (error) {
        expect(error).toBeInstanceOf(Divergence);
      }
    }),
    { numRuns: runs(20, 10) },
  );
}

/** Shares of a recording after which to go live; in short checks the guests take turns. */
const PARTS = [0, 0.3, 0.6, 0.9];

/** Goes live after some prefixes; the old prefix and the new suffix are one log that replays. */
function checkGoLive(recording: GuestRecording, program: CatalogueProgram, turn: number): void {
  const { entries } = recording.world;
  for (const part of isLong ? PARTS : [PARTS[turn % PARTS.length]!]) {
    const prefix = entries.slice(0, Math.floor(part * entries.length));
    const replayer = newReplayer(recording);
    replayer.feed(prefix);
    drain(replayer);
    const clock = new VirtualClock(2);
    const live = replayer.goLive(clock);
    const silent = { title: '', console: '', status: 0, ready: 'never' };
    const world = new GuestWorld(live, clock, newDisks(program), silent);
    try {
      world.play(LIVE_SLICES);
    } catch {
      // A guest without a client may sleep for ever.
    }
    const again = newReplayer(recording);
    again.feed([...prefix, ...world.entries] satisfies LogEntry[]);
    drain(again);
    again.compareDigest(live.machine.count, live.machine.digest());
  }
}

for (const [turn, program] of readCatalogue().entries()) {
  describe(`${program.name}, recorded`, () => {
    const recordings: GuestRecording[] = [];

    beforeAll(() => {
      const image = guestImage(program.name);
      const disks = newDisks(program);
      for (const run of someRuns(program)) recordings.push(recordGuest(program, run, image, disks));
    });

    it('replays to the same digests and outputs', () => {
      for (const recording of recordings) checkReplay(recording);
    });

    it('diverges where an input of any kind is lost, and its kind is named', () => {
      checkKnockOuts(recordings[0]!);
    });

    it('fails at an altered log in no other way than by divergence', () => {
      checkAlteredLogs(recordings[0]!);
    });

    it('goes live anywhere', () => {
      checkGoLive(recordings[0]!, program, turn);
    });
  });
}

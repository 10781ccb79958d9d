/** Replays a recording on a machine of its own. */
import type { Digest, Hasher } from '../base/digest.ts';
import { VmftError } from '../base/errors.ts';
import type { LogEntry } from '../hypervisor/entry.ts';
import type { LogFile } from '../hypervisor/log-file.ts';
import type { Checkpoint } from '../hypervisor/log-point.ts';
import { Replayer } from '../hypervisor/replayer.ts';
import { X86Machine } from '../machine/machine.ts';

/** How far a recording is replayed, and from where. */
export interface ReplayArguments {
  /** Instruction count to stop at. */
  readonly until?: number;
  /** Number of the checkpoint to begin at, from 1. */
  readonly fromCheckpoint?: number;
  readonly onConsole: (bytes: Uint8Array) => void;
}

/** What a replay without divergence came to. */
export interface ReplayResult {
  readonly instructions: number;
  /** Entries followed, and digests among them that agreed. */
  readonly entries: number;
  readonly digests: number;
  readonly stateDigest: Digest;
  readonly exit: number | null;
}

/**
 * Replays `file` as far as it is sound and holds the machine against its entries, its checkpoints
 * and its end; throws Divergence at the first difference.
 */
export function replayRecording(
  file: LogFile,
  hasher: Hasher,
  args: ReplayArguments,
): ReplayResult {
  const { until = Number.POSITIVE_INFINITY } = args;
  const start = startOf(file, args.fromCheckpoint);
  const machine = new X86Machine(file.header.machine, file.header.image, hasher);
  if (start) machine.restore(start.machine);
  const replayer = new Replayer({ machine, hasher, ...(start ? { point: start.point } : {}) });
  const first = replayer.point.seq;
  const progress: Progress = { exit: null, onConsole: args.onConsole };
  for (const checkpoint of file.checkpoints) {
    const { seq } = checkpoint.point;
    if (seq < first || checkpoint.machine.count > until) continue;
    follow(replayer, file.entries.slice(replayer.point.seq, seq), until, progress);
    replayer.compareCheckpoint(checkpoint);
  }
  follow(replayer, file.entries.slice(replayer.point.seq), until, progress);
  const { end } = file;
  if (end && end.count <= until) replayer.compareDigest(end.count, end.digest);
  else if (end) replayer.reach(until);
  // A guest that was stopped, or that faulted, may have begun a line.
  args.onConsole(machine.unsentConsole().bytes);
  const followed = file.entries.slice(first, replayer.point.seq);
  return {
    instructions: machine.count,
    entries: followed.length,
    digests: followed.filter(({ kind }) => kind === 'digest').length,
    stateDigest: machine.digest(),
    exit: progress.exit,
  };
}

interface Progress {
  exit: number | null;
  readonly onConsole: (bytes: Uint8Array) => void;
}

function startOf(file: LogFile, number: number | undefined): Checkpoint | undefined {
  if (number === undefined) return undefined;
  const { length } = file.checkpoints;
  const checkpoint = file.checkpoints[number - 1];
  if (checkpoint) return checkpoint;
  throw new VmftError(
    'usage',
    `--from-checkpoint ${number}: the recording has ${length} checkpoints` +
      (length === 0 ? '; "vmft record --checkpoint-every N" makes some' : ', counted from 1'),
  );
}

/** Feeds entries and replays them, up to the count `until`. */
function follow(
  replayer: Replayer,
  entries: readonly LogEntry[],
  until: number,
  progress: Progress,
): void {
  replayer.feed(entries);
  while (replayer.inHand > 0) {
    const slice = replayer.slice(until);
    for (const output of slice.outputs) {
      if (output.kind === 'console') progress.onConsole(output.bytes);
      if (output.kind === 'exit') progress.exit = output.status;
    }
    if (slice.stop.why === 'budget' && slice.count >= until) return;
  }
}

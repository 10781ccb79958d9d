/** `vmft replay`: run a recording again, and hold it against itself. */
import { Command } from 'commander';
import { wholeNumber } from './arguments.ts';
import { STATUS } from './exit-status.ts';
import { counted, note, printJson } from './print.ts';

interface ReplayOptions {
  until?: number;
  fromCheckpoint?: number;
  engine: string;
  json?: boolean;
  quiet?: boolean;
}

async function replay(path: string, options: ReplayOptions): Promise<void> {
  const [{ readRecording }, { makeHasher }, { replayRecording }, { Divergence }] =
    await Promise.all([
      import('./recording.ts'),
      import('../host/hasher.ts'),
      import('./replay-recording.ts'),
      import('../hypervisor/divergence.ts'),
    ]);
  const hasher = await makeHasher();
  const file = readRecording(path, hasher);
  const { until, fromCheckpoint } = options;
  const show = !options.json && !options.quiet;
  try {
    const result = replayRecording(file, hasher, {
      ...(until === undefined ? {} : { until }),
      ...(fromCheckpoint === undefined ? {} : { fromCheckpoint }),
      onConsole: (bytes) => show && process.stdout.write(bytes),
    });
    if (options.json) printJson({ ...result, damage: file.damage?.message ?? null });
    else
      note(
        `${counted(result.entries, 'entry')} and ${counted(result.digests, 'digest')} agree over ` +
          `${counted(result.instructions, 'instruction')}; state ${result.stateDigest}`,
      );
  } catch (error) {
    if (!(error instanceof Divergence)) throw error;
    if (options.json) printJson({ divergence: error.details });
    note(error.message);
    process.exitCode = STATUS.violated;
  }
  if (file.damage) {
    note(`${path}: ${file.damage.message}`);
    process.exitCode ??= STATUS.badInput;
  }
}

/** Defines `vmft replay`. */
export function replayCommand(): Command {
  return new Command('replay')
    .description('run a recording again and compare every digest and output')
    .argument('RUN.vmlog', 'the recording')
    .option('--until <N>', 'stop at this instruction count', wholeNumber)
    .option('--from-checkpoint <K>', 'begin at the K-th checkpoint, counted from 1', wholeNumber)
    .option('--quiet', 'do not show the guest’s console')
    .option('--json', 'the outcome as one JSON document')
    .addHelpText(
      'after',
      `
A replay that differs ends with status 1 and says at which instruction, in which field first, and
which kind of input would explain it.

Examples:
  vmft replay dice.vmlog
  vmft replay clock.vmlog --until 5000
  vmft replay clock.vmlog --from-checkpoint 2`,
    )
    .action(replay);
}

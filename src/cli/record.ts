/** `vmft record`: run a guest and keep every input. */
import { Command } from 'commander';
import { VmftError } from '../base/errors.ts';
import { isSameFile } from '../host/files.ts';
import type { RecordingFile as Recording } from '../host/recording-file.ts';
import { wholeNumber } from './arguments.ts';
import { addGuestOptions, type GuestOptions } from './guest-options.ts';
import { counted, note, printJson } from './print.ts';

interface RecordOptions extends GuestOptions {
  output: string;
  digestEvery: number;
  checkpointEvery?: number;
}

/** A recording must not take the place of what it is made from. */
function refuseOwnInput(image: string, { output, disk = [] }: RecordOptions): void {
  const input = [image, ...disk].find((path) => isSameFile(path, output));
  if (input !== undefined)
    throw new VmftError('usage', `-o ${output}: it would overwrite ${input}; name another file`);
}

async function record(image: string, options: RecordOptions): Promise<void> {
  const [{ conclude, describeRun, execute, prepare }, { RecordingFile }] = await Promise.all([
    import('./run-guest.ts'),
    import('../host/recording-file.ts'),
  ]);
  for (const name of ['digestEvery', 'checkpointEvery'] as const)
    if (options[name] === 0)
      throw new VmftError(
        'usage',
        `${name === 'digestEvery' ? '--digest' : '--checkpoint'}-every 0: 1 at least`,
      );
  refuseOwnInput(image, options);
  let file: Recording | undefined;
  const prepared = await prepare(image, options, {
    digestEvery: options.digestEvery,
    onSlice: (slice) => file?.add(slice, prepared.run.recorder),
  });
  const { time, nsPerInstruction, seed, checkpointEvery } = options;
  const settings = { time, ...(time === 'virtual' ? { nsPerInstruction, seed } : {}) };
  const header = { machine: prepared.config, image: prepared.image, settings };
  const checkpoints = checkpointEvery === undefined ? {} : { checkpointEvery };
  file = await RecordingFile.create(options.output, header, checkpoints).catch((error: unknown) => {
    prepared.finish();
    throw error;
  });
  const report = await execute(prepared);
  const { entries, bytes } = file.end(prepared.run.recorder, report.end);
  if (options.json)
    printJson({ ...describeRun(prepared, report), output: options.output, entries, bytes });
  else
    note(
      `${options.output}: ${counted(entries, 'entry')} over ` +
        `${counted(prepared.machine.count, 'instruction')}, ${counted(bytes, 'byte')}`,
    );
  process.exitCode = conclude(report.end, options, prepared.machine.count);
}

/** Defines `vmft record`. */
export function recordCommand(): Command {
  const command = new Command('record')
    .description('run a guest as `run` does, and keep every input in a file that replays anywhere')
    .argument('IMAGE', '.asm, ELF32 or flat binary, or the name of a shipped guest')
    .requiredOption('-o, --output <RUN.vmlog>', 'the recording');
  return addGuestOptions(command)
    .option('--digest-every <N>', 'instructions between digests', wholeNumber, 10_000_000)
    .option('--checkpoint-every <N>', 'instructions between checkpoints', wholeNumber)
    .addHelpText(
      'after',
      `
Examples:
  vmft record dice -o dice.vmlog
  vmft record clock -o clock.vmlog --checkpoint-every 2000
  vmft record kv -o kv.vmlog --publish 7000:7/udp`,
    )
    .action(record);
}

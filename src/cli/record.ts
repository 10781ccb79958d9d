/** `vmft record`: run a guest and keep every input. */
import { Command } from 'commander';
import { VmftError } from '../base/errors.ts';
import { wholeNumber } from './arguments.ts';
import { addGuestOptions, type GuestOptions } from './guest-options.ts';
import { grouped, note, printJson } from './print.ts';

interface RecordOptions extends GuestOptions {
  output: string;
  digestEvery: number;
  checkpointEvery?: number;
}

async function record(image: string, options: RecordOptions): Promise<void> {
  const [{ conclude, describeRun, execute, prepare }, { RecordingFile }] = await Promise.all([
    import('./run-guest.ts'),
    import('../host/recording-file.ts'),
  ]);
  if (options.digestEvery < 1) throw new VmftError('usage', '--digest-every: 1 at least');
  const file = new RecordingFile(options.output);
  const prepared = await prepare(image, options, {
    digestEvery: options.digestEvery,
    onSlice: (slice) => file.add(slice, prepared.run.recorder),
  }).catch((error: unknown) => {
    file.discard();
    throw error;
  });
  const { time, nsPerInstruction, seed } = options;
  const settings = { time, ...(time === 'virtual' ? { nsPerInstruction, seed } : {}) };
  await file.begin(
    { machine: prepared.config, image: prepared.image, settings },
    options.checkpointEvery ?? Number.POSITIVE_INFINITY,
  );
  const report = await execute(prepared);
  const { entries, bytes } = file.end(prepared.run.recorder, report.end);
  if (options.json)
    printJson({ ...describeRun(prepared, report), output: options.output, entries, bytes });
  else
    note(
      `${options.output}: ${grouped(entries)} entries over ` +
        `${grouped(prepared.machine.count)} instructions, ${grouped(bytes)} bytes`,
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
  vmft record clock -o clock.vmlog --checkpoint-every 1000000
  vmft record kv -o kv.vmlog --publish 7000:7/udp`,
    )
    .action(record);
}

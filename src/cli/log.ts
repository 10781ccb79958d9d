/** `vmft log`: what is in a recording. */
import { Command } from 'commander';
import { VmftError } from '../base/errors.ts';
import { nearest } from '../base/suggest.ts';
import type { LogEntry } from '../hypervisor/entry.ts';
import type { LogFile } from '../hypervisor/log-file.ts';
import { wholeNumber } from './arguments.ts';
import { STATUS } from './exit-status.ts';
import { counted, grouped, note, print, printJson } from './print.ts';

interface ListOptions {
  kind?: string;
  from?: number;
  to?: number;
  stats?: boolean;
  json?: boolean;
  jsonl?: boolean;
}

async function open(path: string): Promise<LogFile> {
  const [{ readRecording }, { makeHasher }] = await Promise.all([
    import('./recording.ts'),
    import('../host/hasher.ts'),
  ]);
  return readRecording(path, await makeHasher());
}

function reportDamage(path: string, file: LogFile): void {
  if (!file.damage) return;
  note(`${path}: ${file.damage.message}`);
  process.exitCode = STATUS.badInput;
}

async function list(path: string, options: ListOptions): Promise<void> {
  const { ENTRY_KINDS, kindOf } = await import('../hypervisor/log-statistics.ts');
  const file = await open(path);
  const { kind, from = 0, to = Number.POSITIVE_INFINITY } = options;
  if (kind !== undefined && !(ENTRY_KINDS as readonly string[]).includes(kind)) {
    const near = nearest(kind, ENTRY_KINDS);
    throw new VmftError(
      'usage',
      `--kind ${kind}: there is no such kind; ` +
        (near ? `did you mean ${near}?` : `kinds are ${ENTRY_KINDS.join(', ')}`),
    );
  }
  const entries = file.entries.filter(
    (entry) =>
      entry.count >= from && entry.count <= to && (kind === undefined || kindOf(entry) === kind),
  );
  if (options.stats) await printStatistics(file, entries, options.json === true);
  else await printEntries(entries, options);
  reportDamage(path, file);
}

async function printEntries(entries: readonly LogEntry[], options: ListOptions): Promise<void> {
  const { describeEntry } = await import('../hypervisor/divergence.ts');
  const { jsonEntry } = await import('./json-entry.ts');
  if (options.json) return printJson(entries.map(jsonEntry));
  for (const entry of entries)
    print(options.jsonl ? JSON.stringify(jsonEntry(entry)) : describeEntry(entry));
}

async function printStatistics(
  file: LogFile,
  entries: readonly LogEntry[],
  json: boolean,
): Promise<void> {
  const { logStatistics } = await import('../hypervisor/log-statistics.ts');
  const kinds = logStatistics(entries);
  const bytes = kinds.reduce((sum, kind) => sum + kind.bytes, 0);
  const total = { entries: entries.length, bytes, averageBytes: bytes / (entries.length || 1) };
  const { header, checkpoints, end } = file;
  if (json)
    return printJson({
      machine: header.machine,
      settings: header.settings,
      imageBytes: header.image.length,
      checkpoints: checkpoints.length,
      end: end ?? null,
      kinds,
      total,
    });
  const row = (name: string, n: number, size: number, average: number): void =>
    print(
      `${name.padEnd(10)} ${grouped(n).padStart(12)} ${grouped(size).padStart(14)} ` +
        average.toFixed(1).padStart(9),
    );
  print('kind            entries          bytes   average');
  for (const kind of kinds) row(kind.kind, kind.entries, kind.bytes, kind.averageBytes);
  row('all', total.entries, total.bytes, total.averageBytes);
  print(
    `${counted(header.image.length, 'byte')} of image, ` +
      `${counted(checkpoints.length, 'checkpoint')}, ` +
      (end ? `${counted(end.count, 'instruction')}, ended by ${end.reason}` : 'no end'),
  );
}

async function verify(path: string): Promise<void> {
  const { auditLog } = await import('../hypervisor/log-audit.ts');
  const file = await open(path);
  reportDamage(path, file);
  if (file.damage) return;
  const wrong = auditLog(file.entries);
  if (wrong === undefined) {
    print(`${path}: ${counted(file.entries.length, 'entry')}, all sound`);
  } else {
    print(`${path}: ${wrong}`);
    process.exitCode = STATUS.violated;
  }
}

async function diff(left: string, right: string, options: { json?: boolean }): Promise<void> {
  const { diffLogs } = await import('../hypervisor/log-difference.ts');
  const files = [await open(left), await open(right)] as const;
  const difference = diffLogs(...files);
  if (options.json) printJson(difference ?? null);
  else if (difference) {
    const width = Math.max(left.length, right.length);
    print(`the recordings differ at ${difference.where}`);
    print(`  ${left.padEnd(width)}  ${difference.left}`);
    print(`  ${right.padEnd(width)}  ${difference.right}`);
  } else {
    const whole = files.every(({ damage }) => damage === undefined);
    print(`the recordings replay alike${whole ? '' : ', as far as they go'}`);
  }
  if (difference) process.exitCode = STATUS.violated;
  reportDamage(left, files[0]);
  reportDamage(right, files[1]);
}

/** Defines `vmft log`. */
export function logCommand(): Command {
  const command = new Command('log')
    .description('list, count and measure the entries of a recording')
    .argument('[RUN.vmlog]', 'the recording')
    .option('--kind <KIND>', 'only entries of this kind: tick, packet, tsc, output, digest, …')
    .option('--from <N>', 'from this instruction count', wholeNumber)
    .option('--to <N>', 'up to this instruction count', wholeNumber)
    .option('--stats', 'how many of each kind, and their size')
    .option('--json', 'as one JSON document')
    .option('--jsonl', 'one JSON line per entry')
    .addHelpText(
      'after',
      `
Examples:
  vmft log dice.vmlog --kind tsc --to 100000
  vmft log dice.vmlog --stats
  vmft log verify dice.vmlog
  vmft log diff a.vmlog b.vmlog`,
    )
    .allowExcessArguments()
    .action((path: string | undefined, options: ListOptions, self: Command) => {
      if (path === undefined)
        throw new VmftError('usage', 'log: name a recording, as in "vmft log dice.vmlog"');
      if (self.args.length > 1) {
        const near = nearest(path, ['verify', 'diff']) ?? 'verify or vmft log diff';
        throw new VmftError('usage', `log ${self.args.join(' ')}: did you mean vmft log ${near}?`);
      }
      return list(path, options);
    });
  command
    .command('verify')
    .description('check that a recording is whole and that its entries agree with each other')
    .argument('RUN.vmlog', 'the recording')
    .addHelpText('after', '\nExample:\n  vmft log verify dice.vmlog')
    .action(verify);
  command
    .command('diff')
    .description('name the first difference of two recordings')
    .argument('A', 'a recording')
    .argument('B', 'another')
    .option('--json', 'as one JSON document')
    .addHelpText('after', '\nExample:\n  vmft log diff a.vmlog b.vmlog')
    .action(diff);
  return command;
}

/**
 * What the server commands, `vmft host`, `disk` and `gateway`, have in common: the configuration,
 * the log, and an end that is logged whatever causes it.
 */
import { Option } from 'commander';
import { VmftError } from '../base/errors.ts';
import { readConfig } from '../host/config-file.ts';
import type { GroupConfig } from '../host/group-config.ts';
import { LOG_FORMATS, Log, type LogFormat } from '../host/log.ts';
import { STATUS, statusOf } from './exit-status.ts';

/** Options of every server command. */
export interface ServeOptions {
  readonly config: string;
  readonly listen?: string;
  readonly logFormat: LogFormat;
}

/** The option `--log-format`. */
export const logFormatOption = (): Option =>
  new Option('--log-format <FORMAT>', 'lines of the log: text, or JSON objects')
    .choices(LOG_FORMATS)
    .default('text');

/** Runs the process `part` of the machine that the configuration describes. */
export async function serve(
  part: string,
  { config: file, logFormat: format }: ServeOptions,
  run: (config: GroupConfig, log: Log) => Promise<void>,
): Promise<void> {
  let log = new Log({ format, part, machine: '' });
  const fail = (error: unknown): void => {
    log.error(wordsOf(error));
    process.exit(error instanceof VmftError ? statusOf(error.code) : STATUS.violated);
  };
  process.on('uncaughtException', fail);
  try {
    const config = readConfig(file);
    log = new Log({ format, part, machine: config.machine });
    await run(config, log);
  } catch (error) {
    fail(error);
  }
}

function wordsOf(error: unknown): string {
  if (error instanceof VmftError) return error.message;
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `this is a bug in vmft, please report it: ${what}`;
}

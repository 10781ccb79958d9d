/**
 * What the server commands, `vmft host`, `disk` and `gateway`, have in common: the configuration,
 * the log, and an end that is logged whatever causes it.
 */
import { InvalidArgumentError, Option } from 'commander';
import { VmftError } from '../base/errors.ts';
import { readConfig } from '../host/config-file.ts';
import type { GroupConfig } from '../host/group-config.ts';
import { LOG_FORMATS, Log, type LogFormat } from '../host/log.ts';
import { metricsPlaceOf } from '../host/part.ts';
import { type HostPort, parseHostPort } from '../host/secure-socket.ts';
import { STATUS, statusOf } from './exit-status.ts';

/** Options of every server command. */
export interface ServeOptions {
  readonly config: string;
  readonly listen?: string;
  readonly logFormat: LogFormat;
  readonly metrics?: HostPort;
}

/** The option `--log-format`. */
export const logFormatOption = (): Option =>
  new Option('--log-format <FORMAT>', 'lines of the log: text, or JSON objects')
    .choices(LOG_FORMATS)
    .default('text');

/** The option `--metrics`; `what` is told there. */
export const metricsOption = (what = 'tell metrics and health there by HTTP'): Option =>
  new Option('--metrics <[HOST:]PORT>', `${what} (default: off)`).argParser(metricsPlace);

function metricsPlace(text: string): HostPort {
  try {
    return parseHostPort(/^\d+$/.test(text) ? `127.0.0.1:${text}` : text);
  } catch (error) {
    if (!(error instanceof VmftError)) throw error;
    throw new InvalidArgumentError('Write PORT or HOST:PORT, such as 9100.');
  }
}

/** Runs the process `part` of the machine that the configuration describes. */
export async function serve(
  part: string,
  { config: file, logFormat: format, metrics }: ServeOptions,
  run: (config: GroupConfig, log: Log) => Promise<void>,
): Promise<void> {
  let log = new Log({ format, part, machine: '' });
  const fail = (error: unknown): void => {
    log.error(wordsOf(error));
    process.exit(error instanceof VmftError ? statusOf(error.code) : STATUS.violated);
  };
  process.on('uncaughtException', fail);
  try {
    const whole = readConfig(file);
    const place = metrics ?? metricsPlaceOf(whole, part);
    const config = place ? { ...whole, metrics: place } : whole;
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

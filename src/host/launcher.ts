/**
 * The birth of a machine's processes. After it nobody is anybody's parent: each process survives
 * the death of every other and that of the launcher.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { VmftError } from '../base/errors.ts';
import { writeFailure } from './files.ts';
import type { GroupConfig } from './group-config.ts';
import { errorOf, type LogFormat } from './log.ts';
import { pause, stopMachine } from './machine-control.ts';
import { type MachineStatus, type PartStatus, statusOf, workersOf } from './machine-status.ts';
import { DISK, GATEWAY, partFiles, SUPERVISOR } from './part.ts';
import { isAlive, readMark, writeMark } from './process-file.ts';

/** Time between two looks at processes that begin, in ms. */
const LOOK_MS = 50;

/** A process that was started, until it is left to itself. */
interface Birth {
  readonly name: string;
  readonly child: ChildProcess;
}

/** What the processes of a machine are started by. */
export interface Launch {
  /** The program that runs them. */
  readonly program: string;
  /** The file that `config` was read from. */
  readonly file: string;
  readonly config: GroupConfig;
  readonly logFormat: LogFormat;
}

/** Starts the process `name` by the arguments of a `vmft` command. */
function start(launch: Launch, name: string, words: readonly string[]): Birth {
  const { program, file, config, logFormat } = launch;
  const { log: path, mark } = partFiles(config.folder, name);
  const log = openLog(path);
  const args = [program, ...words, '--config', file, '--log-format', logFormat];
  const child = spawn(process.execPath, args, {
    cwd: config.folder,
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  // The system may have no room for another process: then this one counts as dead.
  child.on('error', () => {});
  // From its first moment it can be found, and ended.
  if (child.pid !== undefined) writeMark(mark, child.pid);
  child.unref();
  return { name, child };
}

function openLog(path: string): number {
  try {
    return openSync(path, 'a', 0o600);
  } catch (error) {
    throw writeFailure(path, 'log', error);
  }
}

/** Whether a process that was started has ended without having done its work. */
const hasFailed = ({ child: { pid, exitCode } }: Birth): boolean =>
  pid === undefined || (exitCode ?? 0) > 0;

/** Whether it has ended, be it that its guest has, or that somebody has ended it. */
const hasEnded = ({ child: { exitCode, signalCode } }: Birth): boolean =>
  exitCode !== null || signalCode !== null;

/**
 * Starts all processes of a machine that has just been set up, with a supervisor or without, and
 * waits until clients can connect and the guest is protected. VmftError 'environment', and nothing
 * left running, where one of them cannot begin.
 */
export async function launch(machine: Launch, supervised: boolean): Promise<void> {
  const { config } = machine;
  const births = [
    ...(config.disks.length > 0 ? [start(machine, DISK, [DISK])] : []),
    start(machine, GATEWAY, [GATEWAY]),
    ...config.hosts.map(({ name }) => start(machine, name, ['host', name, '--cold-start'])),
    // Last: whom it shall look after has a mark by now.
    ...(supervised ? [start(machine, SUPERVISOR, [SUPERVISOR])] : []),
  ];
  for (;;) {
    const status = await statusOf(config);
    const failed = births.find(hasFailed);
    if (failed) {
      await stopMachine(config);
      throw new VmftError(
        'environment',
        `${failed.name} could not begin: ${lastWords(config, failed.name)}`,
      );
    }
    if (isReady(status)) return;
    // The guest may have ended by now, and somebody may have ended or hurt the machine.
    const isBorn = (birth: Birth): boolean => hasEnded(birth) || answers(status, birth.name);
    if (births.some(hasEnded) && births.every(isBorn)) return;
    await pause(LOOK_MS);
  }
}

/**
 * Starts a process that has died anew: a host as an empty standby, the others as they were. One
 * that has been started meanwhile is left alone.
 */
export function restart(machine: Launch, name: string): void {
  const mark = readMark(partFiles(machine.config.folder, name).mark);
  if (mark && isAlive(mark)) return;
  start(machine, name, name === DISK || name === GATEWAY ? [name] : ['host', name]);
}

const partsOf = (status: MachineStatus): PartStatus[] => [
  ...workersOf(status),
  ...(status.supervisor ? [status.supervisor] : []),
];

const isReady = (status: MachineStatus): boolean =>
  partsOf(status).every((part) => part.isReady) &&
  status.replicas.some((replica) => replica.protected);

/** Whether the process `name` has begun its work; one that somebody has paused does not say. */
const answers = (status: MachineStatus, name: string): boolean =>
  partsOf(status).some((part) => part.name === name && (part.isReady || part.state === 'paused'));

/** Why a process has ended, as it said itself. */
function lastWords({ folder }: GroupConfig, name: string): string {
  const lines = readFileSync(partFiles(folder, name).log, 'utf8').trim().split('\n');
  return errorOf(lines) ?? (lines.at(-1) || `see ${partFiles(folder, name).log}`);
}

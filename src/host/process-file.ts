/**
 * Which process is which: the file `NAME.pid` in the folder of a machine holds the process's number
 * and when it was started, so that a number that the system has given to somebody else since is
 * told from it.
 */
import { readFileSync } from 'node:fs';
import { readIfThere, replaceWhole } from './durable-file.ts';
import { writeFailure } from './files.ts';

/** A process that has been started; it may be dead by now. */
export interface ProcessMark {
  readonly pid: number;
  /** When, in the words of the system; empty where it does not say. */
  readonly started: string;
}

/** How names of marks end. */
export const MARK_ENDING = '.pid';

/** Positions in /proc/PID/stat, counted from the field after the name. */
const THREADS_FIELD = 17;
const START_FIELD = 19;

/** The fields of /proc/PID/stat after the name; undefined where there is no such thing. */
function statOf(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

/** The mark of the process `pid` as it is now. */
export const markOf = (pid: number): ProcessMark => ({
  pid,
  started: statOf(pid)?.[START_FIELD] ?? '',
});

/**
 * Writes down that the process `pid` is the one of `path`. Nobody ever finds half a mark: a process
 * that seems to be missing is started again.
 */
export function writeMark(path: string, pid: number): void {
  try {
    replaceWhole(path, JSON.stringify(markOf(pid)));
  } catch (error) {
    throw writeFailure(path, 'file', error);
  }
}

/** The process of `path`, if one has ever been written down. */
export function readMark(path: string): ProcessMark | undefined {
  try {
    const text = readIfThere(path);
    return text === undefined ? undefined : (JSON.parse(text) as ProcessMark);
  } catch {
    // Whatever is there was not written by us.
    return undefined;
  }
}

/**
 * Whether the process is there: it runs, or has been stopped by a signal. One that has been killed
 * is there until its last thread is gone: so long it has its ports.
 */
export function isAlive({ pid, started }: ProcessMark): boolean {
  const stat = statOf(pid);
  if (stat) {
    const isGone = stat[0] === 'Z' && stat[THREADS_FIELD] === '1';
    return !isGone && stat[START_FIELD] === started;
  }
  try {
    process.kill(pid, 0);
    return started === '';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' && started === '';
  }
}

/** Whether the process has been stopped by a signal (SIGSTOP) and not resumed. */
export const isPaused = ({ pid }: ProcessMark): boolean => statOf(pid)?.[0] === 'T';

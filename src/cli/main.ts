#!/usr/bin/env node
/** The program: its command line, and what becomes of it when nobody takes what it says. */
import '../host/compiler.ts';
import { reasonOf } from '../host/files.ts';
import { runCommandLine } from './command-line.ts';
import { STATUS } from './exit-status.ts';

/** The reader of our output is gone, or its disk is full. */
function outputFailed(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') {
    process.stderr.write(`vmft: standard output: ${reasonOf(error)}\n`);
    process.exit(STATUS.environment);
  }
  // A reader that has seen enough (head, less) is no error; a run ends as if interrupted, and so
  // completes its recording.
  if (!process.emit('SIGTERM', 'SIGTERM')) process.exit();
}

process.stdout.on('error', outputFailed);
process.stderr.on('error', () => {});
await runCommandLine(process.argv.slice(2));

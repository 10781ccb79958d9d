/** Reads a recording for the commands that work on one. */

import type { Hasher } from '../base/digest.ts';
import { VmftError } from '../base/errors.ts';
import { readUserFile } from '../host/files.ts';
import { type LogFile, readLog } from '../hypervisor/log-file.ts';

/** The recording at `path`; errors name the file. */
export function readRecording(path: string, hasher: Hasher): LogFile {
  const bytes = readUserFile(path, 'recording', 'log');
  try {
    return readLog(bytes, hasher);
  } catch (error) {
    if (error instanceof VmftError) throw new VmftError(error.code, `${path}: ${error.message}`);
    throw error;
  }
}

/** Files of the user, with errors that say what to do. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { type ErrorCode, VmftError } from '../base/errors.ts';

/** Why a call of the operating system failed, in words. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'EISDIR':
      return 'it is a directory';
    case 'ENOTDIR':
      return 'a part of its path is not a directory';
    case 'ENOSPC':
      return 'no space is left on the device';
    case 'EADDRINUSE':
      return 'the port is in use';
    case 'EADDRNOTAVAIL':
      return 'this host has no such address';
    default:
      return code ?? message;
  }
}

/** Largest file that is read whole, in bytes. */
const MAX_FILE_BYTES = 2 ** 31 - 1;

/**
 * Reads the file at `path`, called `what` in errors; `code` says whose mistake a missing one is.
 */
export function readUserFile(path: string, what: string, code: ErrorCode): Uint8Array {
  try {
    const { size } = statSync(path);
    if (size > MAX_FILE_BYTES)
      throw new VmftError(code, `${what} ${path}: ${size} bytes are too many (limit 2 GiB)`);
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    if (error instanceof VmftError) throw error;
    throw new VmftError(code, `${what} ${path}: ${reasonOf(error)}`);
  }
}

/** Writes `bytes` to `path`, replacing what was there. VmftError 'environment' where that fails. */
export function writeUserFile(path: string, what: string, bytes: Uint8Array | string): void {
  try {
    writeFileSync(path, bytes);
  } catch (error) {
    throw new VmftError('environment', `${what} ${path}: ${reasonOf(error)}`);
  }
}

/** Whether `path` names a file (not a folder) that can be looked at. */
export function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** Names in the folder at `path`, in alphabetical order; throws where there is no such folder. */
export function namesIn(path: string): string[] {
  return readdirSync(path).sort();
}

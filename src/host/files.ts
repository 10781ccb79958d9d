/** Files of the user: read whole, written whole, with errors that say what to do. */
import {
  existsSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { relative } from 'node:path';
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
    case 'EROFS':
      return 'the file system is read-only';
    case 'ENAMETOOLONG':
      return 'the name is too long';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'there is no such host';
    case 'EISDIR':
      return 'it is a directory';
    case 'EEXIST':
      return 'there is something of that name already';
    case 'ENOTDIR':
      return 'a part of its path is not a directory';
    case 'ENOSPC':
      return 'no space is left on the device';
    case 'EADDRINUSE':
      return 'the port is in use';
    case 'ECONNREFUSED':
      return 'nobody listens there';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'the connection was broken';
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

/** The error that `path`, called `what`, could not be written. */
export function writeFailure(path: string, what: string, error: unknown): VmftError {
  const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
  const reason = missing ? 'there is no such directory' : reasonOf(error);
  return new VmftError('environment', `${what} ${path}: ${reason}`);
}

/** A file to write, called `what` in errors. */
export interface UserFile {
  readonly path: string;
  readonly what: string;
  readonly bytes: Uint8Array | string;
}

/**
 * Writes all of `files`, replacing what was there, or none: each is written beside its place and
 * takes it when all are whole. Devices and pipes are written as they are. VmftError 'environment'
 * where something fails.
 */
export function writeUserFiles(files: readonly UserFile[]): void {
  const drafts: { draft: string; place: string }[] = [];
  for (const { path, what, bytes } of files) {
    try {
      const place = existsSync(path) ? realpathSync(path) : path;
      const former = statSync(place, { throwIfNoEntry: false });
      if (former && !former.isFile()) {
        writeFileSync(place, bytes);
        continue;
      }
      const draft = `${place}.${process.pid}.tmp`;
      drafts.push({ draft, place });
      writeFileSync(draft, bytes, { mode: former?.mode ?? 0o666 });
    } catch (error) {
      for (const { draft } of drafts) rmSync(draft, { force: true });
      throw writeFailure(path, what, error);
    }
  }
  for (const { draft, place } of drafts) renameSync(draft, place);
}

/** Whether both paths lead to one file. */
export function isSameFile(a: string, b: string): boolean {
  return existsSync(a) && existsSync(b) && realpathSync(a) === realpathSync(b);
}

/** Whether `path` names a file (not a folder) that can be looked at. */
export function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** Names in the folder at `path`, in alphabetical order; throws where there is no such folder. */
export function namesIn(path: string): string[] {
  return readdirSync(path).sort();
}

/**
 * The shorter of `path` and the way there from the working directory: the path of a socket has at
 * most 107 bytes, so the processes of a machine work in its folder.
 */
export function shortPath(path: string): string {
  const way = relative('', path);
  return way.length < path.length ? way : path;
}

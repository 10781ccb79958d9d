/**
 * Files that are no guests but might be taken for flat binaries, which have no mark of their own:
 * they are refused by name, unless the user says with a load address that it is one.
 */
import { VmftError } from '../base/errors.ts';

/** First bytes (Latin-1), and what a file that begins with them is. */
const SIGNATURES: readonly (readonly [string, string])[] = [
  ['#!', 'a script'],
  ['MZ', 'a DOS or Windows program'],
  ['VMFTLOG', 'a recording, for "vmft replay"'],
  ['VMFTSNAP', 'a snapshot of a machine, for "vmft run"'],
  ['\x1f\x8b', 'compressed by gzip'],
  ['\xfd7zXZ\0', 'compressed by xz'],
  ['\x28\xb5\x2f\xfd', 'compressed by zstd'],
  ['BZh', 'compressed by bzip2'],
  ['PK\x03\x04', 'a zip archive'],
  ['!<arch>\n', 'a library of object files; link them to an executable'],
  ['\0asm', 'a WebAssembly module'],
  ['\xcf\xfa\xed\xfe', 'a macOS program'],
  ['\xca\xfe\xba\xbe', 'a macOS program or a Java class'],
];

/** Bytes that are looked at to tell a text. */
const TEXT_SAMPLE = 4096;
const TEXT = /^[\t\n\r\x20-\x7e]{8,}$/;

/** @throws VmftError 'image' if the file at `path` with these bytes is no guest */
export function refuseForeign(path: string, bytes: Uint8Array): void {
  const start = String.fromCharCode(...bytes.subarray(0, TEXT_SAMPLE));
  const what =
    SIGNATURES.find(([signature]) => start.startsWith(signature))?.[1] ??
    (TEXT.test(start) ? 'a text; a source must be named .asm' : undefined);
  if (what === undefined) return;
  throw new VmftError(
    'image',
    `image ${path}: it is ${what}; guests are ELF32 executables, .asm sources and flat binaries ` +
      '(--load-address 0x100000 says that it is one all the same)',
  );
}

/**
 * A machine that was kept as it is, as a file (.vmsnap), with everything that it takes to go on
 * with it anywhere. Pure: the caller does the reading and writing.
 *
 *   file = "VMFTSNAP", u16 version, section of the header (log-header.ts) and of the checkpoint
 *          (snapshot.ts)
 */
import { ByteReader, BytesError, ByteWriter } from '../base/bytes.ts';
import type { Hasher } from '../base/digest.ts';
import { VmftError } from '../base/errors.ts';
import { decodeHeader, encodeHeader, type LogHeader } from './log-header.ts';
import type { Checkpoint } from './log-point.ts';
import { encodeSection, readSection, SectionKind } from './section.ts';
import { decodeCheckpoint, encodeCheckpoint } from './snapshot.ts';

/** Version of the format that this code reads and writes. */
export const SNAPSHOT_VERSION = 1;

const MAGIC = new TextEncoder().encode('VMFTSNAP');

/** A machine and what it is made of. */
export interface SnapshotFile {
  readonly header: LogHeader;
  readonly checkpoint: Checkpoint;
}

/** Whether `bytes` claim to be a snapshot. */
export const isSnapshotFile = (bytes: Uint8Array): boolean =>
  bytes.length >= MAGIC.length && MAGIC.every((byte, index) => bytes[index] === byte);

/** The file as bytes. */
export function encodeSnapshotFile(file: SnapshotFile, hasher: Hasher): Uint8Array {
  const header = encodeSection(SectionKind.Header, encodeHeader(file.header), hasher);
  const machine = encodeCheckpoint(file.checkpoint);
  const checkpoint = encodeSection(SectionKind.Checkpoint, machine, hasher);
  return new ByteWriter().raw(MAGIC).u16(SNAPSHOT_VERSION).raw(header).raw(checkpoint).take();
}

/** The inverse of {@link encodeSnapshotFile}; VmftError 'input' for bytes that are none. */
export function decodeSnapshotFile(bytes: Uint8Array, hasher: Hasher): SnapshotFile {
  try {
    const reader = new ByteReader(bytes);
    if (!isSnapshotFile(bytes)) throw new BytesError('it does not begin with "VMFTSNAP"', 0);
    reader.raw(MAGIC.length);
    const version = reader.u16();
    if (version !== SNAPSHOT_VERSION) {
      throw new BytesError(`version ${version}, expected ${SNAPSHOT_VERSION}`, MAGIC.length);
    }
    const header = readSection(bytes, reader.offset, hasher);
    const checkpoint = readSection(bytes, header.end, hasher);
    if (checkpoint.end < bytes.length) throw new BytesError('bytes behind its end', checkpoint.end);
    return {
      header: decodeHeader(header.payload),
      checkpoint: decodeCheckpoint(checkpoint.payload),
    };
  } catch (error) {
    if (!(error instanceof BytesError)) throw error;
    throw new VmftError('input', `no whole snapshot of a machine: ${error.message}`);
  }
}

/**
 * Writes a recording while it is made, in whole sections, so that what a killed recorder leaves
 * replays. A section is written when there are entries enough for it, and in real time also when
 * they have waited for a while; in virtual time equal runs give equal files.
 */
import { closeSync, existsSync, ftruncateSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { VmftError } from '../base/errors.ts';
import type { LogEntry, Slice } from '../hypervisor/entry.ts';
import { LogWriter } from '../hypervisor/log-file.ts';
import type { LogHeader } from '../hypervisor/log-header.ts';
import type { Recorder } from '../hypervisor/recorder.ts';
import { writeFailure } from './files.ts';
import type { RunEnd } from './guest-run.ts';
import { makeHasher } from './hasher.ts';

/** Entries gathered before they are written as one section. */
const ENTRIES_PER_SECTION = 4096;
/** Instructions after which entries are written although they are fewer. */
const INSTRUCTIONS_PER_SECTION = 10_000_000;
/** Milliseconds that entries of a run in real time wait at most. */
const MAX_WAIT_MS = 100;

/** How a recording is made. */
export interface RecordingOptions {
  /** Instructions between checkpoints; none if not given. */
  readonly checkpointEvery?: number;
}

export class RecordingFile {
  readonly #path: string;
  readonly #isNew: boolean;
  readonly #fd: number;
  readonly #writer: LogWriter;
  readonly #isRealTime: boolean;
  readonly #checkpointEvery: number;
  #checkpointAt: number;
  #pending: LogEntry[] = [];
  #flushTimer: NodeJS.Timeout | undefined;
  #flushAt = INSTRUCTIONS_PER_SECTION;
  /** Why the timer could not write. */
  #failed: unknown;
  #entries = 0;
  /** Entries in whole sections written. */
  #kept = 0;
  /** Bytes of whole sections written. */
  #bytes = 0;

  private constructor(
    path: string,
    header: LogHeader,
    writer: LogWriter,
    { checkpointEvery = Number.POSITIVE_INFINITY }: RecordingOptions,
  ) {
    this.#path = path;
    this.#writer = writer;
    this.#isRealTime = header.settings.time === 'real';
    this.#checkpointEvery = checkpointEvery;
    this.#checkpointAt = checkpointEvery;
    this.#isNew = !existsSync(path);
    try {
      this.#fd = openSync(path, 'w');
    } catch (error) {
      throw writeFailure(path, 'recording', error);
    }
    this.#write(writer.begin(header));
  }

  /** Creates the file with all that comes before the first entry; VmftError 'environment'. */
  static async create(
    path: string,
    header: LogHeader,
    options: RecordingOptions,
  ): Promise<RecordingFile> {
    return new RecordingFile(path, header, new LogWriter(await makeHasher()), options);
  }

  /** Keeps the entries of a slice, and a checkpoint where one is due. */
  add(slice: Slice, recorder: Recorder): void {
    if (this.#failed !== undefined) throw this.#failed;
    for (const entry of slice.entries) this.#pending.push(entry);
    this.#entries += slice.entries.length;
    if (slice.count >= this.#checkpointAt) {
      this.#flush();
      const machine = recorder.machine.snapshot();
      this.#write(this.#writer.checkpoint({ point: recorder.point, machine }));
      this.#checkpointAt = slice.count + this.#checkpointEvery;
    } else if (this.#pending.length >= ENTRIES_PER_SECTION || slice.count >= this.#flushAt) {
      this.#flush();
      this.#flushAt = slice.count + INSTRUCTIONS_PER_SECTION;
    } else if (this.#isRealTime && this.#pending.length > 0) {
      this.#flushTimer ??= setTimeout(() => this.#flushLater(), MAX_WAIT_MS).unref();
    }
  }

  #flushLater(): void {
    try {
      this.#flush();
    } catch (error) {
      this.#failed = error;
    }
  }

  /** Completes the file. */
  end(recorder: Recorder, end: RunEnd): { entries: number; bytes: number } {
    this.#flush();
    const { machine } = recorder;
    const reason = end.why === 'exit' || end.why === 'fault' ? end.why : 'stopped';
    const status = end.why === 'exit' ? end.status : end.why === 'fault' ? end.vector : 0;
    const { count } = machine;
    this.#write(this.#writer.end({ count, digest: machine.digest(), reason, status }));
    closeSync(this.#fd);
    return { entries: this.#entries, bytes: this.#bytes };
  }

  #flush(): void {
    clearTimeout(this.#flushTimer);
    this.#flushTimer = undefined;
    const entries = this.#pending;
    this.#pending = [];
    for (let at = 0; at < entries.length; at += ENTRIES_PER_SECTION) {
      const section = entries.slice(at, at + ENTRIES_PER_SECTION);
      this.#write(this.#writer.entries(section));
      this.#kept += section.length;
    }
  }

  #write(bytes: Uint8Array): void {
    try {
      for (let done = 0; done < bytes.length; )
        done += writeSync(this.#fd, bytes, done, bytes.length - done);
    } catch (error) {
      this.#abandon();
      const failure = writeFailure(this.#path, 'recording', error);
      if (this.#kept === 0) throw failure;
      const rest = `; its first ${this.#kept} entries are kept and replay`;
      throw new VmftError(failure.code, `${failure.message}${rest}`);
    }
    this.#bytes += bytes.length;
  }

  /** Leaves the whole sections, which replay, or nothing if they hold no entries. */
  #abandon(): void {
    try {
      ftruncateSync(this.#fd, this.#bytes);
      closeSync(this.#fd);
      if (this.#isNew && this.#kept === 0) unlinkSync(this.#path);
    } catch {
      // A device cannot be cut to a length, and the first failure is the one to tell.
    }
  }
}

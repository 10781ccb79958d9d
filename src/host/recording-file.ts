/** Writes a recording while it is made, so that what a killed recorder leaves replays. */
import { closeSync, existsSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { VmftError } from '../base/errors.ts';
import type { LogEntry, Slice } from '../hypervisor/entry.ts';
import { LogWriter } from '../hypervisor/log-file.ts';
import type { LogHeader } from '../hypervisor/log-header.ts';
import type { Recorder } from '../hypervisor/recorder.ts';
import { reasonOf } from './files.ts';
import type { RunEnd } from './guest-run.ts';
import { makeHasher } from './hasher.ts';

/** Entries gathered before they are written as one section. */
const ENTRIES_PER_SECTION = 4096;

export class RecordingFile {
  readonly #path: string;
  readonly #isNew: boolean;
  readonly #fd: number;
  #writer: LogWriter | undefined;
  #pending: LogEntry[] = [];
  #checkpointEvery = Number.POSITIVE_INFINITY;
  #checkpointAt = 0;
  #entries = 0;
  #bytes = 0;

  /** Opens the file; VmftError 'environment' where that fails. */
  constructor(path: string) {
    this.#path = path;
    this.#isNew = !existsSync(path);
    try {
      this.#fd = openSync(path, 'w');
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** Writes what comes before the first entry. */
  async begin(header: LogHeader, checkpointEvery: number): Promise<void> {
    this.#writer = new LogWriter(await makeHasher());
    this.#checkpointEvery = checkpointEvery;
    this.#checkpointAt = checkpointEvery;
    this.#write(this.#writer.begin(header));
  }

  /** Keeps the entries of a slice, and a checkpoint where one is due. */
  add(slice: Slice, recorder: Recorder): void {
    for (const entry of slice.entries) this.#pending.push(entry);
    this.#entries += slice.entries.length;
    if (slice.count >= this.#checkpointAt) {
      this.#flush();
      const machine = recorder.machine.snapshot();
      this.#write(this.#writer!.checkpoint({ point: recorder.point, machine }));
      this.#checkpointAt = slice.count + this.#checkpointEvery;
    } else if (this.#pending.length >= ENTRIES_PER_SECTION) {
      this.#flush();
    }
  }

  /** Completes the file. */
  end(recorder: Recorder, end: RunEnd): { entries: number; bytes: number } {
    this.#flush();
    const { machine } = recorder;
    const reason = end.why === 'exit' || end.why === 'fault' ? end.why : 'stopped';
    const status = end.why === 'exit' ? end.status : end.why === 'fault' ? end.vector : 0;
    const { count } = machine;
    this.#write(this.#writer!.end({ count, digest: machine.digest(), reason, status }));
    closeSync(this.#fd);
    return { entries: this.#entries, bytes: this.#bytes };
  }

  /** The run never began: leaves no empty file behind. */
  discard(): void {
    closeSync(this.#fd);
    if (this.#isNew) unlinkSync(this.#path);
  }

  #flush(): void {
    this.#write(this.#writer!.entries(this.#pending));
    this.#pending = [];
  }

  #write(bytes: Uint8Array): void {
    try {
      for (let done = 0; done < bytes.length; )
        done += writeSync(this.#fd, bytes, done, bytes.length - done);
    } catch (error) {
      throw this.#failure(error);
    }
    this.#bytes += bytes.length;
  }

  #failure(error: unknown): VmftError {
    return new VmftError('environment', `recording ${this.#path}: ${reasonOf(error)}`);
  }
}

/**
 * A capture file that grows while frames pass. Frames are gathered for a moment, so that a busy
 * wire is not slowed down by writing; a crash loses that moment.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { pcapHeader, pcapRecord } from '../net/pcap.ts';
import { writeFailure } from './files.ts';

const FLUSH_BYTES = 256 * 1024;
const FLUSH_MS = 100;

export class PcapFile {
  readonly #path: string;
  readonly #fd: number;
  readonly #onFailure: (reason: string) => void;
  /** This process's clock of ns, at 1970. */
  readonly #epochNs = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();
  #waiting: Uint8Array[] = [pcapHeader()];
  #waitingBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #broken = false;

  /**
   * Begins a file, in place of what was there; VmftError 'environment' where that cannot be. A
   * capture that fails later is told to `onFailure`, once, and goes no further.
   */
  constructor(path: string, onFailure: (reason: string) => void) {
    this.#path = path;
    this.#onFailure = onFailure;
    try {
      this.#fd = openSync(path, 'w');
    } catch (error) {
      throw writeFailure(path, 'capture', error);
    }
    this.#flush();
  }

  /** A frame passes now. */
  add(frame: Uint8Array): void {
    if (this.#broken) return;
    const timeNs = this.#epochNs + process.hrtime.bigint();
    this.#waiting.push(pcapRecord({ timeNs, frame }));
    this.#waitingBytes += frame.length;
    if (this.#waitingBytes >= FLUSH_BYTES) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS).unref();
  }

  /** Writes what waits and ends the file. */
  close(): void {
    this.#flush();
    this.#broken = true;
    closeSync(this.#fd);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const bytes = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    try {
      for (let done = 0; !this.#broken && done < bytes.length; )
        done += writeSync(this.#fd, bytes, done, bytes.length - done);
    } catch (error) {
      this.#broken = true;
      this.#onFailure(writeFailure(this.#path, 'capture', error).message);
    }
  }
}

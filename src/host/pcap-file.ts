/**
 * A capture file that grows while frames pass. Frames are gathered for a moment, so that a busy
 * wire is not slowed down by writing; a crash loses that moment.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { PCAP_HEADER_BYTES, pcapHeader, pcapRecord, recordBytes } from '../net/pcap.ts';
import { writeFailure } from './files.ts';

const FLUSH_BYTES = 256 * 1024;
const FLUSH_MS = 100;

export class PcapFile {
  readonly #path: string;
  readonly #fd: number;
  readonly #onFailure: (reason: string) => void;
  /** This process's clock of ns, at 1970. */
  readonly #epochNs = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #broken = false;

  /**
   * Begins a file, in place of what was there, or goes on behind the last whole frame of one;
   * VmftError 'environment' where that cannot be. A capture that fails later is told to
   * `onFailure`, once, and goes no further.
   */
  constructor(path: string, onFailure: (reason: string) => void, goesOn = false) {
    this.#path = path;
    this.#onFailure = onFailure;
    try {
      const isThere = goesOn && trim(path);
      this.#fd = openSync(path, isThere ? 'a' : 'w');
      if (!isThere) this.#waiting.push(pcapHeader());
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

/** Cuts off what lies behind the last whole frame; false where there is no capture. */
function trim(path: string): boolean {
  if (!existsSync(path)) return false;
  const fd = openSync(path, 'r+');
  try {
    const { size } = fstatSync(fd);
    if (size < PCAP_HEADER_BYTES) return false;
    let end = PCAP_HEADER_BYTES;
    const head = new Uint8Array(16);
    while (readSync(fd, head, 0, head.length, end) === head.length) {
      if (end + recordBytes(head) > size) break;
      end += recordBytes(head);
    }
    ftruncateSync(fd, end);
    return true;
  } finally {
    closeSync(fd);
  }
}

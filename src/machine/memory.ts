/**
 * Guest memory: RAM and page flags in the machine's one WebAssembly.Memory (cpu/layout.ts), with
 * the tracking of what has changed.
 *
 * Of each page of RAM at most two things are *captured*: its hash, and a `Page` object that equals
 * it. There is one rule:
 *
 *     PageFlag.Clean is set  ⇔  a write to the page must first call `forget`
 *     PageFlag.Clean is clear ⇒ neither hash nor Page object is held
 *
 * `forget` drops both and clears the bit, so that a page is reported once between two captures.
 * The processor comes here through Bus.firstWrite, devices through `write`. A page of zeros has a
 * Page object and a hash that are known beforehand, however it came to be zero.
 */
import { assert } from '../base/assert.ts';
import type { Hasher } from '../base/digest.ts';
import { PAGE_BYTES, PAGE_SHIFT } from '../base/limits.ts';
import { memoryBytes, PAGE_FLAGS_OFFSET, PageFlag, RAM_OFFSET } from '../cpu/layout.ts';
import type { Page } from './types.ts';

const HASH_BYTES = 16;
const PAGES_OF_ADDRESS_SPACE = 0x1_0000_0000 / PAGE_BYTES;
const WORDS_OF_PAGE = PAGE_BYTES / 4;

/** Stands for every page of zeros in here; outside it is `undefined` (types.ts, Snapshot). */
const ZERO_PAGE: Page = { bytes: new Uint8Array(PAGE_BYTES) };

/** RAM and processor state in one memory, with the pages that have changed. */
export class GuestMemory {
  /** The whole memory, for the processor. */
  readonly memory: WebAssembly.Memory;
  readonly ramBytes: number;
  readonly #ram: Uint8Array;
  readonly #words: Int32Array;
  readonly #view: DataView;
  readonly #flags: Uint8Array;
  readonly #hasher: Hasher;
  readonly #invalidate: (address: number, length: number) => void;
  readonly #zeroHash: Uint8Array;
  /** Hashes of all pages, one after the other; valid where `#hashed` is 1. */
  readonly #hashes: Uint8Array;
  readonly #hashed: Uint8Array;
  readonly #captured: (Page | undefined)[];
  /** Where the next `settle` goes on. */
  #sweep = 0;

  /**
   * RAM of `ramBytes` zeros (a multiple of a page). `invalidate` is Processor.invalidate: it is
   * called when bytes of a page that holds code change by another hand than the processor's.
   */
  constructor(
    ramBytes: number,
    hasher: Hasher,
    invalidate: (address: number, length: number) => void,
  ) {
    assert(ramBytes % PAGE_BYTES === 0, () => `RAM in whole pages expected, got ${ramBytes} bytes`);
    const pages = ramBytes >>> PAGE_SHIFT;
    const initial = memoryBytes(ramBytes) / 0x10000;
    this.memory = new WebAssembly.Memory({ initial, maximum: initial });
    this.ramBytes = ramBytes;
    const { buffer } = this.memory;
    this.#ram = new Uint8Array(buffer, RAM_OFFSET, ramBytes);
    this.#words = new Int32Array(buffer, RAM_OFFSET, ramBytes / 4);
    this.#view = new DataView(buffer, RAM_OFFSET, ramBytes);
    this.#flags = new Uint8Array(buffer, PAGE_FLAGS_OFFSET, PAGES_OF_ADDRESS_SPACE);
    this.#flags.fill(PageFlag.Clean, 0, pages).fill(PageFlag.Device, pages);
    this.#hasher = hasher;
    this.#invalidate = invalidate;
    this.#zeroHash = hasher.hash(ZERO_PAGE.bytes);
    this.#hashes = new Uint8Array(pages * HASH_BYTES);
    for (let page = 0; page < pages; page++) this.#hashes.set(this.#zeroHash, page * HASH_BYTES);
    this.#hashed = new Uint8Array(pages).fill(1);
    this.#captured = new Array<Page | undefined>(pages).fill(ZERO_PAGE);
  }

  /** Pages of RAM. */
  get pages(): number {
    return this.#captured.length;
  }

  /** Drops what is held of page `page`, which is about to be written. */
  forget(page: number): void {
    this.#flags[page]! &= ~PageFlag.Clean;
    this.#hashed[page] = 0;
    this.#captured[page] = undefined;
  }

  /** Whether `length` bytes at `address` (both ≥ 0) lie in RAM. */
  contains(address: number, length: number): boolean {
    return address + length <= this.ramBytes;
  }

  #check(address: number, length: number): void {
    assert(
      address >= 0 && length >= 0 && this.contains(address, length),
      () => `${length} bytes inside ${this.ramBytes} bytes of RAM expected, got address ${address}`,
    );
  }

  /** A copy of `length` bytes at `address`, all of them in RAM. */
  read(address: number, length: number): Uint8Array {
    this.#check(address, length);
    return this.#ram.slice(address, address + length);
  }

  /** The 16-bit word at `address`, which may be odd. */
  readU16(address: number): number {
    this.#check(address, 2);
    return this.#view.getUint16(address, true);
  }

  /** The 32-bit word at `address`, unsigned. */
  readU32(address: number): number {
    this.#check(address, 4);
    return this.#view.getUint32(address, true);
  }

  /** Writes `bytes` at `address` as a device or the loader does, all of them in RAM. */
  write(address: number, bytes: Uint8Array): void {
    this.#check(address, bytes.length);
    for (let done = 0; done < bytes.length; ) {
      const at = address + done;
      const page = at >>> PAGE_SHIFT;
      const size = Math.min(bytes.length - done, PAGE_BYTES - (at & (PAGE_BYTES - 1)));
      if (this.#flags[page]! & PageFlag.Clean) this.forget(page);
      this.#ram.set(bytes.subarray(done, done + size), at);
      if (this.#flags[page]! & PageFlag.Code) this.#invalidate(at, size);
      done += size;
    }
  }

  #isZero(page: number): boolean {
    const words = this.#words;
    const end = (page + 1) * WORDS_OF_PAGE;
    for (let i = page * WORDS_OF_PAGE; i < end; i++) if (words[i] !== 0) return false;
    return true;
  }

  #bytesOf(page: number): Uint8Array {
    return this.#ram.subarray(page << PAGE_SHIFT, (page + 1) << PAGE_SHIFT);
  }

  #setHash(page: number, hash: Uint8Array): void {
    this.#hashes.set(hash, page * HASH_BYTES);
    this.#hashed[page] = 1;
  }

  /** The hash over all pages; hashes only those whose hash is not held. */
  hash(): Uint8Array {
    for (let page = 0; page < this.pages; page++) {
      if (this.#hashed[page]) continue;
      this.#setHash(page, this.#hasher.hash(this.#bytesOf(page)));
      this.#flags[page]! |= PageFlag.Clean;
    }
    return this.#hasher.hash(this.#hashes);
  }

  /**
   * Captures and hashes up to `limit` of the pages that have changed, in one sweep over RAM from
   * call to call, so that `capture` and `hash` find less to do. True when the sweep is over.
   */
  settle(limit: number): boolean {
    let found = 0;
    for (; this.#sweep < this.pages; this.#sweep++) {
      const page = this.#sweep;
      if (this.#captured[page] && this.#hashed[page]) continue;
      if (found++ === limit) return false;
      this.#capturePage(page);
      if (!this.#hashed[page]) this.#setHash(page, this.#hasher.hash(this.#bytesOf(page)));
    }
    this.#sweep = 0;
    return true;
  }

  #capturePage(page: number): void {
    this.#captured[page] ??= this.#isZero(page)
      ? ZERO_PAGE
      : { bytes: this.#bytesOf(page).slice() };
    this.#flags[page]! |= PageFlag.Clean;
  }

  /** All pages; copies only those of which no Page object is held. */
  capture(): (Page | undefined)[] {
    const captured = this.#captured;
    for (let page = 0; page < this.pages; page++) {
      if (!captured[page]) this.#capturePage(page);
    }
    return captured.map((page) => (page === ZERO_PAGE ? undefined : page));
  }

  /** Makes RAM equal to `pages`; copies only those that are not here as the same object. */
  restore(pages: readonly (Page | undefined)[]): void {
    assert(pages.length === this.pages, () => `${this.pages} pages expected, got ${pages.length}`);
    for (let page = 0; page < this.pages; page++) {
      const target = pages[page] ?? ZERO_PAGE;
      if (this.#captured[page] === target) continue;
      this.forget(page);
      this.#bytesOf(page).set(target.bytes);
      this.#captured[page] = target;
      if (target === ZERO_PAGE) this.#setHash(page, this.#zeroHash);
      this.#flags[page]! |= PageFlag.Clean;
      if (this.#flags[page]! & PageFlag.Code) this.#invalidate(page << PAGE_SHIFT, PAGE_BYTES);
    }
  }
}

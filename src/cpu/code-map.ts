/**
 * Decoded code: one array of micro-operations for all blocks, a map from guest address to block,
 * and what it takes to forget blocks whose bytes are written. Nothing here is guest state; two
 * replicas may hold different maps and never notice.
 *
 * The map has one entry for each byte of a page that holds code (`starts`), so finding a block is
 * two array reads. `covered` marks the bytes that some block was decoded from: a store that touches
 * none of them, to a page that holds code and data, drops nothing. A store that does drops all
 * blocks of that page: their first operation becomes Stale, which sends whoever is linked to them
 * to the map.
 */
import { PAGE_BYTES, PAGE_SHIFT } from '../base/limits.ts';
import { PageFlag } from './layout.ts';
import { Field, Header, UOP_WORDS, Uop } from './uop.ts';

/** Micro-operations that fit before everything is forgotten and decoded anew. */
const MAX_UOPS = 1 << 16;
/** Operations kept for one-instruction blocks, which are not in the map. */
const SCRATCH_UOPS = 64;
/** Room that must be left for one more block. */
const BLOCK_UOPS = 1024;
export class CodeMap {
  readonly code = new Int32Array(MAX_UOPS * UOP_WORDS);
  /** For operation n: 2n is the address of its instruction, 2n + 1 the instructions before it. */
  readonly where = new Int32Array(MAX_UOPS * 2);
  /** Where the next operation goes, in words. */
  top = SCRATCH_UOPS * UOP_WORDS;
  /** Addresses of instructions that were seen to touch devices or code. */
  readonly careful = new Set<number>();

  /** For each page of RAM that holds code, the block that begins at each of its bytes, or 0. */
  readonly starts: (Int32Array | undefined)[];

  readonly #pageFlags: Uint8Array;
  /** For each page that holds code, the bytes that blocks were decoded from, and these blocks. */
  readonly #covered: (Uint8Array | undefined)[];
  readonly #blocks: number[][];
  #pages: number[] = [];

  constructor(pageFlags: Uint8Array, ramBytes: number) {
    const pages = ramBytes >>> PAGE_SHIFT;
    this.#pageFlags = pageFlags;
    this.starts = new Array(pages).fill(undefined);
    this.#covered = new Array(pages).fill(undefined);
    this.#blocks = new Array(pages).fill(undefined);
  }

  /** Index of the block at `address`, or 0. */
  find(address: number): number {
    return this.starts[address >>> PAGE_SHIFT]?.[address & (PAGE_BYTES - 1)] ?? 0;
  }

  /** Whether a block of the largest size still fits; if not, call {@link clear}. */
  get full(): boolean {
    return this.top + BLOCK_UOPS * UOP_WORDS > this.code.length;
  }

  /** Enters the block at `start`, decoded from the bytes [address, end), into the map. */
  enter(start: number, address: number, end: number): void {
    if (end <= address) return;
    const last = (end - 1) >>> PAGE_SHIFT;
    for (let page = address >>> PAGE_SHIFT; page <= last; page++) {
      this.#open(page);
      const base = page << PAGE_SHIFT;
      const from = Math.max(address, base) - base;
      const to = Math.min(end, base + PAGE_BYTES) - base;
      this.#covered[page]!.fill(1, from, to);
      this.#blocks[page]!.push(start);
    }
    this.starts[address >>> PAGE_SHIFT]![address & (PAGE_BYTES - 1)] = start;
  }

  #open(page: number): void {
    if (this.starts[page]) return;
    this.starts[page] = new Int32Array(PAGE_BYTES);
    this.#covered[page] = new Uint8Array(PAGE_BYTES);
    this.#blocks[page] = [];
    this.#pages.push(page);
    this.#pageFlags[page]! |= PageFlag.Code;
  }

  /** Whether some block was decoded from one of the `size` bytes at `address`. */
  covers(address: number, size: number): boolean {
    for (let a = address; a < address + size; a++) {
      if (this.#covered[a >>> PAGE_SHIFT]?.[a & (PAGE_BYTES - 1)]) return true;
    }
    return false;
  }

  /**
   * Bytes of RAM have changed or are about to: forgets the blocks of every page with a covered one.
   */
  invalidate(address: number, size: number): void {
    const last = (address + size - 1) >>> PAGE_SHIFT;
    for (let page = address >>> PAGE_SHIFT; page <= last; page++) {
      const base = page << PAGE_SHIFT;
      const from = Math.max(address, base);
      const to = Math.min(address + size, base + PAGE_BYTES);
      if (this.#pageFlags[page]! & PageFlag.Code && this.covers(from, to - from)) this.#drop(page);
    }
  }

  /** Forgets every block that has a byte in `page`. */
  #drop(page: number): void {
    for (const start of this.#blocks[page]!) {
      const address = this.code[start + Header.Address]!;
      this.code[start + Field.Op] = Uop.Stale;
      const home = this.starts[address >>> PAGE_SHIFT]!;
      const entry = address & (PAGE_BYTES - 1);
      if (home[entry] === start) home[entry] = 0;
    }
    this.#blocks[page] = [];
    this.#covered[page]!.fill(0);
  }

  /** Forgets everything. Must not be called while a block runs. */
  clear(): void {
    for (const page of this.#pages) {
      this.starts[page] = undefined;
      this.#covered[page] = undefined;
      this.#blocks[page] = [];
      this.#pageFlags[page]! &= ~PageFlag.Code;
    }
    this.#pages = [];
    this.careful.clear();
    this.top = SCRATCH_UOPS * UOP_WORDS;
  }
}

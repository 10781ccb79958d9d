/**
 * Decoded code: one array of micro-operations for all blocks, a map from guest address to block, and
 * what it takes to forget blocks whose bytes are written. Nothing here is guest state; two replicas
 * may hold different maps and never notice.
 *
 * The map has one entry for each byte of a page that holds code (`starts`), so finding a block is two
 * array reads. `covered` marks the bytes that some block was decoded from: a store that touches none
 * of them, to a page that holds code and data, drops nothing. A store that does drops all blocks of
 * that page: their first operation becomes Stale, which sends whoever is linked to them to the map.
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
/** No page. */
const NONE = -1;

export class CodeMap {
  readonly code = new Int32Array(MAX_UOPS * UOP_WORDS);
  /** For operation n: 2n is the address of its instruction, 2n + 1 the instructions before it. */
  readonly where = new Int32Array(MAX_UOPS * 2);
  /** Where the next operation goes, in words. */
  top = SCRATCH_UOPS * UOP_WORDS;
  /** Addresses of instructions that were seen to touch devices or code. */
  readonly careful = new Set<number>();

  readonly #pageFlags: Uint8Array;
  readonly #slots: Int32Array;
  #starts = new Int32Array(8 * PAGE_BYTES);
  #covered = new Uint8Array(8 * PAGE_BYTES);
  #blocks: number[][] = [];
  #pages: number[] = [];

  constructor(pageFlags: Uint8Array, ramBytes: number) {
    this.#pageFlags = pageFlags;
    this.#slots = new Int32Array(ramBytes >>> PAGE_SHIFT).fill(NONE);
  }

  /** Index of the block at `address`, or 0. */
  find(address: number): number {
    const page = address >>> PAGE_SHIFT;
    if (page >= this.#slots.length) return 0;
    const slot = this.#slots[page]!;
    if (slot === NONE) return 0;
    return this.#starts[(slot << PAGE_SHIFT) + (address & (PAGE_BYTES - 1))]!;
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
      const slot = this.#slot(page);
      const base = page << PAGE_SHIFT;
      const from = Math.max(address, base) - base;
      const to = Math.min(end, base + PAGE_BYTES) - base;
      this.#covered.fill(1, (slot << PAGE_SHIFT) + from, (slot << PAGE_SHIFT) + to);
      this.#blocks[slot]!.push(start);
    }
    const slot = this.#slots[address >>> PAGE_SHIFT]!;
    this.#starts[(slot << PAGE_SHIFT) + (address & (PAGE_BYTES - 1))] = start;
  }

  #slot(page: number): number {
    const known = this.#slots[page]!;
    if (known !== NONE) return known;
    const slot = this.#pages.length;
    if ((slot + 1) << PAGE_SHIFT > this.#starts.length) {
      const starts = new Int32Array(this.#starts.length * 2);
      starts.set(this.#starts);
      this.#starts = starts;
      const covered = new Uint8Array(this.#covered.length * 2);
      covered.set(this.#covered);
      this.#covered = covered;
    }
    this.#pages.push(page);
    this.#blocks.push([]);
    this.#slots[page] = slot;
    this.#pageFlags[page]! |= PageFlag.Code;
    return slot;
  }

  /** Whether some block was decoded from one of the `size` bytes at `address`. */
  covers(address: number, size: number): boolean {
    for (let a = address; a < address + size; a++) {
      const slot = this.#slots[a >>> PAGE_SHIFT];
      if (slot === undefined || slot === NONE) continue;
      if (this.#covered[(slot << PAGE_SHIFT) + (a & (PAGE_BYTES - 1))]) return true;
    }
    return false;
  }

  /** Bytes of RAM have changed or are about to: forgets the blocks of every page with a covered one. */
  invalidate(address: number, size: number): void {
    const last = (address + size - 1) >>> PAGE_SHIFT;
    for (let page = address >>> PAGE_SHIFT; page <= last; page++) {
      const base = page << PAGE_SHIFT;
      const from = Math.max(address, base);
      const to = Math.min(address + size, base + PAGE_BYTES);
      if (this.#pageFlags[page]! & PageFlag.Code && this.covers(from, to - from)) this.#drop(page);
    }
  }

  /** Forgets every block that has a byte in `page`. The slot stays, empty, for the code to come. */
  #drop(page: number): void {
    const slot = this.#slots[page]!;
    for (const start of this.#blocks[slot]!) {
      const address = this.code[start + Header.Address]!;
      this.code[start + Field.Op] = Uop.Stale;
      const home = this.#slots[address >>> PAGE_SHIFT]!;
      const entry = (home << PAGE_SHIFT) + (address & (PAGE_BYTES - 1));
      if (this.#starts[entry] === start) this.#starts[entry] = 0;
    }
    this.#blocks[slot] = [];
    this.#covered.fill(0, slot << PAGE_SHIFT, (slot + 1) << PAGE_SHIFT);
  }

  /** Forgets everything. Must not be called while a block runs. */
  clear(): void {
    for (const page of this.#pages) {
      this.#slots[page] = NONE;
      this.#pageFlags[page]! &= ~PageFlag.Code;
    }
    this.#starts.fill(0);
    this.#covered.fill(0);
    this.#blocks = [];
    this.#pages = [];
    this.careful.clear();
    this.top = SCRATCH_UOPS * UOP_WORDS;
  }
}

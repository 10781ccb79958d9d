/**
 * Sections: runs of bytes that grow while a pass goes on, and get their place in memory at its end.
 * Where a label is used, its section's place is the one that the pass before gave it.
 */

/** What a section holds decides where it goes: code, data with bytes, or room without bytes. */
export type SectionKind = 'text' | 'data' | 'bss';

/** What a program says of the place of a section in a flat image (layout.ts). */
export interface Places {
  start?: number;
  follows?: string;
  vstart?: number;
  vfollows?: string;
  /** A power of two. */
  valign?: number;
}

/** A section; its address is known when the layout is. */
export class Section {
  readonly unit = 'section';
  readonly name: string;
  readonly kind: SectionKind;
  /** In bytes, a power of two; undefined until the program asks for one. */
  align: number | undefined;
  /** Address of the first byte, as the last layout has it. */
  base = 0;
  /** Where the first byte lies in the image, counted as addresses are; the same but for vstart. */
  start = 0;
  places: Places = {};
  #bytes = new Uint8Array(256);
  #length = 0;

  constructor(name: string, kind: SectionKind) {
    this.name = name;
    this.kind = kind;
  }

  /** Bytes so far in this pass. */
  get length(): number {
    return this.#length;
  }

  /** What the pass has written. A view, good until the next write; none of a bss section. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Appends `bytes`, `times` over. */
  append(bytes: Uint8Array, times = 1): void {
    const at = this.#grow(bytes.length * times);
    if (bytes.length === 1) this.#bytes.fill(bytes[0]!, at, this.#length);
    else for (let i = 0; i < times; i++) this.#bytes.set(bytes, at + i * bytes.length);
  }

  /** Appends `size` zeros, or room for so many bytes. */
  reserve(size: number): void {
    if (this.kind === 'bss') this.#length += size;
    else this.#grow(size);
  }

  /** Empties it for a new pass. */
  restart(): void {
    if (this.kind !== 'bss') this.#bytes.fill(0, 0, this.#length);
    this.#length = 0;
    this.align = undefined;
    this.places = {};
  }

  #grow(size: number): number {
    const at = this.#length;
    this.#length += size;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
    }
    return at;
  }
}

/** What a section called `name` holds, unless the program says otherwise. */
export function kindOf(name: string): SectionKind {
  if (name === '.text' || name.startsWith('.text.')) return 'text';
  return name === '.bss' || name.startsWith('.bss.') ? 'bss' : 'data';
}

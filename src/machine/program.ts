/** What a loader makes of an image: bytes at physical addresses, an entry and symbols. */

/** Bytes of the image at a physical address, followed by zeros up to `memoryBytes`. */
export interface Segment {
  readonly address: number;
  readonly bytes: Uint8Array;
  readonly memoryBytes: number;
  /** Holds code, as far as the image says. */
  readonly executable: boolean;
}

/** A name for an address, from an ELF symbol table. */
export interface ProgramSymbol {
  readonly name: string;
  readonly address: number;
  /** Bytes, 0 where the image does not say. */
  readonly size: number;
  readonly kind: 'function' | 'object' | 'label';
}

export interface Program {
  readonly format: 'elf' | 'flat';
  /** Physical address of the first instruction. */
  readonly entry: number;
  readonly segments: readonly Segment[];
  /** In ascending order of their addresses. */
  readonly symbols: readonly ProgramSymbol[];
}

/**
 * Where guest state lies in the machine's one WebAssembly.Memory: the only description of it, read
 * by interpreter, translator, snapshot and digest. All offsets are bytes; integers little endian.
 *
 *   0x000000  processor state block (one page)
 *   0x100000  page flags: one byte for each 4 KiB page of the 4 GiB address space (1 MiB)
 *   0x200000  guest RAM, address 0 first
 */

/** Offsets and size of the regions above, in bytes. */
export const STATE_OFFSET = 0x000000;
export const STATE_BYTES = 0x1000;
export const PAGE_FLAGS_OFFSET = 0x100000;
export const RAM_OFFSET = 0x200000;

/**
 * Bits of a page flag. A store to a page whose flag is 0 needs nothing more than the store; any
 * other value takes the slow way. Loads compare the address with the size of RAM instead.
 */
export const enum PageFlag {
  /** RAM, not written since it was last captured (hashed or copied): tell the memory first. */
  Clean = 1,
  /** RAM that holds decoded code: drop what the store touches. */
  Code = 2,
  /** Not RAM: a device window or a hole. */
  Device = 4,
}

/**
 * Words of the state block, as indices into an Int32Array at STATE_OFFSET. Words 0 … 7 are the
 * general registers in hardware order; 8 always reads zero, so that an absent base or index
 * register costs no test; 9 … 11 are temporaries of the interpreter that mean nothing between
 * instructions.
 */
export const enum Word {
  Eax,
  Ecx,
  Edx,
  Ebx,
  Esp,
  Ebp,
  Esi,
  Edi,
  Zero,
  T0,
  T1,
  T2,
  Eip,
  /** Lazy arithmetic flags: last result and carry vector (flags.ts). */
  FlagResult,
  FlagCarry,
  /** TF IF DF IOPL NT RF AC ID, at their places in eflags; the arithmetic flags here are zero. */
  SystemFlags,
  /** Selectors, in hardware order ES CS SS DS FS GS. */
  Es,
  Cs,
  Ss,
  Ds,
  Fs,
  Gs,
  GdtBase,
  GdtLimit,
  IdtBase,
  IdtLimit,
  Cr0,
  Cr2,
  Cr3,
  Cr4,
  /** 1 after HLT until an interrupt. */
  Halted,
  /** {@link ShadowBit}s; not 0 for one instruction at most. */
  Shadow,
  /** Selector of the TSS and of the LDT; loaded and stored, otherwise unused. */
  Tr,
  Ldtr,
  /** Instruction count, an IEEE double at an even word. */
  CountLow,
  CountHigh,
  End,
}

/** What an instruction left to be minded at the next boundary (SDM volume 3, 6.8.3 and 6.9). */
export const enum ShadowBit {
  /** After sti, mov ss, pop ss: interrupts wait for one more instruction. */
  Interrupts = 1,
  /** After mov ss, pop ss: the single-step trap of that instruction does not come. */
  Traps = 2,
  /** The single-step trap of the last instruction is to be delivered, before anything else. */
  TrapPending = 4,
}

/**
 * Bytes of WebAssembly.Memory that a machine with `ramBytes` of RAM needs, a multiple of 64 KiB.
 */
export function memoryBytes(ramBytes: number): number {
  return Math.ceil((RAM_OFFSET + ramBytes) / 0x10000) * 0x10000;
}

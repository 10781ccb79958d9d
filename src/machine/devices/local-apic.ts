/**
 * The window of the local APIC, of which there is none: it reads zero and ignores writes. Guests
 * write 0x700 to its LINT0 register, without which QEMU's microvm lets no interrupt of the PIC
 * through (machine.md, "Memory map"); here the PIC is wired to the processor always.
 */
import type { Device } from './device.ts';

/** The window: it has no state. */
export class LocalApicWindow implements Device {
  read(): number {
    return 0;
  }

  write(): void {}

  state(): null {
    return null;
  }

  restore(): void {}
}

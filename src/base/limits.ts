/** Every bound that a queue, a loop or a file has in vmft, in one place, with its unit. */

/** Unit of dirty tracking, hashing and copying of guest memory, in bytes (machine.md). */
export const PAGE_BYTES = 4096;
export const PAGE_SHIFT = 12;

/** Guest memory: smallest and largest size in bytes, both multiples of a page. */
export const MIN_RAM_BYTES = 64 * 1024;
export const MAX_RAM_BYTES = 1024 * 1024 * 1024;
export const DEFAULT_RAM_BYTES = 16 * 1024 * 1024;

/** Virtio slots of the board and the bytes between them (machine.md, memory map). */
export const VIRTIO_SLOTS = 8;
export const VIRTIO_SLOT_BYTES = 0x200;

/** Largest frame on the guest's wire, in bytes, without checksum. */
export const MAX_FRAME_BYTES = 1514;

/** Largest entropy reading that one need may ask for, in bytes. */
export const MAX_ENTROPY_BYTES = 4096;

/** Largest data of one disk request, in bytes. */
export const MAX_DISK_REQUEST_BYTES = 1024 * 1024;

/** Packets that wait for room in the guest's receive ring; newer ones are dropped. */
export const MAX_QUEUED_PACKETS = 256;

/** Console bytes that wait for the guest; newer ones are refused. */
export const MAX_QUEUED_CONSOLE_BYTES = 64 * 1024;

/** Console bytes in one input: the receive FIFO of a 16550. */
export const MAX_CONSOLE_INPUT_BYTES = 16;

/** Disk requests of one disk that may be pending at once, those before a reset included. */
export const MAX_PENDING_DISK_REQUESTS = 256;

/** Console output that a machine gathers before it lets it go, in bytes (devices/uart.ts). */
export const MAX_CONSOLE_OUTPUT_BYTES = 256;

/**
 * Program headers and symbols that an ELF image may have, and the bytes of a name that are kept.
 */
export const MAX_PROGRAM_HEADERS = 128;
export const MAX_SYMBOLS = 1024 * 1024;
export const MAX_SYMBOL_NAME_BYTES = 1024;

/** How deep plain data may nest where it is encoded (machine/plain.ts). */
export const MAX_PLAIN_DEPTH = 16;

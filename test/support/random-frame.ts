/**
 * The part of a random guest that is not random: it sets up interrupts, a timer and three virtio
 * devices, jumps to the random body (random-program.ts), and has handlers that let it go on for
 * ever. The guest is a flat binary of 128 KiB of RAM:
 *
 *   4000  this frame, entered at its first byte
 *   5000  interrupt descriptors · 5800 segment descriptors · 5900 where to go on after a fault
 *   6000  rings of the virtio queues, 512 bytes each: net receive, net send, disk, entropy
 *   8e80  the body, so that it lies on two pages
 *   e000  stack, down from f800 · 10000 … 1ffff data
 */
import { assembleSource } from './assemble.ts';

/** Addresses of the parts, and sizes of RAM and image, in bytes. */
export const Place = {
  frame: 0x4000,
  idt: 0x5000,
  gdt: 0x5800,
  entries: 0x5900,
  rings: 0x6000,
  body: 0x8e80,
  bodyEnd: 0xe000,
  stack: 0xf800,
  data: 0x10000,
  ram: 0x20000,
} as const;

export const SLOT = 0xfeb00000;
/** Places to go on after a fault. */
export const ENTRIES = 64;
export const QUEUES = 4;
export const QUEUE_BYTES = 0x200;
export const QUEUE_SIZE = 8;
/** Of the rings of a queue, from its beginning. */
export const AVAILABLE = 0x80;
export const USED = 0xc0;
/** Queue n belongs to this slot, as this number. */
export const QUEUE_OF: readonly (readonly [slot: number, queue: number])[] = [
  [0, 0],
  [0, 1],
  [1, 0],
  [2, 0],
];

const queue = (n: number): string => {
  const [slot, number] = QUEUE_OF[n]!;
  const rings = Place.rings + n * QUEUE_BYTES;
  return `queue ${SLOT + 0x200 * slot}, ${number}, ${rings}`;
};

const SOURCE = `bits 32
org ${Place.frame}
%macro outb 2
  mov al, %2
  out %1, al
%endmacro
%macro begin 1
  mov ebx, %1
  mov dword [ebx + 0x70], 1
  mov dword [ebx + 0x70], 3
  mov dword [ebx + 0x24], 1
  mov dword [ebx + 0x20], 1
  mov dword [ebx + 0x70], 0xb
%endmacro
%macro queue 3
  mov ebx, %1
  mov dword [ebx + 0x30], %2
  mov dword [ebx + 0x38], ${QUEUE_SIZE}
  mov dword [ebx + 0x80], %3
  mov dword [ebx + 0x90], %3 + ${AVAILABLE}
  mov dword [ebx + 0xa0], %3 + ${USED}
  mov dword [ebx + 0x44], 1
%endmacro
%macro acknowledge 1
  mov eax, [%1 + 0x60]
  mov [%1 + 0x64], eax
%endmacro

start:
  lgdt [gdtr]
  lidt [idtr]
  mov esp, ${Place.stack}
  outb 0x20, 0x11
  outb 0xa0, 0x11
  outb 0x21, 0x20
  outb 0xa1, 0x28
  outb 0x21, 4
  outb 0xa1, 2
  outb 0x21, 1
  outb 0xa1, 1
  outb 0x21, 0
  outb 0xa1, 0
  mov dword [0xfee00350], 0x700
  outb 0x43, 0x34
  outb 0x40, 40
  outb 0x40, 0
  mov dx, 0x3f9
  mov al, 1
  out dx, al
  begin ${SLOT}
  begin ${SLOT + 0x200}
  begin ${SLOT + 0x400}
${Array.from({ length: QUEUES }, (_, n) => `  ${queue(n)}`).join('\n')}
  mov dword [${SLOT + 0x70}], 0xf
  mov dword [${SLOT + 0x270}], 0xf
  mov dword [${SLOT + 0x470}], 0xf
  sti
  jmp ${Place.body}

fault:
  mov esp, ${Place.stack}
  push dword 2
  popf
  inc dword [faults]
  mov eax, [faults]
  and eax, ${ENTRIES - 1}
  test al, 1
  jz .closed
  sti
.closed:
  jmp [${Place.entries} + 4 * eax]

single_step:
  inc byte [traps]
  test byte [traps], 7
  jnz .on
  and dword [esp + 8], ~0x100
.on:
  iret

interrupt:
  push eax
  push edx
  outb 0xa0, 0x20
  outb 0x20, 0x20
  mov dx, 0x3f8
  in al, dx
  acknowledge ${SLOT}
  acknowledge ${SLOT + 0x200}
  acknowledge ${SLOT + 0x400}
  inc dword [interrupts]
  pop edx
  pop eax
software:
  iret

gdtr: dw 23
  dd ${Place.gdt}
idtr: dw 0x7ff
  dd ${Place.idt}
faults: dd 0
interrupts: dd 0
traps: db 0
handlers: dd fault, single_step, interrupt, software
`;

/** The image without body, entries and rings: from the frame to the end of the body's room. */
export function frameImage(): Uint8Array {
  const image = new Uint8Array(Place.bodyEnd - Place.frame);
  const code = assembleSource(SOURCE);
  image.set(code);
  const view = new DataView(image.buffer);
  const handlers = code.length - 16;
  for (let vector = 0; vector < 256; vector++) {
    const kind = vector === 1 ? 1 : vector < 0x20 ? 0 : vector < 0x30 ? 2 : 3;
    const handler = view.getUint32(handlers + 4 * kind, true);
    const gate = Place.idt - Place.frame + 8 * vector;
    view.setUint32(gate, 0x80000 | handler, true);
    // Every other software vector is a trap gate, which leaves interrupts on.
    view.setUint32(gate + 4, vector >= 0x30 && vector & 1 ? 0x8f00 : 0x8e00, true);
  }
  const gdt = Place.gdt - Place.frame;
  for (const [n, access] of [
    [1, 0x9a],
    [2, 0x92],
  ] as const) {
    view.setUint32(gdt + 8 * n, 0xffff, true);
    view.setUint32(gdt + 8 * n + 4, 0xcf0000 | (access << 8), true);
  }
  return image;
}

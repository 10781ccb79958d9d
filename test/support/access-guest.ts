/**
 * A guest that makes a list of accesses to ports and memory and then prints what it has read, one
 * word in hexadecimal a line. The same image runs on QEMU and on vmft, which tells whether two
 * boards look the same from inside. Interrupts are off but for `ack`.
 */
import type { AccessSize } from '../../src/cpu/bus.ts';

const READS = ['in1', 'in2', 'in4', 'ld1', 'ld2', 'ld4', 'ack'] as const;
const WRITES = ['out1', 'out2', 'out4', 'st1', 'st2', 'st4'] as const;
const WAITS = ['wait1', 'wait4', 'waitin', 'delay'] as const;
const KINDS = [...READS, ...WRITES, ...WAITS];

/**
 * Reads and writes say their width in bytes: `in` and `out` name a port, `ld` and `st` an address.
 * `wait` goes on when what is at the address equals the value, `waitin` when the byte at the port
 * does, and `delay` after `at` instructions. `ack` lets an interrupt through, if one is requested,
 * and reads its vector, else NO_VECTOR.
 */
export type AccessKind = (typeof READS)[number] | (typeof WRITES)[number] | (typeof WAITS)[number];

/** A write has a value; that of a read is a mask of the bits to look at (all if absent). */
export type Access = readonly [kind: AccessKind, at: number, value?: number | undefined];

/** Whether it gives a value. */
export function isRead([kind]: Access): boolean {
  return (READS as readonly string[]).includes(kind);
}

/** Whether it changes what it names. */
export function isWrite([kind]: Access): boolean {
  return (WRITES as readonly string[]).includes(kind);
}

/** Bytes that an access moves. */
export function sizeOf(kind: AccessKind): AccessSize {
  return kind === 'waitin' ? 1 : (Number(kind.at(-1)) as AccessSize);
}

/** Whether an access names a port or an address. */
export function spaceOf(kind: AccessKind): 'memory' | 'port' {
  return /^(in|out|waitin)/.test(kind) ? 'port' : 'memory';
}

/** What `ack` reads when there is no interrupt. */
export const NO_VECTOR = 0xffff;

const CODE = `
section .text
_start:
  mov esp, stack
  lgdt [gdtr]
  lidt [idtr]
  mov dword [0xfee00350], 0x700
  mov edi, stubs
  xor ecx, ecx
vector:
  mov byte [edi], 0x68
  mov [edi + 1], ecx
  mov byte [edi + 5], 0xe9
  lea eax, [edi + 10]
  mov edx, taken
  sub edx, eax
  mov [edi + 6], edx
  movzx eax, di
  or eax, 0x80000
  mov [idt + 8*ecx], eax
  mov eax, edi
  mov ax, 0x8e00
  mov [idt + 8*ecx + 4], eax
  add edi, 10
  inc ecx
  cmp ecx, 256
  jne vector
  mov esi, table
  mov edi, results
next:
  lodsd
  mov ecx, eax
  lodsd
  mov edx, eax
  lodsd
  jmp [jumps + 4*ecx]
op_in1: in al, dx
  movzx eax, al
  jmp keep
op_in2: in ax, dx
  movzx eax, ax
  jmp keep
op_in4: in eax, dx
  jmp keep
op_ld1: movzx eax, byte [edx]
  jmp keep
op_ld2: movzx eax, word [edx]
  jmp keep
op_ack: sti
  nop
  nop
  cli
  mov eax, ${NO_VECTOR}
  jmp keep
taken: pop eax
  add esp, 12
  jmp keep
op_ld4: mov eax, [edx]
keep: stosd
  jmp next
op_out1: out dx, al
  jmp next
op_out2: out dx, ax
  jmp next
op_out4: out dx, eax
  jmp next
op_st1: mov [edx], al
  jmp next
op_st2: mov [edx], ax
  jmp next
op_st4: mov [edx], eax
  jmp next
op_wait1: cmp [edx], al
  jne op_wait1
  jmp next
op_wait4: cmp [edx], eax
  jne op_wait4
  jmp next
op_waitin: mov ebx, eax
.again: in al, dx
  cmp al, bl
  jne .again
  jmp next
op_delay: mov ecx, edx
.turn: loop .turn
  jmp next

%macro reset 2
  mov dx, %1
  mov al, %2
  out dx, al
%endmacro
done:
  reset 0x3fb, 3
  reset 0x3fc, 3
  reset 0x3f9, 0
  mov esi, results
print:
  cmp esi, edi
  je exit
  lodsd
  mov ebx, eax
  mov ecx, 8
digit:
  rol ebx, 4
  mov al, bl
  and al, 15
  cmp al, 10
  sbb al, 0x69
  das
  call put
  loop digit
  mov al, 10
  call put
  jmp print
put:
  mov ah, al
  mov dx, 0x3fd
.busy: in al, dx
  test al, 0x20
  jz .busy
  mov al, ah
  mov dx, 0x3f8
  out dx, al
  ret
exit:
  xor eax, eax
  out 0xf4, al

section .data
gdt: dd 0, 0, 0xffff, 0xcf9b00, 0xffff, 0xcf9300
gdtr: dw gdtr - gdt - 1
  dd gdt
idtr: dw 256*8 - 1
  dd idt
align 4
jumps: dd ${KINDS.map((kind) => `op_${kind}`).join(', ')}, done
`;

/** The guest's source, for nasm or the product's assembler. */
export function accessGuest(accesses: readonly Access[]): string {
  const rows = accesses.map(
    ([kind, at, value = 0]) => `  dd ${KINDS.indexOf(kind)}, ${at >>> 0}, ${value >>> 0}`,
  );
  return `${CODE}table:\n${rows.join('\n')}\n  dd ${KINDS.length}, 0, 0
section .bss
idt: resd 512
stubs: resb 2560
results: resd ${accesses.filter(isRead).length}
  resb 4096
stack:\n`;
}

/** What the guest has read: read by read, the bits of its mask. */
export function readings(accesses: readonly Access[], console: string): number[] {
  const values = console.trim().split('\n');
  return accesses.filter(isRead).map(([, , mask = 0xffff_ffff], i) => {
    return (Number.parseInt(values[i]!, 16) & mask) >>> 0;
  });
}

/**
 * A guest that makes a list of accesses to ports and memory and then prints what it has read, one
 * word in hexadecimal a line. The same image runs on QEMU and on vmft, which tells whether two
 * boards look the same from inside. Interrupts stay off.
 */

const KINDS = ['in1', 'in2', 'in4', 'ld1', 'ld4', 'out1', 'out2', 'out4', 'st1', 'st4'] as const;

/** Width in bytes: `in` and `out` name a port, `ld` and `st` an address. */
export type AccessKind = (typeof KINDS)[number];

/** `wait` goes on when the byte at the address equals the value. */
export type Access = readonly [kind: AccessKind | 'wait', at: number, value?: number];

const CODE = `
section .text
_start:
  mov esp, stack
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
op_st4: mov [edx], eax
  jmp next
op_wait: cmp [edx], al
  jne op_wait
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
jumps: dd ${KINDS.map((kind) => `op_${kind}`).join(', ')}, op_wait, done
`;

/** The guest's source, for nasm. */
export function accessGuest(accesses: readonly Access[]): string {
  const rows = accesses.map(([kind, at, value = 0]) => {
    const code = kind === 'wait' ? KINDS.length : KINDS.indexOf(kind);
    return `  dd ${code}, ${at >>> 0}, ${value >>> 0}`;
  });
  const reads = accesses.filter(([kind]) => /^(in|ld)/.test(kind)).length;
  return `${CODE}table:\n${rows.join('\n')}\n  dd ${KINDS.length + 1}, 0, 0
section .bss
results: resd ${reads}
  resb 4096
stack:\n`;
}

/** What the guest has read: access by access, the bits of `mask` of its value. */
export function readings(accesses: readonly Access[], console: string, mask: number): string[] {
  const values = console.trim().split('\n');
  return accesses
    .filter(([kind]) => /^(in|ld)/.test(kind))
    .map(([kind, at], i) => {
      const value = (Number.parseInt(values[i]!, 16) & mask) >>> 0;
      return `${i}: ${kind} ${at.toString(16)} → ${value.toString(16)}`;
    });
}

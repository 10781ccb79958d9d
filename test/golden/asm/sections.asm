; order and alignment of sections in a flat image
bits 32
org 0x100100
section .data
d1: db 1
section .text
t1: mov eax, [d1]
    mov ebx, b1
section .rodata align=16
r1: db 'read only'
section .bss
b1: resb 3
b2: resd 2
section .data
d2: dd b2, r1, t1, u1
section .user align=8
u1: db 5
    align 16
    db 6
segment .text
t2: jmp t1
    call u1
    dd d2 - $$, d2 - $, $ - $$
    mov ecx, d2 - $$
section .bss align=64
b3: resq 1
section .empty
section .data
    dd b3, ending
[section .text]
ending: ret
__SECT__
    db 0x77

; sections that say where they start
; t3
section .text
 dd 1
section .a start=0x30
 dd 2
section .b start=0x20
 dd 3
section .c
 dd 4
section .bss
q: resd 1
section .text
 dd q

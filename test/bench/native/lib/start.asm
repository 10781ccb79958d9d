; start.asm: in place of programs/lib/start.asm, to run a guest that only computes as a 32-bit
; program of Linux. The rest of lib/ is the guest's own: what it does at ports is done by the
; kernel, and everything else is the same instructions.
;
; WORDS (nasm -D) is the command line.

%ifndef LIB_START
%define LIB_START

SYS_EXIT        equ 1
SYS_WRITE       equ 4

%macro in 2                         ; the line status: there is always room
    mov %1, 0x20
%endmacro

%macro out 2                        ; a byte to the console
    call write_al
%endmacro

bits 32
section .text

global _start
_start:
    mov dword [start_info], info
    call main
    movzx ebx, al
    mov eax, SYS_EXIT
    int 0x80

write_al:
    pusha
    mov [letter], al
    mov eax, SYS_WRITE
    mov ebx, 1
    mov ecx, letter
    mov edx, 1
    int 0x80
    popa
    ret

section .data

info:   dd 0x336EC578               ; a PVH start_info with nothing but a command line
    times 5 dd 0
    dd words
words:  db WORDS, 0

section .bss

start_info: resd 1
letter: resb 1

%endif

; start.asm: from the loader's first instruction to `main`, and `exit`.
;
; The PVH entry promises protected mode with flat 4 GiB segments, interrupts off and ebx pointing
; to the start_info structure. It promises no stack, and no descriptor table that we may rely on
; (machine.md, "Loading"). This file makes both and calls `main`, which the guest defines:
;
;   main     is called with interrupts off; what it returns in al is the exit status, 0 = all well
;   exit     ends the run with status al; usable from anywhere, does not return
;
; All of lib/ keeps to one rule: a routine keeps every register except those in which it returns
; something. Flags are never kept.

%ifndef LIB_START
%define LIB_START

EXIT_PORT       equ 0xF4            ; isa-debug-exit: a byte written here ends the run
CODE_SELECTOR   equ 0x08
DATA_SELECTOR   equ 0x10

bits 32
section .text

_start:
    cli
    cld
    mov esp, stack_top
    mov [start_info], ebx
    lgdt [gdt_pointer]
    jmp CODE_SELECTOR:.flat         ; the only way to load cs
.flat:
    mov eax, DATA_SELECTOR
    mov ds, ax
    mov es, ax
    mov ss, ax
    call main

exit:
    out EXIT_PORT, al
.stopped:
    cli
    hlt
    jmp .stopped

section .data

align 8
gdt:
    dq 0                            ; the null descriptor that the processor insists on
    dq 0x00CF9A000000FFFF           ; 0x08: code, base 0, limit 4 GiB, 32-bit
    dq 0x00CF92000000FFFF           ; 0x10: data, the same
gdt_pointer:
    dw gdt_pointer - gdt - 1
    dd gdt

section .bss

start_info: resd 1                  ; physical address of the PVH start_info structure
alignb 16
    resb 8192
stack_top:

%endif

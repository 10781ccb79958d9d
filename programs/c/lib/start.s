/*
 * start.s: from the loader's first instruction to main(), and the end of the run.
 *
 * The PVH note (name "Xen", type 18) names the entry. What holds there (machine.md, "Loading"):
 * protected mode, flat segments, interrupts off, ebx at the start_info structure; no stack, and no
 * descriptor table that we may rely on. This file makes both, keeps ebx in start_info and calls
 * main(); what main() returns is the exit status.
 */
.intel_syntax noprefix

.set EXIT_PORT, 0xF4                    /* isa-debug-exit: a byte written here ends the run */
.set CODE_SELECTOR, 0x08
.set DATA_SELECTOR, 0x10
.set STACK_BYTES, 16384

.section .note.pvh, "a", @note
        .long 4, 4, 18                  /* bytes of the name, bytes of the value, type */
        .asciz "Xen"
        .long _start

.section .text.start, "ax"
.globl _start
.type _start, @function
_start:
        cli
        cld
        mov esp, offset stack_top
        mov [start_info], ebx
        lgdt [gdt_pointer]
        jmp CODE_SELECTOR:offset linear /* the only way to load cs */
linear:
        mov eax, DATA_SELECTOR
        mov ds, eax
        mov es, eax
        mov ss, eax
        call main
        jmp end
.size _start, . - _start

.globl end_run
.type end_run, @function
end_run:
        mov eax, [esp + 4]
end:
        out EXIT_PORT, al
stopped:
        cli
        hlt
        jmp stopped
.size end_run, . - end_run

.section .rodata
        .balign 8
gdt:
        .quad 0                         /* the null descriptor that the processor insists on */
        .quad 0x00CF9A000000FFFF        /* 0x08: code, base 0, limit 4 GiB, 32-bit */
        .quad 0x00CF92000000FFFF        /* 0x10: data, the same */
gdt_pointer:
        .word gdt_pointer - gdt - 1
        .long gdt

.section .bss
.globl start_info
.type start_info, @object
.size start_info, 4
        .balign 16
start_info:
        .skip 16
        .skip STACK_BYTES               /* its top is a multiple of 16, as the System V ABI asks */
stack_top:

.section .note.GNU-stack, "", @progbits

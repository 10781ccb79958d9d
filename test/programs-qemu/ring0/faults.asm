; faults.asm: every exception that an instruction raises, with its frame.
%include "rig.inc"

main:
    xor ecx, ecx
    try "div by zero", 0x8D7
    div ecx
    done
    mov eax, 5
    mov edx, 5
    mov ecx, 5
    try "div, quotient too large", CF
    div ecx
    done
    mov eax, 0x80000000
    mov edx, -1
    mov ecx, -1
    try "idiv, quotient too large", 2
    idiv ecx
    done
    mov eax, 0x80
    mov ecx, 1
    try "idiv cl, quotient too large", 2
    idiv cl
    done
    try "aam 0", 2
    aam 0
    done
    try "int3", 0x2D7
    int3
    done
    try "int 3", IF
    int 3
    done
    try "into with OF", OF
    into
    done
    try "into without OF", 2
    into
    done
    mov eax, -3
    try "bound below", 2
    bound eax, [bounds]
    done
    mov eax, 4
    try "bound above", 2
    bound eax, [bounds]
    done
    mov eax, 3
    try "bound inside", 2
    bound eax, [bounds]
    done
    mov eax, 0x8000
    try "bound ax", 2
    bound ax, [bounds16]
    done
    try "ud2", 0x6D7
    ud2
    done
    try "lock nop", 2
    db 0xF0, 0x90
    done
    try "lock mov", 2
    db 0xF0, 0x89, 0x05
    dd scratch
    done
    try "lock add of a register", 2
    db 0xF0, 0x01, 0xC0
    done
    try "lock cmp", 2
    db 0xF0, 0x39, 0x05
    dd scratch
    done
    try "mov cs", 2
    db 0x8E, 0xC8
    done
    try "mov of segment register 7", 2
    db 0x8C, 0xF8
    done
    try "lea of a register", 2
    db 0x8D, 0xC0
    done
    try "les of a register", 2
    db 0xC4, 0xC0, 0, 0, 0, 0
    done
    try "bound of a register", 2
    db 0x62, 0xC0, 0, 0, 0, 0
    done
    try "call far of a register", 2
    db 0xFF, 0xD8
    done
    try "jmp far of a register", 2
    db 0xFF, 0xE8
    done
    try "group 4 /2", 2
    db 0xFE, 0xD0
    done
    try "group 5 /7", 2
    db 0xFF, 0xF8
    done
    try "pop /1", 2
    db 0x8F, 0xC8
    done
    try "lidt of a register", 2
    db 0x0F, 0x01, 0xDF
    done
    try "mov of cr1", 2
    db 0x0F, 0x20, 0xC8
    done
    try "ud1", 2
    ud1 eax, eax
    done
    xor eax, eax
    try "15 bytes", 2
    times 14 db 0x66
    nop
    done
    try "16 bytes", 2
    times 15 db 0x66
    nop
    done
    try "16 bytes with lock", 2
    times 14 db 0xF0
    add eax, eax
    done
    jmp selectors

section .data
bounds: dd -2, 3
bounds16: dw -2, 3
scratch: dd 0, 0, 0, 0
section .text

; Selectors that cannot be loaded.
selectors:
%macro bad 3
    mov eax, %2
    try %1, 2
    mov %3, ax
    done
%endmacro
    bad "ds absent", SEL_ABSENT, ds
    bad "es absent, rpl 3", SEL_ABSENT | 3, es
    bad "fs absent", SEL_ABSENT, fs
    bad "ds of a system segment", SEL_SYSTEM, ds
    bad "ds of code not readable", SEL_BLIND, ds
    bad "ds beyond the table", SEL_BEYOND, ds
    bad "gs beyond the table, rpl 3", SEL_BEYOND | 3, gs
    bad "ds in the absent ldt", SEL_DATA | 4, ds
    bad "ds, rpl 3", SEL_DATA | 3, ds
    bad "ds of readable code", SEL_CODE, ds
    bad "ds of conforming code", SEL_CONFORMING | 3, ds
    bad "ds read-only", SEL_READ_ONLY, ds
    bad "fs null", 0, fs
    bad "gs null, rpl 3", 3, gs
    xor eax, eax
    mov fs, ax
    try "read through a null selector", 2
    mov eax, [fs:bounds]
    done
    xor eax, eax
    mov gs, ax
    try "write through a null selector", 2
    mov [gs:scratch], eax
    done
    bad "ss null", 0, ss
    bad "ss null, rpl 3", 3, ss
    bad "ss absent", SEL_ABSENT, ss
    bad "ss read-only", SEL_READ_ONLY, ss
    bad "ss of code", SEL_CODE, ss
    bad "ss, rpl 1", SEL_DATA | 1, ss
    bad "ss beyond the table", SEL_BEYOND, ss
    push dword SEL_ABSENT
    try "pop ds absent", 2
    pop ds
    done
    push dword SEL_ABSENT
    try "pop ss absent", 2
    pop ss
    done
    push dword 0
    try "pop ss null", 2
    pop ss
    done
    mov eax, 0x12345678
    try "les absent", 2
    les eax, [absent_pointer]
    done
    show "eax after les", eax
    try "lss null", 2
    lss eax, [null_pointer]
    done
    try "jmp to data", 2
    jmp SEL_DATA:passed
    done
    try "jmp to null", 2
    jmp 0:passed
    done
    try "jmp to null, rpl 3", 2
    jmp 3:passed
    done
    try "jmp to absent code", 2
    jmp SEL_ABSENT_CODE:passed
    done
    try "jmp beyond the table", 2
    jmp SEL_BEYOND:passed
    done
    try "jmp to code, rpl 3", 2
    jmp (SEL_CODE | 3):passed
    done
    try "call to data", 2
    call SEL_DATA:passed
    done
    try "call to absent code", 2
    call SEL_ABSENT_CODE:passed
    done
    try "call through memory to null", 2
    call far [null_pointer]
    done
    try "jmp through memory to absent data", 2
    jmp far [absent_pointer]
    done
    push dword SEL_ABSENT_CODE
    push dword 5
    try "retf to absent code", 2
    retf
    done
    push dword 0
    push dword 5
    try "retf to null", 2
    retf 8
    done
    push dword 2
    push dword SEL_DATA
    push dword 5
    try "iret to data", CF
    iretd
    done
    push dword 2
    push dword SEL_BEYOND
    push dword 5
    try "iret beyond the table", CF
    iretd
    done
    push dword 2
    push dword 0
    push dword 5
    try "iret to null", CF
    iretd
    done
    jmp exit

section .data
absent_pointer: dd 5
    dw SEL_ABSENT
null_pointer: dd 5
    dw 0

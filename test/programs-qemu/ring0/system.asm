; system.asm: descriptor tables, control registers, and far control flow that succeeds.
%include "rig.inc"

main:
    mov dword [buffer], 0x55555555
    mov dword [buffer + 4], 0x55555555
    sidt [buffer]
    movzx eax, word [buffer]
    show "sidt, limit", eax
    mov eax, [buffer + 2]
    sub eax, idt
    show "sidt, base less idt", eax
    sgdt [buffer]
    movzx eax, word [buffer]
    show "sgdt, limit", eax
    show "behind it", [buffer + 6]

    mov word [buffer], 0x1234
    mov dword [buffer + 2], 0x89ABCDEF
    lidt [buffer]
    sidt [answer]
    lidt [idt_pointer]
    movzx eax, word [answer]
    show "lidt, limit", eax
    show "lidt, base", [answer + 2]
    db 0x66
    lidt [buffer]
    sidt [answer]
    lidt [idt_pointer]
    show "lidt of 16 bits, base", [answer + 2]
    lidt [buffer]
    db 0x66
    sidt [answer]
    lidt [idt_pointer]
    show "sidt of 16 bits, base", [answer + 2]
    lgdt [buffer]
    sgdt [answer]
    lgdt [gdt_pointer]
    show "lgdt, base", [answer + 2]

    xor eax, eax
    lldt ax
    mov eax, -1
    sldt eax
    show "sldt of a null selector", eax
    mov eax, -1
    sldt ax
    show "sldt of 16 bits", eax

    mov eax, cr0
    and eax, 0x6005003F
    show "cr0", eax
    mov eax, cr0
    or eax, 0x08
    mov cr0, eax
    mov eax, 0x55555555
    smsw ax
    and eax, 0xFFFF000F
    show "smsw of 16 bits, TS set", eax
    clts
    smsw eax
    and eax, 0x0F
    show "smsw after clts", eax
    mov eax, 0x0E
    lmsw ax
    smsw eax
    and eax, 0x0F
    show "lmsw cannot clear PE", eax
    mov dword [buffer], -1
    smsw [buffer]
    and byte [buffer], 0x0F
    show "smsw to memory", [buffer]
    mov word [buffer], 1
    lmsw [buffer]
    smsw eax
    and eax, 0x0F
    show "lmsw from memory", eax
    mov eax, cr0
    or eax, 0x10000
    mov cr0, eax
    mov eax, cr0
    and eax, 0x10001
    show "cr0.WP", eax
    mov eax, 0x12345678
    mov cr2, eax
    mov ebx, cr2
    show "cr2", ebx
    mov eax, 0x00ABC000
    mov cr3, eax
    mov ebx, cr3
    show "cr3", ebx
    mov eax, cr4
    show "cr4", eax
    xor eax, eax
    mov cr4, eax
    mov cr3, eax
    mov eax, cr0
    and eax, ~0x40000000
    or eax, 0x20000000
    try "NW without CD", 2
    mov cr0, eax
    done
    try "invlpg, wbinvd, invd change nothing", 0x8D7
    invlpg [0x12345678]
    wbinvd
    invd
    done
    try "invlpg of a register", 2
    db 0x0F, 0x01, 0xF8
    done

    mov eax, 0
    cpuid
    cmp eax, 1
    setae al
    movzx eax, al
    show "cpuid has leaf 1", eax
    mov eax, 1
    cpuid
    and edx, 0x8110
    show "cpuid: TSC, CX8, CMOV", edx
    xor eax, eax

    try "jmp far", 0x8D7
    jmp SEL_CODE:.landed
.landed:
    done
    try "jmp far through memory", 0x8D7
    jmp far [far_pointer]
through:
    done
    mov eax, cs
    show "cs of conforming code", eax
    try "jmp to conforming code, rpl 3", 2
    jmp (SEL_CONFORMING | 3):.conforming
.conforming:
    mov eax, cs
    done
    jmp SEL_CODE:.back
.back:
    try "call far and retf", CF
    call SEL_CODE:return_far
    done
    push dword 0x11112222
    try "call far through memory, retf 4", CF
    call far [far_return]
    done
    push dword 0xAD7
    push dword SEL_CODE
    push dword .returned
    try "iret", 2
    iretd
.returned:
    pushfd
    cli
    popfd
    cli
    done
    push dword SEL_DATA
    try "pop ds, 32 bits", 2
    pop ds
    done
    push dword SEL_DATA
    try "pop ss", 2
    pop ss
    done
    try "lss", 2
    lss eax, [stack_pointer]
    done
    try "lgs of 16 bits", 2
    lgs ax, [gs_pointer]
    done
    mov eax, gs
    show "gs", eax
    push dword SEL_DATA
    try "pop gs, 16 bits", 2
    o16 pop gs
    done
    jmp exit

return_far:
    mov eax, [esp + 4]
    retf
return_far4:
    retf 4

section .data
far_pointer:
    dd through
    dw SEL_CODE
far_return:
    dd return_far4
    dw SEL_CODE
stack_pointer:
    dd 0x87654321
    dw SEL_DATA
gs_pointer:
    dw 0xABCD, SEL_DATA

section .bss
buffer: resd 3
answer: resd 3

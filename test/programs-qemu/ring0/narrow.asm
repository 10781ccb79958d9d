; narrow.asm: gates of 16 bits, and the 16-bit forms of control flow, flags and frames. The code lies
; above 64 KiB, so what returns to 16 bits of an address lands in the low page at LOW.
%include "rig.inc"

LOW equ 0x3000

%macro gate16 2
    gate %1, %2, LOW
    mov dword [frame_bytes], 2
%endmacro

; Puts at LOW a jump to %1.
%macro low_code 1
    mov byte [LOW], 0xE9
    mov dword [LOW + 1], %1 - LOW - 5
%endmacro

; Makes the 16-bit jump that ends at %1 lead to LOW.
%macro aim 1
    mov eax, LOW
    sub eax, %1
    mov [%1 - 2], ax
%endmacro

main:
    low_code stubs + 16*0x40
    gate16 0x40, INTERRUPT_GATE16
    try "16-bit interrupt gate", 0xAD7
    int 0x40
    done
    gate16 0x40, TRAP_GATE16
    try "16-bit trap gate", 0xAD7 | 0x240000
    int 0x40
    done
    low_code stubs + 16*13
    gate16 13, INTERRUPT_GATE16
    mov eax, SEL_DATA | 3
    try "16-bit error code", IF
    mov ds, ax
    done
    low_code stubs + 16*3
    gate16 3, INTERRUPT_GATE16
    try "int3 through 16 bits", IF
    int3
    done
    gate 3, INTERRUPT_GATE, stubs + 16*3
    gate 13, INTERRUPT_GATE, stubs + 16*13

    low_code landed
    push dword 0x200000
    popfd
    push word 0x0AD7 & ~IF
    push word SEL_CODE
    push word LOW
    try "iretw", 0x200000 | CF
    iretw
    done
    push word SEL_CODE
    push word LOW
    try "retfw", CF
    o16 retf
    done
    push dword 0x11112222
    push word SEL_CODE
    push word LOW
    try "retfw 4", CF
    o16 retf 4
    done
    push word LOW
    try "retw", CF
    o16 ret
    done
    try "jmp far of 16 bits", CF
    db 0x66, 0xEA
    dw LOW, SEL_CODE
    done
    try "jmp far through 16 bits of memory", CF
    o16 jmp far [low_pointer]
    done
    aim jump16
    try "jmp near of 16 bits", CF
    db 0x66, 0xE9, 0, 0
jump16:
    done
    low_code called
    try "call far of 16 bits", CF
    db 0x66, 0x9A
    dw LOW, SEL_CODE
    done
    try "call far through 16 bits of memory", CF
    o16 call far [low_pointer]
    done
    aim call16
    try "call near of 16 bits", CF
    db 0x66, 0xE8, 0, 0
call16:
    done

    mov eax, -1
    try "pushfw", 0x2468D7 & ~TF
    pushfw
    pop ax
    done
    try "pushfd", 0x2468D7 & ~TF
    pushfd
    pop eax
    done
    push word 0x0CD5
    try "popfw", 0x240000
    popfw
    done
    push dword -1 & ~TF
    try "popfd sets what can be set", 2
    popfd
    done
    push dword 0
    try "popfd clears what can be cleared", 0x247ED7
    popfd
    done
    push word 0
    try "popfw leaves the upper half", 0x247ED7
    popfw
    done
    mov eax, -1
    try "push and pop of segment registers, 16 bits", 2
    o16 push ds
    pop ax
    done
    mov eax, -1
    try "push of a segment register, 32 bits", 2
    push fs
    pop eax
    done
    mov eax, -1
    try "mov of a segment register to eax", 2
    mov eax, ss
    done
    mov eax, -1
    try "mov of a segment register to ax", 2
    mov ax, ss
    done
    mov dword [scratch], -1
    try "mov of a segment register to memory", 2
    mov [scratch], ss
    mov eax, [scratch]
    done
    jmp exit

; Where LOW leads: what is left of eflags and esp is shown.
landed:
    mov eax, 0x600D
    jmp passed_here
called:
    movzx eax, word [esp]
    sub ax, word [case_base]
    shl eax, 16
    mov ax, [esp + 2]
    cmp eax, eax                    ; defines all flags
passed_here:
    push dword [case_resume]
    jmp passed

section .data
low_pointer: dw LOW, SEL_CODE
scratch: dd 0

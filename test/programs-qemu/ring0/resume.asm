; resume.asm: RF in the eflags that an event saves (SDM volume 3, 17.3.1.1): set by faults, and by
; what comes between two iterations of a repeated instruction; else as it is.
%include "rig.inc"
%include "interrupts.inc"

RF equ 0x10000

main:
    mov dword [flags_shown], -1
    call pic_start
    xor ecx, ecx
    try "a fault sets RF", 0x8D7
    div ecx
    done
    mov eax, SEL_ABSENT
    try "a fault with an error code", 2
    mov ds, eax
    done
    gate 0x40, 0x0E00, 0
    try "int whose gate is not present", 2
    int 0x40
    done
    gate 0x40, INTERRUPT_GATE, stubs + 16*0x40
    try "int", 2
    int 0x40
    done
    try "int3", 2
    int3
    done
    try "into", OF
    into
    done
    try "single-step trap", TF
    nop
    done
    mov esi, codes
    mov ecx, 3
    mov edx, 0x3FF
    try "single-step trap in a repeated instruction", TF
    rep outsb
    done
    mov ecx, 1
    try "single-step trap after the last iteration", TF
    rep outsb
    done
    gate 0x24, INTERRUPT_GATE, on_request
    call raise
    try "interrupt", 2
    push dword IF | 2
    popfd
    nop
    done
    mov esi, codes
    mov ecx, 4
    mov edx, UART + 1
    try "interrupt between two iterations", IF
    rep outsb
    nop
    done
    show "ecx", ecx
    sub esi, codes
    show "esi", esi
    mov esi, codes
    mov ecx, 2
    try "interrupt after the last iteration", IF
    rep outsb
    jmp .over
.over:
    nop
    done
    show "ecx", ecx

    call raise
    try "iret loads RF, then an interrupt", 2
    push dword RF | IF | 2
    push dword SEL_CODE
    push dword .target1
    iretd
.target1:
    nop
    done
    try "iret loads RF, then int", 2
    push dword RF | 2
    push dword SEL_CODE
    push dword .target2
    iretd
.target2:
    int 0x40
    done
    try "iret loads RF, which lasts for one instruction", 2
    push dword RF | 2
    push dword SEL_CODE
    push dword .target3
    iretd
.target3:
    nop
    int 0x40
    done
    push dword RF | 2
    push dword SEL_CODE
    push dword .target5
    try "single-step trap of the iret that loads RF", TF, 12
    iretd
.target5:
    nop
    done
    try "popfd does not load RF", 2
    push dword RF | TF
    popfd
    nop
    done
    push dword RF | 2
    push dword SEL_CODE
    push dword .target6
    try "pushfd does not show RF", 2
    iretd
.target6:
    pushfd
    pop eax
    done
    jmp exit

; Takes the request back before it is reported.
on_request:
    call lower
    push eax
    mov al, 0x20
    out PIC1, al
    pop eax
    jmp stubs + 16*0x24

section .data
codes: db 0, 2, 2, 2, 2, 2

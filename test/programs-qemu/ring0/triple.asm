; triple.asm: faults that end the machine, one for each command line.
; runs: 1 2 3 4 5 6
%include "rig.inc"
%include "interrupts.inc"

main:
    mov eax, [start_info]
    mov eax, [eax + 24]             ; the command line
    movzx eax, byte [eax]
    sub eax, '1'
    show "way", eax
    mov eax, [ways + 4*eax]
    jmp eax

; A fault without any gate.
empty_table:
    lidt [no_idt]
    ud2
    jmp exit
; A contributory fault that cannot be delivered, and no double fault either.
no_double_fault:
    gate 0, 0x0E00, 0
    gate 8, 0x0E00, 0
    xor ecx, ecx
    div ecx
    jmp exit
; int, then the fault of its gate, then the double fault.
software:
    lidt [no_idt]
    int 0x40
    jmp exit
; An interrupt.
external:
    call pic_start
    call raise
    lidt [no_idt]
    sti
    nop
    nop
    jmp exit
; The single-step trap.
trap:
    lidt [no_idt]
    push dword TF
    popfd
    nop
    jmp exit
; The handler of the double fault is code that is not present.
bad_handler:
    mov word [idt + 8*13 + 2], SEL_ABSENT_CODE
    mov word [idt + 8*8 + 2], SEL_DATA
    mov eax, SEL_DATA | 3
    mov ds, eax
    jmp exit

section .data
ways: dd empty_table, no_double_fault, software, external, trap, bad_handler
no_idt:
    dw 0
    dd 0

; gates.asm: the way through the IDT: kinds of gates, gates that cannot be used and the error codes
; that name them, faults in the delivery of faults.
%include "rig.inc"

NOT_PRESENT     equ 0x0E00
TASK_GATE       equ 0x8500
CALL_GATE       equ 0x8C00
LDT             equ 0x8200

; spoil vector, type [, selector]: the gate of `vector` is made useless for one case.
%macro spoil 2-3 SEL_CODE
    gate %1, %2, stubs + 16*%1
    mov word [idt + 8*%1 + 2], %3
%endmacro

%macro restore 1
    gate %1, INTERRUPT_GATE, stubs + 16*%1
%endmacro

main:
    gate 0x40, INTERRUPT_GATE, stubs + 16*0x40
    try "interrupt gate clears IF, TF stays out", 0xAD7 | 0x4000
    int 0x40
    done
    gate 0x40, TRAP_GATE, stubs + 16*0x40
    try "trap gate keeps IF", 0xAD7 | 0x4000
    int 0x40
    done
    gate 0x40, INTERRUPT_GATE | 0x6000, stubs + 16*0x40
    try "gate of ring 3", IF
    int 0x40
    done
    spoil 0x40, INTERRUPT_GATE, SEL_CODE | 3
    try "selector with rpl 3", IF
    int 0x40
    done
    spoil 0x40, INTERRUPT_GATE, SEL_CONFORMING
    try "conforming code", IF
    int 0x40
    done
    spoil 0x40, INTERRUPT_GATE, SEL_BLIND
    try "code that may not be read", IF
    int 0x40
    done
    jmp SEL_CODE:unusable

unusable:
    spoil 0x40, NOT_PRESENT
    try "int, gate not present", IF | CF
    int 0x40
    done
    spoil 0x40, 0
    try "int, gate of type 0", IF
    int 0x40
    done
    spoil 0x40, CALL_GATE
    try "int, call gate", 2
    int 0x40
    done
    spoil 0x40, LDT
    try "int, ldt", 2
    int 0x40
    done
    spoil 0x40, 0x9E00
    try "int, code segment", 2
    int 0x40
    done
    spoil 0x40, 0x0400
    try "int, absent call gate", 2
    int 0x40
    done
    spoil 0x40, INTERRUPT_GATE, 0
    try "int, null selector", 2
    int 0x40
    done
    spoil 0x40, INTERRUPT_GATE, 3
    try "int, null selector, rpl 3", 2
    int 0x40
    done
    spoil 0x40, INTERRUPT_GATE, SEL_DATA
    try "int, data selector", 2
    int 0x40
    done
    spoil 0x40, INTERRUPT_GATE, SEL_SYSTEM
    try "int, system selector", 2
    int 0x40
    done
    spoil 0x40, INTERRUPT_GATE, SEL_ABSENT_CODE
    try "int, absent code", 2
    int 0x40
    done
    spoil 0x40, INTERRUPT_GATE, SEL_BEYOND
    try "int, selector beyond the table", 2
    int 0x40
    done
    spoil 0x40, INTERRUPT_GATE, SEL_CODE | 4
    try "int, selector in the ldt", 2
    int 0x40
    done
    lidt [short_idt]
    try "int beyond the limit", 2
    int 0x41
    done
    try "int across the limit", 2
    int 0x40
    done
    try "int inside the limit", 2
    int 0x3F
    done
    lidt [idt_pointer]

    spoil 3, NOT_PRESENT
    try "int3, gate not present", 2
    int3
    done
    restore 3
    spoil 4, NOT_PRESENT
    try "into, gate not present", OF
    into
    done
    restore 4
    spoil 6, NOT_PRESENT
    try "ud2, gate not present", IF
    ud2
    done
    restore 6
    spoil 6, INTERRUPT_GATE, SEL_ABSENT_CODE
    try "ud2, absent code", 2
    ud2
    done
    spoil 6, INTERRUPT_GATE, SEL_DATA
    try "ud2, data selector", 2
    ud2
    done
    spoil 6, INTERRUPT_GATE, 0
    try "ud2, null selector", 2
    ud2
    done
    restore 6
    spoil 1, NOT_PRESENT
    try "trap of TF, gate not present", TF
    nop
    done
    restore 1

    spoil 0, NOT_PRESENT
    xor ecx, ecx
    try "contributory and contributory", IF | CF
    div ecx
    done
    restore 0
    spoil 13, NOT_PRESENT
    mov eax, SEL_DATA | 3
    try "#GP that cannot be delivered", 2
    mov ds, eax
    done
    spoil 6, CALL_GATE
    try "benign, then #GP that cannot be delivered", 2
    ud2
    done
    spoil 0x40, CALL_GATE
    try "int, then #GP that cannot be delivered", 2
    int 0x40
    done
    restore 6
    restore 13
    spoil 11, NOT_PRESENT
    spoil 0x40, NOT_PRESENT
    try "int, then #NP that cannot be delivered", 2
    int 0x40
    done
    spoil 11, INTERRUPT_GATE, SEL_DATA
    mov eax, SEL_ABSENT
    try "#NP whose gate names data", 2
    mov ds, eax
    done
    restore 11
    spoil 5, NOT_PRESENT
    mov eax, -3
    try "#BR is benign", 2
    bound eax, [bounds]
    done
    restore 5
    spoil 12, NOT_PRESENT
    mov eax, SEL_ABSENT
    try "#SS is contributory", 2
    mov ss, eax
    done
    restore 12

    try "int 8 pushes no error code", IF
    int 8
    done
    try "int 13 pushes no error code", IF
    int 13
    done
    spoil 8, NOT_PRESENT
    try "int 8, gate not present", 2
    int 8
    done
    restore 8
    spoil 13, NOT_PRESENT
    try "int 13, gate not present", 2
    int 13
    done
    jmp exit

section .data
bounds: dd -2, 3
short_idt:
    dw 0x40*8 + 6
    dd idt

; pic.asm: interrupts through the 8259 to the processor: masks, vectors, in service and end, modes.
; A case logs each interrupt and where it came (interrupts.inc). A spurious IRQ 7 does not occur: the
; processor looks at INTR and acknowledges at one moment, so that no request can go in between.
%include "rig.inc"
%include "interrupts.inc"

main:
    call pic_start
    mov al, 0xFF
    out PIC1 + 1, al
    call raise
    watch "masked", 2
    sti
    nop
    nop
    watched
    call raise
    watch "masked, then not", 2
    mov al, 0xEF
    sti
    out PIC1 + 1, al
    nop
    watched
    call raise
    watch "masked while it is pending", 2
    mov al, 0xFF
    out PIC1 + 1, al
    sti
    nop
    nop
    watched
    mov al, 0xEF
    out PIC1 + 1, al
    call take_all

    gate 0x24, INTERRUPT_GATE, without_end
    call raise
    xor eax, eax
    try "in service: another request of the same line waits", 2
    push dword IF | 2
    popfd
    nop
    call raise
    nop
    nop
    cli
    done
    show "handled", [handled]
    call lower
    mov al, 0x0B
    out PIC1, al
    in al, PIC1
    movzx eax, al
    show "in service", eax
    mov al, 0x20
    out PIC1, al
    in al, PIC1
    movzx eax, al
    show "after the end", eax
    mov al, 0x0A
    out PIC1, al
    call take_all

    mov ebx, 0x70                   ; other vectors
    mov ecx, 1
    call start_at
    gate 0x74, INTERRUPT_GATE, on_interrupt
    call raise
    watch "vectors from 0x70", 2
    sti
    nop
    nop
    watched
    mov ebx, 0x08                   ; IRQ 4 is vector 12, but no #SS
    call start_at
    gate 12, INTERRUPT_GATE, on_request
    call raise
    try "vector 12 from outside has no error code", 2
    push dword IF | 2
    popfd
    nop
    done
    mov ebx, 0xF8
    call start_at
    call raise
    lidt [short_idt]
    try "vector beyond the limit of the IDT", 2
    push dword IF | 2
    popfd
    nop
    done
    lidt [idt_pointer]
    call take_all
    gate 0xFC, INTERRUPT_GATE, on_interrupt

    mov ebx, 0x20                   ; automatic end: no command is needed
    mov ecx, 3
    call start_at
    gate 0x24, INTERRUPT_GATE, without_end
    mov dword [handled], 0
    call raise
    sti
    nop
    cli
    call raise
    sti
    nop
    cli
    show "automatic end, handled", [handled]
    mov al, 0x0B
    out PIC1, al
    in al, PIC1
    movzx eax, al
    show "in service", eax
    mov al, 0x0A
    out PIC1, al

    mov ecx, 1
    call start_at
    call raise
    mov al, 0x0C                    ; poll
    out PIC1, al
    in al, PIC1
    movzx eax, al
    show "poll", eax
    call lower
    mov al, 0x0C
    out PIC1, al
    in al, PIC1
    movzx eax, al
    show "poll again", eax
    mov al, 0x64                    ; specific end of line 4
    out PIC1, al
    mov al, 0x0B
    out PIC1, al
    in al, PIC1
    movzx eax, al
    show "in service after a specific end", eax
    jmp exit

; As pic_start, with vectors from ebx on and ICW4 = ecx.
start_at:
    call lower
    mov al, 0x11
    out PIC1, al
    mov al, bl
    out PIC1 + 1, al
    mov al, 4
    out PIC1 + 1, al
    mov al, cl
    out PIC1 + 1, al
    mov al, 0xEF
    out PIC1 + 1, al
    ret

; Whatever is pending is handled and forgotten.
take_all:
    push eax
    gate 0x24, INTERRUPT_GATE, on_interrupt
    call lower
    sti
    nop
    nop
    cli
    pop eax
    ret

without_end:
    call lower
    inc dword [handled]
    iretd

on_request:
    call lower
    push eax
    mov al, 0x20
    out PIC1, al
    pop eax
    jmp stubs + 16*12

section .data
handled: dd 0
short_idt:
    dw 0x40*8 - 1
    dd idt

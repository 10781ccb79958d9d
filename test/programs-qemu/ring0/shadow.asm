; shadow.asm: where a request that stands is delivered: sti, mov ss and pop ss hold it back for one
; instruction, popfd and iret do not; hlt wakes. In every case the request stands and IF is clear.
%include "rig.inc"
%include "interrupts.inc"

main:
    call pic_start
    call raise
    watch "sti", 2
    sti
    nop
    nop
    watched
    call raise
    watch "sti, sti", 2
    sti
    sti
    nop
    nop
    watched
    call raise
    watch "sti, cli", 2
    sti
    cli
    nop
    nop
    watched
    call raise
    watch "sti, hlt", 2
    sti
    hlt
    nop
    watched
    call raise
    watch "sti, jmp", 2
    sti
    jmp .over
    nop
.over:
    nop
    watched
    call raise
    watch "sti, pushfd, popfd that clears IF", 2
    push dword 2
    sti
    popfd
    nop
    watched
    call raise
    gate 0x40, INTERRUPT_GATE, return
    watch "sti, int", 2
    sti
    int 0x40
    nop
    watched
    call raise
    gate 0x40, TRAP_GATE, .int_handler
    watch "sti, int through a trap gate", 2
    sti
    int 0x40
    jmp .behind_int
.int_handler:
    nop
    iretd
.behind_int:
    watched
    call raise
    gate 6, TRAP_GATE, .fault_handler
    watch "sti, a fault through a trap gate", 2
    sti
    ud2
    jmp .behind_fault
.fault_handler:
    add dword [esp], 2
    iretd
.behind_fault:
    watched
    call raise
    watch "popfd", 2
    push dword IF | 2
    popfd
    nop
    watched
    call raise
    watch "popfw", 2
    push word IF | 2
    popfw
    nop
    watched
    call raise
    watch "iret", 2
    push dword IF | 2
    push dword SEL_CODE
    push dword .there
    iretd
    nop
.there:
    nop
    watched

    mov eax, ss
    call raise
    watch "sti, mov ss", 2
    sti
    mov ss, eax
    nop
    nop
    watched
    call raise
    push ss
    watch "sti, pop ss", 2
    sti
    pop ss
    nop
    nop
    watched
    call raise
    watch "sti, mov ss, mov ss", 2
    sti
    mov ss, eax
    mov ss, eax
    nop
    watched
    call raise
    watch "sti, mov ds", 2
    sti
    mov ds, eax
    nop
    watched
    call raise
    watch "sti, lss", 2
    sti
    lss eax, [stack]
    nop
    nop
    watched
    mov eax, ss
    mov edx, UART + 1
    watch "mov ss, out that raises", IF
    mov al, 2
    mov ss, [data]
    out dx, al
    nop
    nop
    watched
    mov eax, ss
    watch "sti, out that raises", 2
    mov al, 2
    sti
    out dx, al
    nop
    watched
    watch "raised and taken back", 2
    mov al, 2
    out dx, al
    mov al, 0
    out dx, al
    sti
    nop
    nop
    watched
    call pic_start

    gate 0x40, INTERRUPT_GATE, raise_inside
    watch "raised in a handler, delivered after its iret", IF
    int 0x40
    nop
    watched

    call raise
    watch "TF, sti", TF
    sti
    nop
    nop
    push dword 2
    popfd
    watched
    call raise
    watch "popfd sets TF and IF", 2
    push dword TF | IF
    popfd
    nop
    nop
    push dword 2
    popfd
    watched
    call raise
    watch "TF, popfd sets IF", TF
    push dword TF | IF
    popfd
    nop
    push dword 2
    popfd
    watched
    mov eax, ss
    call raise
    watch "TF, sti, mov ss", TF
    sti
    mov ss, eax
    nop
    push dword 2
    popfd
    watched

    gate 0x24, 0x0E00, on_interrupt
    call raise
    try "an interrupt whose gate is not present", 2
    push dword IF | 2
    popfd
    nop
    done
    call lower
    mov al, 0x20
    out PIC1, al
    jmp exit

return:
    nop
    iretd
raise_inside:
    call raise
    nop
    nop
    iretd

section .data
data: dd SEL_DATA
stack: dd 0
    dw SEL_DATA

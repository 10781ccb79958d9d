; interrupts.asm: the interrupt descriptor table, the two 8259 interrupt controllers, and waiting.
;
;   interrupts_init   fill and load the IDT, move the 16 interrupt lines to vectors 0x20 … 0x2F
;   irq_enable        from now on interrupt line eax (0 … 15) calls the routine at edx; a handler
;                     may change every register, finds the line number in eax, and ends in `ret`
;   wait_interrupt    (macro) sleep until an interrupt has been handled
;
; Code runs with interrupts off unless it says `sti`; so by default handlers run only inside
; wait_interrupt, and a program that looks first and waits then loses no wake-up.
; A vector without a handler is a mistake of the program: it is printed, and ends the run with 127.

%ifndef LIB_INTERRUPTS
%define LIB_INTERRUPTS
%include "lib/start.asm"
%include "lib/print.asm"

PIC1            equ 0x20            ; command port of the first controller; + 1 is its data port
PIC2            equ 0xA0
PIC_INIT        equ 0x11            ; ICW1: edge triggered, cascade, ICW4 follows
PIC_EOI         equ 0x20            ; end of interrupt
APIC_LINT0      equ 0xFEE00350      ; local APIC: what its input pin 0 does
APIC_EXTINT     equ 0x700           ; pass the 8259's interrupts on to the processor
FIRST_IRQ       equ 0x20
VECTORS         equ 48
STUB_BYTES      equ 16
UNEXPECTED      equ 127             ; exit status

; `sti` takes effect only after the instruction that follows it. An interrupt can therefore not
; slip in between the two, be handled, and leave `hlt` waiting for what has already happened.
%macro wait_interrupt 0
    sti
    hlt
    cli
%endmacro

section .text

interrupts_init:
    pusha
    mov edi, idt
    mov eax, stubs
    mov ecx, VECTORS
.gate:                              ; a gate holds its handler's address in two halves
    mov [edi], ax
    mov word [edi + 2], CODE_SELECTOR
    mov word [edi + 4], 0x8E00      ; present, ring 0, 32-bit interrupt gate
    mov edx, eax
    shr edx, 16
    mov [edi + 6], dx
    add eax, STUB_BYTES
    add edi, 8
    loop .gate
    lidt [idt_pointer]

    mov dword [APIC_LINT0], APIC_EXTINT
    mov al, PIC_INIT
    out PIC1, al
    out PIC2, al
    mov al, FIRST_IRQ               ; ICW2: vector of each controller's line 0
    out PIC1 + 1, al
    mov al, FIRST_IRQ + 8
    out PIC2 + 1, al
    mov al, 4                       ; ICW3: the second controller hangs on line 2
    out PIC1 + 1, al
    mov al, 2
    out PIC2 + 1, al
    mov al, 1                       ; ICW4: 8086 mode
    out PIC1 + 1, al
    out PIC2 + 1, al
    mov al, 0xFB                    ; mask every line but the cascade
    out PIC1 + 1, al
    mov al, 0xFF
    out PIC2 + 1, al
    popa
    ret

irq_enable:
    pusha
    mov [irq_handlers + eax*4], edx
    mov ecx, eax
    mov edx, PIC1 + 1
    cmp ecx, 8
    jb .unmask
    mov edx, PIC2 + 1
    sub ecx, 8
.unmask:
    mov ebx, 1
    shl ebx, cl
    not ebx
    in al, dx
    and al, bl
    out dx, al
    popa
    ret

; One stub for each vector, all of the same size. A stub pushes its number, so that the common
; code knows which one it was.
align STUB_BYTES
stubs:
%assign vector 0
%rep VECTORS
    push dword vector
    jmp interrupt
    align STUB_BYTES
%assign vector vector + 1
%endrep

interrupt:                          ; stack: vector, [error code], eip, cs, eflags
    pusha
    cld
    mov eax, [esp + 32]             ; past the eight registers
    sub eax, FIRST_IRQ
    jb fault
    mov edx, [irq_handlers + eax*4]
    test edx, edx
    jz fault
    push eax
    call edx
    pop eax
    cmp eax, 8
    mov al, PIC_EOI
    jb .first
    out PIC2, al
.first:
    out PIC1, al
    popa
    add esp, 4                      ; the vector
    iret

fault:
    print "unexpected interrupt, vector "
    add eax, FIRST_IRQ
    call print_decimal
    print " at "
    lea edx, [esp + 36]
    mov ecx, 0x27D00                ; the vectors 8, 10 … 14 and 17 push an error code
    bt ecx, eax
    jnc .no_error_code
    add edx, 4
.no_error_code:
    mov eax, [edx]
    call print_hex
    print 10
    mov al, UNEXPECTED
    jmp exit

section .data

align 4
idt_pointer:
    dw VECTORS * 8 - 1
    dd idt

section .bss

alignb 8
idt: resb VECTORS * 8
irq_handlers: resd 16

%endif

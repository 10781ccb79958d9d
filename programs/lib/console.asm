; console.asm: input from the console, the 16550 UART, by interrupts on line 4.
;
;   console_open    switch receive interrupts on
;   getc            → al: the next byte; sleeps until there is one
;
; The handler puts bytes into a ring and getc takes them out. Each index is written by one side
; only, and both run freely: the difference is the number of bytes in the ring. The queues of the
; 16550 stay off, as they are after a reset: switching them on would drop what was typed early.

%ifndef LIB_CONSOLE
%define LIB_CONSOLE
%include "lib/interrupts.asm"

UART_IRQ        equ 4
UART_IER        equ UART + 1        ; which interrupts: bit 0 = data received
UART_MCR        equ UART + 4        ; bit 3 (OUT2) connects the interrupt line on a PC
LSR_DATA_READY  equ 1
RING_BYTES      equ 256             ; a power of two

section .text

console_open:
    pusha
    mov eax, UART_IRQ
    mov edx, console_interrupt
    call irq_enable
    mov al, 0x0B                    ; DTR, RTS, OUT2
    mov dx, UART_MCR
    out dx, al
    mov al, 1                       ; a byte that came early interrupts now
    mov dx, UART_IER
    out dx, al
    popa
    ret

console_interrupt:
    mov dx, UART_LSR
    in al, dx
    test al, LSR_DATA_READY
    jz .done
    mov dx, UART
    in al, dx
    mov ecx, [ring_in]
    mov edx, ecx
    sub edx, [ring_out]
    cmp edx, RING_BYTES
    je console_interrupt            ; full: the byte is lost, as on a real machine
    movzx edx, cl                   ; the index modulo RING_BYTES
    mov [ring + edx], al
    inc ecx
    mov [ring_in], ecx
    jmp console_interrupt
.done:
    ret

getc:
    push ecx
.look:
    mov ecx, [ring_out]
    cmp ecx, [ring_in]
    jne .take
    wait_interrupt
    jmp .look
.take:
    inc dword [ring_out]
    movzx ecx, cl
    mov al, [ring + ecx]
    pop ecx
    ret

section .bss

ring: resb RING_BYTES
ring_in: resd 1
ring_out: resd 1

%endif

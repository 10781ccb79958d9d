; timer.asm: channel 0 of the 8254 interval timer as a periodic clock on interrupt line 0.
;
;   timer_start     eax interrupts a second (19 … 10000)
;   [ticks]         interrupts since then
;   [tick_hook]     a routine to call at every tick, or 0; it may change every register

%ifndef LIB_TIMER
%define LIB_TIMER
%include "lib/interrupts.asm"

PIT_HZ          equ 1193182         ; what the chip counts at
PIT_CHANNEL0    equ 0x40
PIT_CONTROL     equ 0x43
PIT_RATE        equ 0x34            ; channel 0, low byte then high byte, mode 2: rate generator

section .text

timer_start:
    pusha
    mov ecx, eax
    mov eax, PIT_HZ
    xor edx, edx
    div ecx
    mov ecx, eax
    mov al, PIT_RATE
    out PIT_CONTROL, al
    mov al, cl
    out PIT_CHANNEL0, al
    mov al, ch
    out PIT_CHANNEL0, al
    xor eax, eax
    mov edx, timer_interrupt
    call irq_enable
    popa
    ret

timer_interrupt:
    inc dword [ticks]
    cmp dword [tick_hook], 0
    je .done
    call [tick_hook]
.done:
    ret

section .bss

ticks: resd 1
tick_hook: resd 1

%endif

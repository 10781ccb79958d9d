; clock.asm: counts timer interrupts, and says every tenth of a second how much time has passed by
; the interval timer and what the time of day is.
;
; Two kinds of time enter a machine from outside: ticks (interrupts that come when they want to)
; and readings (numbers that the guest asks for). A replica sees the same ticks at the same
; instructions and reads the same numbers, even when it runs a second later.
;
; Command line: ticks=N, hundredths of a second to run for (default 100).
; Exit: 0 after N ticks.

%include "lib/start.asm"
%include "lib/args.asm"
%include "lib/timer.asm"
%include "lib/rtc.asm"

TICKS_A_SECOND equ 100
TICKS_A_LINE   equ 10

section .text

main:
    arg "ticks", 100
    mov ebp, eax
    call interrupts_init
    mov eax, TICKS_A_SECOND
    call timer_start
    mov ebx, TICKS_A_LINE           ; the tick at which to print the next line
.sleep:
    wait_interrupt
    mov eax, [ticks]
    cmp eax, ebx
    jb .check
    call show
    add ebx, TICKS_A_LINE
.check:
    cmp eax, ebp
    jb .sleep
    xor eax, eax
    ret

show:                               ; eax: ticks so far. Prints "1.3 s 12:34:56"
    pusha
    xor edx, edx
    mov ecx, TICKS_A_SECOND
    div ecx
    call print_decimal
    print "."
    mov eax, edx
    xor edx, edx
    mov ecx, TICKS_A_LINE
    div ecx
    call print_decimal
    print " s "
    call rtc_seconds
    mov edi, line
    call append_time
    mov esi, line
    call puts
    print 10
    popa
    ret

section .bss

line: resb 16

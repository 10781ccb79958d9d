; everything.asm: takes in every kind of input that there is, for the scenarios `capture-everything`
; and `what-is-trapped`.
;
; At each request it stirs all that has come from outside into one number, and tells it to the client
; and to the console: timer ticks, what was typed, a sector of the disk, the cycle counter, a random
; number, the counter of the interval timer and the time of day. A replica knows the number only if
; it was given every one of them, each at its instruction.
;
; Requests (port 7):  look → the number so far          quit → bye
; Console: the same numbers. Exit: 0 after quit; 2 without a disk; 3 if a disk request failed.

%include "lib/start.asm"
%include "lib/timer.asm"
%include "lib/rtc.asm"
%include "lib/console.asm"
%include "lib/disk.asm"
%include "lib/request.asm"

LATCH_CHANNEL0 equ 0

section .text

main:
    call interrupts_init
    call disk_open
    call console_open
    mov eax, 100
    call timer_start
    sti
    serve "everything", handle

handle:
    when "look", .look
    say "what?"
    ret
.look:
    push edi
    mov eax, [ticks]
    call stir
    call stir_typed
    call stir_disk
    jc .failed
    rdtsc
    call stir
    rdrand eax
    call stir
    mov al, LATCH_CHANNEL0
    out PIT_CONTROL, al
    xor eax, eax
    in al, PIT_CHANNEL0
    mov ah, al
    in al, PIT_CHANNEL0
    call stir
    call rtc_seconds
    call stir
    pop edi
    mov eax, [number]
    print "seen "
    call print_decimal
    print 10
    jmp append_decimal
.failed:
    mov al, 3
    jmp exit

stir_typed:
    mov eax, [ring_out]
    cmp eax, [ring_in]
    je .done
    call getc
    movzx eax, al
    call stir
    jmp stir_typed
.done:
    ret

stir_disk:                          ; reads sector 0, and writes the number into it; carry: failed
    mov eax, DISK_READ
    xor edx, edx
    mov esi, sector
    call disk_do
    jc .done
    mov eax, [sector]
    call stir
    mov eax, [number]
    mov [sector], eax
    mov eax, DISK_WRITE
    xor edx, edx
    mov esi, sector
    call disk_do
.done:
    ret

stir:                               ; eax into the number
    push eax
    xor eax, [number]
    rol eax, 7
    imul eax, eax, 0x01000193
    mov [number], eax
    pop eax
    ret

section .bss

alignb 16
sector: resb SECTOR_BYTES
number: resd 1

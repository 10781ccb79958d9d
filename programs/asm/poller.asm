; poller.asm: watches its memory while the disk writes into it, for the scenario `bounce-buffer`.
;
; A program that waits for the interrupt never sees a half-finished transfer. This one does not
; wait: it counts how often it can look before the data is there. The two replicas count the same
; only if the bytes appear at the same instruction, so they must not go straight from the disk into
; the memory of the machine.
;
; Command line: reads=N (default 4).
; Exit: 0; 2 without a disk; 3 if a request failed.

%include "lib/start.asm"
%include "lib/args.asm"
%include "lib/disk.asm"

PATTERN equ 0x5A

section .text

main:
    call interrupts_init
    call disk_open
    mov al, PATTERN
    call fill
    mov eax, DISK_WRITE
    xor edx, edx
    mov esi, buffer
    call disk_do
    jc .failed
    arg "reads", 4
    mov ebp, eax
.next:
    dec ebp
    js .end
    xor eax, eax
    call fill
    mov eax, DISK_READ
    call disk_start
    xor eax, eax
.look:
    inc eax
    cmp byte [buffer + SECTOR_BYTES - 1], PATTERN
    jne .look
    print "looked "
    call print_decimal
    print " times", 10
    call disk_finish
    jc .failed
    jmp .next
.end:
    xor eax, eax
    ret
.failed:
    print "disk error", 10
    mov al, 3
    ret

fill:                               ; the buffer with al
    push ecx
    mov edi, buffer
    mov ecx, SECTOR_BYTES
    rep stosb
    pop ecx
    ret

section .bss

alignb 16
buffer: resb SECTOR_BYTES

; overwrite.asm: writes one sector again and again without waiting, and reads it at the same time, for
; the scenarios `overlapping-writes` and `lost-answer`.
;
; In each round three writes of sector 0 and a read of it are in flight together. A disk may carry
; them out in any order, so on real hardware nobody knows what comes back. Two replicas have to know,
; so theirs happen one after the other, as the program asked: it reads what it wrote last.
;
; Command line: rounds=N (default 4).
; Console: the number of the write that was read, in each round. Exit: 0; 2 without a disk; 3 if a
; request failed.

%include "lib/start.asm"
%include "lib/args.asm"
%include "lib/disk.asm"

WRITES equ DISK_SLOTS - 1

section .text

main:
    call interrupts_init
    call disk_open
    arg "rounds", 4
    mov ebp, eax
    xor ebx, ebx                    ; writes so far
    xor edx, edx                    ; the sector
.round:
    dec ebp
    js .end
    mov esi, buffers
    mov ecx, WRITES
.write:
    inc ebx
    mov [esi], ebx
    mov eax, DISK_WRITE
    call disk_start
    add esi, SECTOR_BYTES
    loop .write
    mov eax, DISK_READ
    call disk_start
    call disk_finish
    jc .failed
    print "read "
    mov eax, [esi]
    call print_decimal
    print 10
    jmp .round
.end:
    xor eax, eax
    ret
.failed:
    print "disk error", 10
    mov al, 3
    ret

section .bss

alignb 16
buffers: resb SECTOR_BYTES * DISK_SLOTS

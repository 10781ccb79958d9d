; journal.asm: appends records to a journal on disk, one a sector, so that a power cut at any
; moment loses no record that was called safe.
;
; At boot the journal is read as far as records are whole and in sequence (lib/record.asm); what
; lies behind was never called safe. Then records are appended: a batch of writes in flight
; together, a flush, and only then the word "safe".
;
; Command line: records=N to append (default 8), batch=N writes in flight (1 … 4, default 1).
; Exit: 0; 1 if the journal read back is not what was written; 2 without a disk; 3 if a request
; failed; 4 if the disk is full.

%include "lib/start.asm"
%include "lib/args.asm"
%include "lib/disk.asm"
%include "lib/record.asm"

section .text

main:
    call interrupts_init
    call disk_open
    mov [capacity], eax
    call recover
    print "recovered "
    mov eax, ebx
    call print_decimal
    print 10

    arg "records", 8
    lea ebp, [ebx + eax]            ; the last sequence number to write
    arg "batch", 1
    mov [batch], eax
.batch:
    cmp ebx, ebp
    je .verify
    mov ecx, [batch]
    mov esi, buffers
.record:
    cmp ebx, [capacity]
    je .full
    mov edx, ebx                    ; record n lies in sector n - 1
    inc ebx
    call record_make
    mov eax, DISK_WRITE
    call disk_start
    add esi, SECTOR_BYTES
    cmp ebx, ebp
    loopne .record                  ; until the batch is full, or all are written
    call disk_finish
    jc .failed
    mov eax, DISK_FLUSH
    xor edx, edx
    call disk_do
    jc .failed
    print "safe "
    mov eax, ebx
    call print_decimal
    print 10
    jmp .batch

.verify:
    call recover
    cmp ebx, ebp
    mov al, 1
    jne .end
    print "verified", 10
    xor eax, eax
.end:
    ret
.full:
    print "full", 10
    mov al, 4
    ret
.failed:
    print "disk error", 10
    mov al, 3
    ret

recover:                            ; → ebx: the last record of those that are whole
    xor ebx, ebx
    mov esi, buffers
.next:
    mov edx, ebx
    cmp edx, [capacity]
    je .end
    mov eax, DISK_READ
    call disk_do
    jc main.failed
    inc ebx
    call record_check
    je .next
    dec ebx
.end:
    ret

section .bss

capacity: resd 1                    ; sectors of the disk
batch: resd 1
alignb 16
buffers: resb SECTOR_BYTES * DISK_SLOTS

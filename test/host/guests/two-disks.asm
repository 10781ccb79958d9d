; two-disks.asm: counts on two disks at once. The number n goes into sector 0 of both, in flight
; together, then into sector n of the first and sector (sectors - n) of the second; then both are
; flushed, and "n" is printed. At the end everything is read back.
;
; Command line: count=N (default 8). Exit: 0; 1 if something else is read back; 2 if a request failed.

%include "lib/start.asm"
%include "lib/args.asm"
%include "lib/print.asm"
%include "lib/virtio.asm"

READ            equ 0
WRITE           equ 1
FLUSH           equ 4
FLUSHES         equ 1 << 9
SECTOR          equ 512

section .text

main:
    call interrupts_init
    mov ebx, VIRTIO_SLOT0
    mov edi, queues
    call open_slot
    mov [capacity], eax
    mov ebx, VIRTIO_SLOT0 + (1 << SLOT_SHIFT)
    mov edi, queues + QUEUE_BYTES
    call open_slot
    mov [capacity + 4], eax
    arg "count", 8
    mov ebp, eax
    mov ecx, 1
.number:
    xor edx, edx
    call write_both
    call place
    call write_both
    mov eax, FLUSH
    call both
    mov eax, ecx
    call print_decimal
    print 10
    inc ecx
    cmp ecx, ebp
    jbe .number
    mov ecx, ebp
.verify:
    call place
    mov eax, READ
    call both
    cmp [buffers], ecx
    jne .wrong
    cmp [buffers + SECTOR], ecx
    jne .wrong
    loop .verify
    mov al, 0
    jmp exit
.wrong:
    mov al, 1
    jmp exit

; Opens the block device in slot ebx with the queue at edi → eax: its sectors.
open_slot:
    mov dword [ebx + V_STATUS], 0
    mov dword [ebx + V_STATUS], 3
    mov dword [ebx + V_DRV_SELECT], 0
    mov dword [ebx + V_DRV_FEATURES], FLUSHES
    mov dword [ebx + V_DRV_SELECT], 1
    mov dword [ebx + V_DRV_FEATURES], 1
    mov dword [ebx + V_STATUS], 0xB
    xor eax, eax
    call virtio_queue
    call virtio_start
    mov eax, [ebx + V_CONFIG]
    ret

; The sectors of number ecx: of the first disk edx, of the second [second].
place:
    mov edx, [capacity + 4]
    sub edx, ecx
    mov [second], edx
    mov edx, ecx
    ret

; Writes the number ecx to sector edx of the first disk and [second] of the second.
write_both:
    mov [buffers], ecx
    mov [buffers + SECTOR], ecx
    mov eax, WRITE

; Carries out request eax on both disks at once.
both:
    pusha
    mov [headers], eax
    mov [headers + 16], eax
    mov [headers + 8], edx
    mov edx, [second]
    mov [headers + 16 + 8], edx
    mov ecx, 0
.begin:
    call describe_request
    xor eax, eax
    call virtio_offer
    inc ecx
    cmp ecx, 2
    jb .begin
    mov edi, queues
    call virtio_wait
    mov edi, queues + QUEUE_BYTES
    call virtio_wait
    popa
    mov dword [second], 0
    cmp word [answers], 0
    jne .failed
    ret
.failed:
    mov al, 2
    jmp exit

; The descriptors of the request of disk ecx → edi: its queue.
describe_request:
    mov edi, ecx
    shl edi, 9
    mov esi, edi
    add edi, queues
    add esi, buffers
    mov edx, ecx
    shl edx, 4
    add edx, headers
    lea ebx, [answers + ecx]
    cmp dword [edx], FLUSH
    je .flush
    describe edi, 0, edx, 16, D_NEXT, 1
    describe edi, 1, esi, SECTOR, D_NEXT, 2
    describe edi, 2, ebx, 1, D_WRITE, 0
    cmp dword [edx], READ
    jne .done
    or word [edi + 16 + 12], D_WRITE
.done:
    ret
.flush:
    describe edi, 0, edx, 16, D_NEXT, 2
    describe edi, 2, ebx, 1, D_WRITE, 0
    ret

section .bss

alignb 16
queues: resb 2*QUEUE_BYTES
headers: resb 2*16
buffers: resb 2*SECTOR
capacity: resd 2
second: resd 1
answers: resb 2

; disk.asm: sectors of 512 bytes on a virtio block device, up to four requests in flight.
;
;   disk_open       bring the device up → eax: its sectors. Ends the run with 2 if there is none
;   disk_start      begin request eax (DISK_READ, DISK_WRITE, DISK_FLUSH) for sector edx and the
;                   512 bytes at esi. Sleeps only if four requests are in flight already
;   disk_finish     sleep until no request is in flight; carry set if one has failed
;   disk_do         disk_start and disk_finish
;
; The bytes at esi must be left alone until disk_finish. Requests in flight may complete in any
; order; what has been written is safe from a power cut only after a flush that began later.

%ifndef LIB_DISK
%define LIB_DISK
%include "lib/virtio.asm"

DISK_READ       equ 0               ; request types, as virtio numbers them
DISK_WRITE      equ 1
DISK_FLUSH      equ 4
SECTOR_BYTES    equ 512
DISK_F_FLUSH    equ 1 << 9          ; feature: the device knows DISK_FLUSH
DISK_SLOTS      equ 4               ; slot n uses the descriptors 3n (header), 3n+1 (data), 3n+2

section .text

disk_open:
    push ebx
    push edx
    push edi
    mov eax, VIRTIO_BLOCK
    mov edx, DISK_F_FLUSH
    call virtio_open
    jc .absent
    xor eax, eax
    mov edi, disk_queue
    call virtio_queue
    call virtio_start
    mov eax, [ebx + V_CONFIG]
    pop edi
    pop edx
    pop ebx
    ret
.absent:
    print "no disk", 10
    mov al, 2
    jmp exit

disk_start:
    pusha
.look:
    mov ecx, [disk_busy]
    not ecx
    bsf ebx, ecx                    ; the first slot that is not busy
    cmp ebx, DISK_SLOTS
    jb .free
    call disk_wait
    jmp .look
.free:
    not ecx
    bts ecx, ebx
    mov [disk_busy], ecx

    mov ecx, ebx                    ; the header: type and sector
    shl ecx, 4
    add ecx, disk_headers
    mov [ecx], eax
    mov [ecx + 8], edx
    lea edx, [ebx + ebx*2]          ; the first descriptor
    mov edi, edx
    shl edi, 4
    add edi, disk_queue
    lea ebp, [edx + 2]              ; the last one: a byte for the device's answer
    describe edi, 0, ecx, 16, D_NEXT, bp
    lea ecx, [disk_status + ebx]
    describe edi, 2, ecx, 1, D_WRITE, 0
    cmp eax, DISK_FLUSH
    je .offer
    describe edi, 1, esi, SECTOR_BYTES, D_NEXT, bp
    lea ecx, [edx + 1]
    mov [edi + 14], cx              ; the header goes on with the data
    cmp eax, DISK_WRITE
    je .offer
    or word [edi + 16 + 12], D_WRITE
.offer:
    mov eax, edx
    mov edi, disk_queue
    call virtio_offer
    popa
    ret

disk_wait:                          ; until one request more is complete
    pusha
    mov edi, disk_queue
    call virtio_wait
    xor edx, edx
    mov ecx, 3
    div ecx                         ; eax: its slot
    mov ecx, [disk_busy]
    btr ecx, eax
    mov [disk_busy], ecx
    mov al, [disk_status + eax]
    or [disk_failed], al
    popa
    ret

disk_do:
    call disk_start
disk_finish:
    cmp dword [disk_busy], 0
    je .done
    call disk_wait
    jmp disk_finish
.done:
    neg byte [disk_failed]          ; carry set if it is not zero
    mov byte [disk_failed], 0
    ret

section .bss

alignb 16
disk_queue: resb QUEUE_BYTES
disk_headers: resb 16*DISK_SLOTS
disk_busy: resd 1                   ; bit n: slot n holds a request in flight
disk_status: resb DISK_SLOTS        ; 0: done; anything else: failed
disk_failed: resb 1

%endif

; net.asm: Ethernet frames through a virtio network device.
;
;   net_open        bring the device up, or end the run with status 2 if there is none
;   frame_receive   → esi: the next frame, ecx: its length. Sleeps until there is one. The frame
;                   stays until the next call
;   frame_send      send the ecx bytes at [frame_out], and sleep until the device has taken them
;   [mac_address]   our six bytes

%ifndef LIB_NET
%define LIB_NET
%include "lib/virtio.asm"

NET_F_MAC       equ 1 << 5          ; feature: the device tells us our address
NET_HEADER      equ 12              ; virtio's own header before every frame; we need none of it
FRAME_BYTES     equ 1514
BUFFER_SHIFT    equ 11              ; a receive buffer has 2048 bytes

section .text

net_open:
    pusha
    mov eax, VIRTIO_NET
    mov edx, NET_F_MAC
    call virtio_open
    jc .absent
    mov eax, [ebx + V_CONFIG]
    mov [mac_address], eax
    mov ax, [ebx + V_CONFIG + 4]
    mov [mac_address + 4], ax
    mov eax, 0
    mov edi, receive_queue
    call virtio_queue
    mov eax, 1
    mov edi, send_queue
    call virtio_queue
    call virtio_start

    mov edi, receive_queue          ; descriptor n describes receive buffer n, for good
    mov esi, receive_queue
    mov edx, receive_buffers
    xor eax, eax
.buffer:
    describe esi, 0, edx, 1 << BUFFER_SHIFT, D_WRITE, 0
    call virtio_offer
    add esi, 16
    add edx, 1 << BUFFER_SHIFT
    inc eax
    cmp eax, QUEUE_SIZE
    jb .buffer
    mov dword [frame_buffer], -1
    popa
    ret
.absent:
    print "no network device", 10
    mov al, 2
    jmp exit

frame_receive:
    push edi
    push eax
    mov edi, receive_queue
    mov eax, [frame_buffer]
    cmp eax, -1
    je .wait
    call virtio_offer               ; the device may have the previous one back
.wait:
    call virtio_wait
    mov [frame_buffer], eax
    shl eax, BUFFER_SHIFT
    lea esi, [receive_buffers + eax + NET_HEADER]
    sub ecx, NET_HEADER
    pop eax
    pop edi
    ret

frame_send:
    pusha
    add ecx, NET_HEADER
    describe send_queue, 0, send_buffer, ecx, 0, 0
    mov edi, send_queue
    xor eax, eax
    call virtio_offer
    call virtio_wait
    popa
    ret

section .bss

alignb 16
receive_queue: resb QUEUE_BYTES
send_queue: resb QUEUE_BYTES
receive_buffers: resb QUEUE_SIZE << BUFFER_SHIFT
send_buffer: resb NET_HEADER
frame_out: resb FRAME_BYTES
mac_address: resb 6
frame_buffer: resd 1                ; the receive buffer that the program looks at, -1 for none

%endif

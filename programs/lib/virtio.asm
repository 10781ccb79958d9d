; virtio.asm: virtio devices behind memory-mapped registers (virtio 1.x, sections 2.7 and 4.2).
;
; Driver and device share a *queue* in memory: a table of descriptors (pieces of memory), a ring in
; which the driver makes descriptors available, and one in which the device returns those used.
;
;   virtio_open     eax: device type, edx: wanted features (low word) → ebx: the device's
;                   registers; carry set if there is none
;   virtio_queue    set up queue number eax of device ebx in the QUEUE_BYTES of zeros at edi
;   virtio_start    ebx: the queues are ready, go; from now on it interrupts
;   describe        (macro) describe queue, index, address, bytes, flags, next
;   virtio_offer    edi: queue, eax: first descriptor of a chain. Hand it over and tell the device
;   virtio_wait     edi: queue → eax: first descriptor of a chain that the device has used,
;                   ecx: bytes that it wrote there. Sleeps until there is one

%ifndef LIB_VIRTIO
%define LIB_VIRTIO
%include "lib/interrupts.asm"

VIRTIO_NET      equ 1               ; device types
VIRTIO_BLOCK    equ 2
VIRTIO_ENTROPY  equ 4

VIRTIO_SLOT0    equ 0xFEB00000      ; eight slots; slot n interrupts on line 5 + n
VIRTIO_SLOTS    equ 8
SLOT_SHIFT      equ 9
SLOT0_IRQ       equ 5

V_MAGIC         equ 0x000           ; registers of a slot
V_DEVICE_ID     equ 0x008
V_DEV_FEATURES  equ 0x010
V_DEV_SELECT    equ 0x014
V_DRV_FEATURES  equ 0x020
V_DRV_SELECT    equ 0x024
V_QUEUE         equ 0x030
V_QUEUE_SIZE    equ 0x038
V_QUEUE_READY   equ 0x044
V_NOTIFY        equ 0x050
V_INT_STATUS    equ 0x060
V_INT_ACK       equ 0x064
V_STATUS        equ 0x070
V_DESCRIPTORS   equ 0x080
V_AVAILABLE     equ 0x090
V_USED          equ 0x0A0
V_CONFIG        equ 0x100
VIRTIO_MAGIC    equ 0x74726976      ; "virt"

QUEUE_SIZE      equ 16              ; descriptors in a queue; a power of two
Q_DESCRIPTORS   equ 0               ; 16 bytes each: address (64 bits), bytes, flags, next
Q_AVAILABLE     equ 16*QUEUE_SIZE   ; flags, index, ring of 16-bit descriptor numbers
Q_USED          equ Q_AVAILABLE + 4 + 2*QUEUE_SIZE + 4  ; flags, index, ring of (number, bytes)
Q_DEVICE        equ Q_USED + 4 + 8*QUEUE_SIZE + 4       ; ours: address of the device's registers
Q_NUMBER        equ Q_DEVICE + 4    ; ours: number of this queue
Q_SEEN          equ Q_NUMBER + 4    ; ours: used index up to which we have looked
QUEUE_BYTES     equ 512

D_NEXT          equ 1               ; descriptor flags: the chain goes on at `next`
D_WRITE         equ 2               ; the device writes here

%macro describe 6
    mov dword [%1 + 16*(%2)], %3
    mov dword [%1 + 16*(%2) + 8], %4
    mov word [%1 + 16*(%2) + 12], %5
    mov word [%1 + 16*(%2) + 14], %6
%endmacro

section .text

virtio_open:
    push ecx
    mov ebx, VIRTIO_SLOT0
    mov ecx, VIRTIO_SLOTS
.slot:
    cmp dword [ebx + V_MAGIC], VIRTIO_MAGIC
    jne .other
    cmp [ebx + V_DEVICE_ID], eax
    je .found
.other:
    add ebx, 1 << SLOT_SHIFT
    loop .slot
    stc
    pop ecx
    ret
.found:
    mov dword [ebx + V_STATUS], 0   ; reset
    mov dword [ebx + V_STATUS], 1   ; we have noticed you
    mov dword [ebx + V_STATUS], 3   ; … and know how to drive you
    mov dword [ebx + V_DEV_SELECT], 0
    mov ecx, [ebx + V_DEV_FEATURES]
    and ecx, edx
    mov dword [ebx + V_DRV_SELECT], 0
    mov [ebx + V_DRV_FEATURES], ecx
    mov dword [ebx + V_DRV_SELECT], 1
    mov dword [ebx + V_DRV_FEATURES], 1     ; bit 32: virtio 1
    mov dword [ebx + V_STATUS], 0xB ; features agreed
    clc
    pop ecx
    ret

virtio_queue:
    push edx
    mov [ebx + V_QUEUE], eax
    mov dword [ebx + V_QUEUE_SIZE], QUEUE_SIZE
    lea edx, [edi + Q_DESCRIPTORS]  ; addresses are 64 bits wide; the upper half stays 0
    mov [ebx + V_DESCRIPTORS], edx
    lea edx, [edi + Q_AVAILABLE]
    mov [ebx + V_AVAILABLE], edx
    lea edx, [edi + Q_USED]
    mov [ebx + V_USED], edx
    mov dword [ebx + V_QUEUE_READY], 1
    mov [edi + Q_DEVICE], ebx
    mov [edi + Q_NUMBER], eax
    pop edx
    ret

virtio_start:
    pusha
    mov dword [ebx + V_STATUS], 0xF
    mov eax, ebx
    sub eax, VIRTIO_SLOT0
    shr eax, SLOT_SHIFT
    add eax, SLOT0_IRQ
    mov edx, virtio_interrupt
    call irq_enable
    popa
    ret

; All that the interrupt has to do is wake the processor: virtio_wait looks at the ring itself.
virtio_interrupt:
    sub eax, SLOT0_IRQ
    shl eax, SLOT_SHIFT
    mov edx, [VIRTIO_SLOT0 + eax + V_INT_STATUS]
    mov [VIRTIO_SLOT0 + eax + V_INT_ACK], edx
    ret

virtio_offer:
    push edx
    push ebx
    movzx edx, word [edi + Q_AVAILABLE + 2]
    mov ebx, edx
    and ebx, QUEUE_SIZE - 1
    mov [edi + Q_AVAILABLE + 4 + ebx*2], ax
    inc edx
    mov [edi + Q_AVAILABLE + 2], dx ; only now may the device see the entry
    mov ebx, [edi + Q_DEVICE]
    mov edx, [edi + Q_NUMBER]
    mov [ebx + V_NOTIFY], edx
    pop ebx
    pop edx
    ret

virtio_wait:
    pushf                           ; the caller may run with interrupts on
    push edx
    cli
.look:
    movzx edx, word [edi + Q_SEEN]
    cmp dx, [edi + Q_USED + 2]
    jne .used
    wait_interrupt
    jmp .look
.used:
    inc word [edi + Q_SEEN]
    and edx, QUEUE_SIZE - 1
    mov eax, [edi + Q_USED + 4 + edx*8]
    mov ecx, [edi + Q_USED + 4 + edx*8 + 4]
    pop edx
    popf
    ret

%endif

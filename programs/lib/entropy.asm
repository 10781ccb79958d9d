; entropy.asm: random numbers from the best source that the machine has.
;
;   entropy_open    find the source → esi: its name
;   random32        → eax: 32 random bits
;
; In order of preference: the instruction rdrand (the processor says by cpuid whether it has it), a
; virtio entropy device, the time-stamp counter. The last is no source of secrets, only of
; surprise.

%ifndef LIB_ENTROPY
%define LIB_ENTROPY
%include "lib/virtio.asm"

CPUID_RDRAND    equ 30              ; bit of ecx, leaf 1

section .text

entropy_open:
    pusha
    mov dword [random_source], from_rdrand
    mov dword [esp + 4], rdrand_name        ; what popa will load into esi
    mov eax, 1
    cpuid
    bt ecx, CPUID_RDRAND
    jc .done
    mov dword [random_source], from_device
    mov dword [esp + 4], device_name
    mov eax, VIRTIO_ENTROPY
    xor edx, edx
    call virtio_open
    jc .counter
    xor eax, eax
    mov edi, entropy_queue
    call virtio_queue
    call virtio_start
    jmp .done
.counter:
    mov dword [random_source], from_counter
    mov dword [esp + 4], counter_name
.done:
    popa
    ret

random32:
    jmp [random_source]

from_rdrand:
    rdrand eax
    jnc from_rdrand                 ; not ready yet
    ret

from_device:
    push ecx
    push edi
.ask:
    describe entropy_queue, 0, random_bytes, 4, D_WRITE, 0
    mov edi, entropy_queue
    xor eax, eax
    call virtio_offer
    call virtio_wait
    cmp ecx, 4
    jb .ask                         ; it may give less than asked for
    mov eax, [random_bytes]
    pop edi
    pop ecx
    ret

from_counter:                       ; the low bits change fastest: spread them over the word
    push edx
    rdtsc
    mov edx, 0x9E3779B1
    mul edx
    xor eax, edx
    pop edx
    ret

section .data

rdrand_name: db "rdrand", 0
device_name: db "virtio", 0
counter_name: db "rdtsc", 0

section .bss

alignb 16
entropy_queue: resb QUEUE_BYTES
random_bytes: resd 1
random_source: resd 1

%endif

; rom.asm: a ROM for Bochs in place of its BIOS, which carries one guest and starts it as the PVH
; protocol wants it (machine.md, "Loading"): so the very image that vmft runs also runs there.
;
; nasm -f bin -D 'IMAGE="guest.elf"' -D 'WORDS="n=1"'. The ROM has 64 KiB; the processor sees it at
; the end of the address space and begins at its last 16 bytes, in real mode.

ROM         equ 0xFFFF0000
ROM_BYTES   equ 0x10000
START_INFO  equ 0x1000              ; in RAM
COMMAND     equ 0x1080
STACK       equ 0x1000
PT_LOAD     equ 1

org ROM
bits 16

begin:
    cli
    o32 lgdt [cs:gdt_pointer - $$]
    mov eax, cr0
    or al, 1
    mov cr0, eax
    jmp dword 8:protected

bits 32
protected:
    mov eax, 0x10
    mov ds, eax
    mov es, eax
    mov ss, eax
    mov esp, STACK
    cld
    mov al, 2                       ; address line 20 on
    out 0x92, al
    mov dx, 0x3FB                   ; the console: words of 8 bits
    mov al, 3
    out dx, al

    mov ebx, [image + 28]           ; program headers: where, and how many
    add ebx, image
    movzx ebp, word [image + 44]
.segment:
    cmp dword [ebx], PT_LOAD
    jne .next
    mov esi, [ebx + 4]
    add esi, image
    mov edi, [ebx + 12]             ; physical address
    mov ecx, [ebx + 16]             ; bytes in the file …
    rep movsb
    mov ecx, [ebx + 20]             ; … and in memory: zeros for the rest
    sub ecx, [ebx + 16]
    xor eax, eax
    rep stosb
.next:
    add ebx, 32
    dec ebp
    jnz .segment

    mov esi, command
    mov edi, COMMAND
    mov ecx, command.end - command
    rep movsb
    mov edi, START_INFO
    mov ecx, 56
    xor eax, eax
    rep stosb
    mov ebx, START_INFO
    mov dword [ebx], 0x336EC578     ; magic
    mov dword [ebx + 24], COMMAND
    jmp [image + 24]                ; the entry

align 8
gdt:
    dq 0
    dq 0x00CF9A000000FFFF           ; 0x08: code, base 0, limit 4 GiB, 32-bit
    dq 0x00CF92000000FFFF           ; 0x10: data, the same
gdt_pointer:
    dw gdt_pointer - gdt - 1
    dd gdt
command:
    db WORDS, 0
.end:
align 4
image:
    incbin IMAGE

    times ROM_BYTES - 16 - ($ - $$) db 0
bits 16
reset:                              ; 0xFFFFFFF0
    jmp near begin
    times ROM_BYTES - ($ - $$) db 0

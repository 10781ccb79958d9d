; ports.asm: in, out, ins, outs of all sizes. The scratch register of the UART (port 0x3FF) keeps
; what is written, the mask of the first interrupt controller (port 0x21) too; ports 0x400 … 0x403
; are no device.
%include "rig.inc"

main:
    mov al, 0x5A
    out 0x21, al
    mov eax, -1
    in al, 0x21
    show "in al, imm8", eax
    mov dx, 0x3FF
    mov eax, 0x12345678
    out dx, al
    mov eax, -1
    in al, dx
    show "in al, dx", eax
    mov dx, 0x400
    xor eax, eax
    in al, dx
    show "in al, no device", eax
    xor eax, eax
    in ax, dx
    show "in ax, no device", eax
    xor eax, eax
    in eax, dx
    show "in eax, no device", eax
    mov eax, 0xC0DE
    mov edx, 0x123403FF             ; the upper half of edx does not count
    out dx, al
    mov eax, -1
    in al, dx
    show "upper half of edx", eax

    mov edx, 0x3FF
    mov esi, text
    try "outsb moves esi, keeps flags", 0x8D7
    outsb
    done
    sub esi, text
    show "esi", esi
    mov edi, buffer
    try "insb", 0x8D7
    insb
    done
    sub edi, buffer
    show "edi", edi
    show "read", [buffer]

    mov edi, buffer + 7
    mov ecx, 5
    std
    rep insb
    cld
    sub edi, buffer
    show "rep insb downwards, edi", edi
    show "ecx", ecx
    show "bytes 0 … 3", [buffer]
    show "bytes 4 … 7", [buffer + 4]
    mov esi, text + 3
    mov ecx, 4
    std
    rep outsb
    cld
    sub esi, text
    show "rep outsb downwards, esi", esi
    in al, dx
    movzx eax, al
    show "last byte", eax
    mov esi, text
    xor ecx, ecx
    rep outsb
    sub esi, text
    show "rep outsb of nothing, esi", esi
    in al, dx
    movzx eax, al
    show "last byte still", eax

    mov edx, 0x400
    mov edi, buffer
    insw
    show "insw", [buffer]
    insd
    show "insd", [buffer + 2]
    sub edi, buffer
    show "edi", edi
    mov ecx, 3
    mov edi, buffer
    rep insd
    sub edi, buffer
    show "rep insd, edi", edi
    mov esi, text
    outsw
    outsd
    sub esi, text
    show "outsw, outsd, esi", esi

    mov dword [0x4000], 0x44332211  ; 16-bit addresses reach the low page
    mov edx, 0x3FF
    mov esi, 0x12344000
    mov ecx, 0x00030002
    a16 rep outsb
    show "a16 rep outsb, esi", esi
    show "ecx", ecx
    in al, dx
    movzx eax, al
    show "last byte", eax
    mov edi, 0x5678FFFF
    mov byte [0xFFFF], 0
    a16 insb
    show "a16 insb at the end of 64 KiB, edi", edi
    movzx eax, byte [0xFFFF]
    show "read", eax
    jmp exit

section .data
text: db "abcdefgh"
section .bss
buffer: resb 64

; which immediates shrink to a byte
bits 32
    add eax, 1
    add eax, 127
    add eax, 128
    add eax, -128
    add eax, -129
    add eax, 0xffffffff
    add ebx, label
    add ebx, later
    add ebx, label - start
    add eax, strict dword 1
    add ebx, strict dword 1
    add ebx, strict byte 1
    add ebx, byte 5
    add bx, 0xffff
    add bx, -1
    push 5
    push 500
    push byte 5
    push dword 5
    push strict dword 5
    push word 5
    push label
    push later
    imul eax, ebx, 5
    imul eax, ebx, 500
    imul eax, 5
    shl eax, 1
    shl eax, 5
    shl eax, cl
    mov eax, 'abcd'
    mov al, -1
    mov ax, 'ab'
    mov eax, -1
    test eax, 1
    cmp byte [ebx], -1
    cmp dword [ebx], -1
    cmp dword [ebx], 0x80
    int 0x80
    int3
    ret 8
    enter 16, 0
    in al, 0x60
    out dx, al
start:
    nop
label:
later equ 9

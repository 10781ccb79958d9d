; struc, istruc, and absolute space
bits 32
struc point
.x: resd 1
.y: resd 1
.tag resb 3
    alignb 4
.name: resb 8
endstruc
struc header, 16
.a resw 1
.b resb 1
endstruc
absolute 0x500
buffer: resb 64
after_buffer:
section .text
main:
    mov eax, [ebx + point.y]
    mov byte [ebx + point.tag], point_size
    mov ecx, [buffer]
.local:
    dd point, point.x, point.name, point_size, header.b, header_size, after_buffer, main.local
origin:
    istruc point
        at point.x, dd 5
        at point.tag, db 'ab'
        at .name, db 'origin'
    iend
    istruc point
    iend
    dd $ - origin

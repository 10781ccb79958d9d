; labels, local labels, and what is no register because of its dollar
bits 32
org 0x7c00
start:
.loop:  dec ecx
        jnz .loop
        jmp .end
other   nop
.loop:  loop .loop
        jmp start.loop
        call start.end
..@free: nop
.more:  jmp .more
        jmp ..@free
        dd other.more
        jmp start
start.end:
$eax:   mov eax, $eax
        mov ebx, [$eax]
        dd .loop2, _x, x?y, @z, a$b, a#b, a~b
.loop2:
_x:
x?y:
@z:
a$b:
a#b:
a~b:
late:   jmp near late

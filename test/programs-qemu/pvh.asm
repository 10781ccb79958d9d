; The PVH note and the entry point, as nasm and ld need them. Our own assembler supplies both.
global _start
section .note.pvh note align=4
    dd 4, 4, 18                     ; bytes of the name, bytes of the value, type: entry point
    db "Xen", 0
    dd _start

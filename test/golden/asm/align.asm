; align pads with nops or what it is told
bits 32
    db 1
    align 4
    db 2
    align 16, db 0
    db 3
    align 8, int3
    db 4
    alignb 4, db 0xcc
    align 4
    align 2
section .data
    db 1
    align 32, db 0x55
    db 2
section .bss
    resb 1
    alignb 16
x:  resb 1
    align 8
y:  times 3 db 0
section .text
    dd x, y

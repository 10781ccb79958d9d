; data, room, repetition
bits 32
    db 1, 2, 3,
    db -1, 255, -128, 0x12
    dw 0x1234, -1, label, label - start
start:
    dd label, -label + label, label - start, 'x', "long string"
    dq 1, label
label:
    times 3 db 1, 2
    times 2 dw 'a'
    times 4 dd $
    times 0 db 1
    times 3 times 2 db 9
    times 96 - ($ - start) db 0xee
x:  times 2 dd x
    db 2 dup (1, 2), 3 dup ('ab')
    dw 2 dup (5, 2 dup (6))
    dd (3) dup (label)
    db "a", 'b', 10, 13
five equ 5
six equ five + 1
ahead equ behind
behind equ later + 1
later equ six
    db five, six, ahead, behind
size equ $ - start
    dd size

; data in all sizes, nested and repeated
bits 32
; dup
 db 3 dup (1,2)
 db 2 dup ('abc')
 dw 2 dup (?)
 db 2 dup (2 dup (1), 3)
 dd 4 dup 5
 db %(1,2,3)
 dw byte 5, word 6
; dup nested size
 dd dword (1,2), byte (3,4)
 db byte %(1,2)
 db ?
; dt str
 dt 'abc'
 do 'abc'
 dy 'abc'
 dz 'abc'

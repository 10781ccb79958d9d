; what align puts in, in each mode of the package smartalign
bits 32
%use smartalign
%macro t 1
 align 64
 times %1 db 1
 align 16
%endmacro
%assign i 0
%rep 17
 t i
%assign i i+1
%endrep
 align 64
 times 1 db 1
 align 64
 alignmode p6
 db 1
 align 16
 alignmode k7
 db 1
 align 16
 alignmode k8
 db 1
 align 16
 alignmode nop
 db 1
 align 16
 alignmode generic, 32
 db 1
 align 16
 alignmode generic, nojmp
 db 1
 align 64

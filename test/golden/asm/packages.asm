; packages that %use brings in
bits 32
; use fp
%use fp
 dd float32(1.5)
; use ifunc
%use ifunc
 db ilog2e(16)

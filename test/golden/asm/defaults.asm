; defaults of greedy macros
bits 32
; greedy default
%macro m 1-3+ 7,8,9,10
 db %0,%2,%3
%endmacro
 m 1
 m 1,2

; calls that end in a comma
bits 32
; empty macro args
%macro m 0-3
 db %0
%endmacro
 m
 m ,
 m 1,
 m ,1
 m , ,
 m {}

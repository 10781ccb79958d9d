; places of sections in a flat image
; s2
org 0x100
section .text
 dd a,b,c,d
section .data vstart=0x1000
a: dd a
section .foo vfollows=.data
b: dd b
section .bar valign=16
c: dd c
section .bss
d: resd 1

; lines that go on \
   db 99
bits 32
    dd 1 + \
       2
%define long 1, \
             2, \
             3
    db long
    db 'a;b' ; comment ' with quote
	mov	eax,1	; tabs
  label :  db 1

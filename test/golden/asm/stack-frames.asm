; names for arguments and local variables
bits 32
; arg
%push mycontext
%stacksize flat
%arg i:dword, j:dword
foo:
 mov eax, [i]
 mov ebx, [j]
 ret
%pop
; local
%push mycontext
%stacksize flat
%assign %$localsize 0
%local old_ax:word, old_dx:word
 enter %$localsize,0
 mov [old_ax], ax
 mov [old_dx], dx
%pop

; names that change what they mean
bits 32
; repl
%push foo
 db 1
%repl bar
%ifctx bar
 db 2
%endif
%pop bar
; alias
%define a 5
%defalias b a
%define b 6
 db a
%undef b
%ifdef a
 db 1
%endif
%undefalias b
%define b 7
 db b
%undef a
%undef b
; rep nolist
%rep 3 .nolist
 db 1
%endrep
%rep 2
%rep 2
 db 3
%endrep
%endrep
; indirect
%define a1 5
%assign i 1
 db a%[i]
%undef i
%undef a1

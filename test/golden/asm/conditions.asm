; %if and its kin
bits 32
%define yes 1
%define text "abc"
%macro some 1-2
%endmacro
start:
    nop
%if yes
    db 1
%elif 1
    db 2
%else
    db 3
%endif
%if 0
    db 4
  %if 1
    db 5
  %else
    db 6
  %endif
%elif $ - start == 1 + 1
    db 7
%else
    db 8
%endif
%ifdef yes
    db 9
%endif
%ifndef yes
    db 10
%elifdef nope
    db 11
%elifndef nope
    db 12
%endif
%ifidn text, "abc"
    db 13
%endif
%ifidni ABC, abc
    db 14
%endif
%ifnidn a b, a  b
    db 15
%else
    db 16
%endif
%ifid yes_no
    db 17
%endif
%ifnum yes
    db 18
%endif
%ifnum -5
    db 19
%endif
%ifstr text
    db 20
%endif
%ifempty
    db 21
%endif
%ifnempty x
    db 22
%endif
%iftoken x
    db 23
%endif
%iftoken x y
    db 24
%endif
%ifmacro some
    db 25
%endif
%ifmacro some 2
    db 26
%endif
%ifmacro some 3
    db 27
%endif
%push ctx
%ifctx ctx
    db 28
%endif
%ifctx other ctx more
    db 128
%endif
%ifctx other more
    db 129
%endif
%define %$local 29
    db %$local
%push inner
    db %$$local
%$label:
    dd %$label
%pop
%pop ctx
%ifnctx
    db 30
%endif
%assign n 0
%rep 10
  %assign n n + 1
  %if n == 4
    %exitrep
  %endif
    db n
%endrep
%rep 2
  %rep 2
    db 1
  %endrep
    db 2
%endrep
%rep 0
    db 99
%endrep

; multi-line macros
bits 32
%macro put 1
    db %1
%endmacro
%macro put 2
    db %2, %1
%endmacro
%macro defaults 1-3 20, 30
    db %0, %1, %2, %3
%endmacro
%macro greedy 1+
    db %1
%endmacro
%macro all 1-*
    db %0
  %rep %0
    db %1
  %rotate 1
  %endrep
%endmacro
%macro backwards 1-*
  %rep %0
  %rotate -1
    push %1
  %endrep
%endmacro
%macro wait_for 2
%%again:
    test %1, %2
    jz %%again
    jmp short %%out
    nop
%%out:
%endmacro
%macro name_it 2
label_%1: dd %2
label%1_x: dd label_%1, %1%2
%endmacro
%imacro ANYCASE 0
    db 1
%endmacro
%macro when 2
    j%-1 %%skip
    j%1 %%skip
    %2
%%skip:
%endmacro
%macro outer 1
    put %1
  %macro inner_%1 0
    db 8
  %endmacro
%endmacro
%macro early 1
    db 1
  %if %1
    %exitmacro
  %endif
    db 2
%endmacro
%macro ranges 4
    db %{1:2}, %{4:3}, %{-1:-2}
%endmacro
%macro labelled 0
    dd 5
%00:
    dd %00
%endmacro
    put 1
    put 2, 3
    defaults 1
    defaults 1, 2
    defaults 1, 2, 3
    greedy 1, 2, 3
    greedy {4}
    all 5, 6, 7
    backwards eax, ebx, ecx
    wait_for al, 1
    wait_for ebx, 2
    name_it 1, 2
    anycase
    AnyCase
    when e, {mov eax, 1}
    when nc, ret
    outer 4
    inner_4
    early 0
    early 1
    ranges 1, 2, 3, 4
here: put 9
there put 10
    dd here, there
point: labelled
    put {'a', 'b'}
    put (1 + 2)
%macro cond 1
  %ifidn %1, eax
    db 1
  %elifidn %1, ebx
    db 2
  %else
    db 3
  %endif
%endmacro
    cond eax
    cond ebx
    cond ecx
%unmacro put 2
%define arg 42
    put arg
%macro quoted 2
    db "%1", %{2}0
%endmacro
    quoted 1, 2

; lines that only talk
bits 32
cpu 386
%warning this is only a warning
global start
%pragma something
start: nop
%if 0
%error never
%endif
    nop

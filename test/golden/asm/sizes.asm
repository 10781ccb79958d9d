; sizes that come and go while passes go on
bits 32
    db end - start
start:
    mov eax, [ebx + end - start]
    add eax, end - start
    jmp end
%if ($ - start) > 4
    db 'big'
%endif
    times 100 nop
    align 16
    push end - start
    times 256 - ($ - $$) db 0
    jz start
end:
    dw 0xaa55

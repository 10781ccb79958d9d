; jumps take the short form where they can
bits 32
start:
    jmp ahead
    jz ahead
    jmp near ahead
    jmp strict near ahead
    jmp short ahead
    jz near ahead
    call ahead
    loop start
    jecxz start
    loopne ahead
ahead:
    times 110 nop
    jmp start
    jnz start
    times 10 nop
    jmp start
    jnz start
far1:
    jmp far2
    times 126 nop
far2:
    jmp far3
    times 127 nop
far3:
    jmp far4
    times 128 nop
far4:
    jmp eax
    jmp [eax]
    jmp dword [table + eax * 4]
    call [table]
    jmp 8:start
    jmp dword 8:start
    call 0x10:0x1234
    jmp far [table]
    call far dword [table]
    jmp $
    jmp $ + 2
    jmp 0x1000
    call 0x1000
    times 3 jmp start
    times 2 jmp $
; chains of jumps that depend on each other's size
chain:
%assign i 0
%rep 40
    jmp target %+ i
%assign i i + 1
%endrep
%assign i 0
%rep 40
    times i nop
target %+ i:
    jz chain
%assign i i + 1
%endrep
table: dd start
section .other
    jmp start
    jz start
    call table

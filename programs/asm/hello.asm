; hello.asm: the smallest guest. It sends a text to the console, byte by byte, and ends the run.
; It uses nothing of lib/, not even a stack.

bits 32
section .text
_start:
    mov esi, text
    mov dx, 0x3F8               ; the console's data port
.next:
    lodsb
    test al, al
    jz .done
    out dx, al
    jmp .next
.done:
    out 0xF4, al                ; al = 0: all is well

section .data
text: db "Hello from inside.", 10, 0

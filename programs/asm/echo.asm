; echo.asm: repeats what is typed at the console, until control-D.
;
; Each byte is an input from outside that arrives at a moment nobody can foretell. A fault-tolerant
; machine must deliver it to both replicas at the same instruction; in between, this guest sleeps
; in `hlt`, executing nothing.
;
; Exit: 0 after control-D.

%include "lib/start.asm"
%include "lib/console.asm"

END_OF_INPUT equ 4                  ; control-D

section .text

main:
    call interrupts_init
    call console_open
    print "echo: ready", 10
.next:
    call getc
    cmp al, END_OF_INPUT
    je .end
    call putc
    jmp .next
.end:
    xor eax, eax
    ret

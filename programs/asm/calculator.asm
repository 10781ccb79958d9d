; calculator.asm: divides numbers typed at the console, and has a bug: nobody thought of zero.
;
; Replicas that execute the same instructions have the same bugs. Both run into this one, at the
; same instruction: fault tolerance of this kind helps against machines that break, not against
; programs that are broken.
;
; Console: a line 7/2 is repeated as it is typed, and answered with 3. Exit: 0 after control-D; 127 at a division by zero, which
; is an exception (vector 0) that the program has no handler for.

%include "lib/start.asm"
%include "lib/console.asm"

LINE_BYTES   equ 80
END_OF_INPUT equ 4                  ; control-D

section .text

main:
    call interrupts_init
    call console_open
    print "calculator: ready", 10
.line:
    mov edi, line
.read:
    call getc
    cmp al, END_OF_INPUT
    je .end
    call putc
    cmp al, 10
    je .calculate
    cmp edi, line + LINE_BYTES - 1
    je .read                        ; the line is full: the rest of it is ignored
    stosb
    jmp .read
.calculate:
    mov byte [edi], 0
    mov esi, line
    call read_decimal
    mov ecx, eax
    inc esi                         ; past the slash
    call read_decimal
    xchg eax, ecx
    xor edx, edx
    div ecx                         ; the bug
    call print_decimal
    print 10
    jmp .line
.end:
    xor eax, eax
    ret

section .bss

line: resb LINE_BYTES

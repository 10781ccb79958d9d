; print.asm: text to the console, the 16550 UART at 0x3F8, by polling.
;
;   putc            the character in al
;   puts            the text at esi, which ends in a zero byte
;   print_decimal   eax, unsigned
;   print_hex       eax, as eight digits
;   print "..."     (macro) literal text; bytes may follow: print "done", 10

%ifndef LIB_PRINT
%define LIB_PRINT
%include "lib/text.asm"

UART            equ 0x3F8           ; data
UART_LSR        equ UART + 5        ; line status
LSR_THR_EMPTY   equ 0x20            ; room for one more byte to send

%macro print 1+
    section .data
%%text: db %1, 0
    section .text
    push esi
    mov esi, %%text
    call puts
    pop esi
%endmacro

section .text

putc:
    push edx
    push eax
    mov dx, UART_LSR
.wait:
    in al, dx
    test al, LSR_THR_EMPTY
    jz .wait
    pop eax
    mov dx, UART
    out dx, al
    pop edx
    ret

puts:
    push esi
    push eax
.next:
    lodsb
    test al, al
    jz .done
    call putc
    jmp .next
.done:
    pop eax
    pop esi
    ret

print_decimal:
    push edi
    mov edi, number_text
    call append_decimal
    jmp print_number

print_hex:
    push edi
    mov edi, number_text
    call append_hex
print_number:                       ; the end of both: edi is on the stack, text in number_text
    push esi
    mov esi, number_text
    call puts
    pop esi
    pop edi
    ret

section .bss

number_text: resb 12                ; room for 4294967295 and the zero

%endif

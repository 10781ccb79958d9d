; request.asm: the text protocol of our servers, one request and one reply a datagram (README.md).
;
;   #7 get apples   →   #7 12           the words after the number are the request
;   get apples      →   12              the number is optional
;
;   serve           listen at port 7 and say so on the console; esi: the server's name
;   next_request    → esi: the request's first word, edi: where the reply's text goes (text.asm).
;                   Sleeps until there is one. `quit` is answered here, and ends the run with 0
;   udp_reply       edi: the end of the reply (udp.asm)

%ifndef LIB_REQUEST
%define LIB_REQUEST
%include "lib/text.asm"
%include "lib/udp.asm"

REQUEST_PORT    equ 7

section .text

serve:
    call interrupts_init
    mov eax, REQUEST_PORT
    call udp_open
    call puts
    print ": ready", 10
    ret

next_request:
    push ecx
    push edx
    call udp_receive
    mov edi, udp_out
    mov byte [edi], 0
    cmp byte [esi], '#'
    jne .first_word
    mov ecx, 16                     ; longer numbers are cut off
    call copy_word
    say " "
.first_word:
    when "quit", .quit
    pop edx
    pop ecx
    ret
.quit:
    say "bye"
    call udp_reply
    xor eax, eax
    jmp exit

%endif

; request.asm: the main loop of our servers, and their text protocol: one request and one reply a
; datagram (README.md).
;
;   #7 get apples   →   #7 12           the words after the number are the request
;   get apples      →   12              the number is optional
;
;   serve "name", H (macro) listen at port 7, say so on the console, and call H for each request.
;                   Ends, with status 0, only at the request `quit`, which it answers itself
;
; H finds the request's first word at esi, and the place for the reply's text in edi (text.asm); it
; leaves edi at the end of the reply and may change every other register. It may switch interrupts
; off: after it they are as they were at `serve`.

%ifndef LIB_REQUEST
%define LIB_REQUEST
%include "lib/text.asm"
%include "lib/udp.asm"

REQUEST_PORT    equ 7
ID_BYTES        equ 16              ; longer numbers are cut off

%macro serve 2
    section .data
%%ready: db %1, ": ready", 10, 0
    section .text
    mov esi, %%ready
    mov edx, %2
    jmp serve_requests
%endmacro

section .text

serve_requests:
    mov [request_handler], edx
    mov eax, REQUEST_PORT
    call udp_open
    call puts
.next:
    call udp_receive
    mov edi, udp_out
    mov byte [edi], 0
    cmp byte [esi], '#'
    jne .first_word
    mov ecx, ID_BYTES
    call copy_word
    say " "
.first_word:
    when "quit", .quit
    pushf
    call [request_handler]
    popf
    call udp_reply
    jmp .next
.quit:
    say "bye"
    call udp_reply
    xor eax, eax
    jmp exit

section .bss

request_handler: resd 1

%endif

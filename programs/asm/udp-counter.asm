; udp-counter.asm: a counter behind UDP, the service of the scenario `lost-update`.
;
; A client that was told 11 must never be told 11 again for its next `inc`, whatever happened to
; the machine in between. That is the Output Rule in one number: the reply may leave only when the
; backup knows of the request.
;
; Requests (port 7):  inc → the counter after adding one   get → the counter   quit → bye
; The counter starts at 10. Exit: 0 after quit.

%include "lib/start.asm"
%include "lib/request.asm"

section .text

main:
    mov esi, name
    call serve
.next:
    call next_request
    when "inc", .inc
    when "get", .answer
    say "what?"
    jmp .reply
.inc:
    inc dword [counter]
.answer:
    mov eax, [counter]
    call append_decimal
.reply:
    call udp_reply
    jmp .next

section .data

align 4
counter: dd 10
name: db "udp-counter", 0

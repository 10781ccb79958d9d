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
    call interrupts_init
    serve "udp-counter", handle

handle:
    when "inc", .inc
    when "get", .get
    say "what?"
    ret
.inc:
    inc dword [counter]
.get:
    mov eax, [counter]
    jmp append_decimal

section .data

align 4
counter: dd 10

; homework.asm: takes homework until a time of day, for the scenario `midnight-deadline`.
;
; The answer depends on a reading of the clock. A replica that replayed the request but read its
; own clock could refuse what the other one had accepted; so a reading is an input like any other.
;
; Requests (port 7):  submit → accepted, or late          quit → bye
; Command line: deadline=N, seconds after midnight (default 43200, noon). Exit: 0 after quit.

%include "lib/start.asm"
%include "lib/args.asm"
%include "lib/rtc.asm"
%include "lib/request.asm"

section .text

main:
    arg "deadline", 43200
    mov [deadline], eax
    call interrupts_init
    serve "homework", handle

handle:
    when "submit", .submit
    say "what?"
    ret
.submit:
    call rtc_seconds
    cmp eax, [deadline]
    jb .accept
    say "late"
    ret
.accept:
    say "accepted"
    ret

section .bss

deadline: resd 1

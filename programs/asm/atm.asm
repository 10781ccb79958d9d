; atm.asm: a cash machine behind UDP. Its console is the slot that the notes come out of.
;
; A client without an answer asks again: the machine may have failed before it saw the request.
; But it may have failed after, and notes dispensed twice cannot be called back. So the client
; gives its wish a key, and the machine keeps its answers (lib/answers.asm): a key that it knows
; gets the same answer, and no notes.
;
; Requests (port 7):  withdraw ACCOUNT AMOUNT [KEY] → ok BALANCE, or no BALANCE (too little left)
;                     balance ACCOUNT → the balance                          quit → bye
; Accounts are 0 … 7, with 100 each. Keys have at most 15 characters.
; Console: "dispense AMOUNT" for every payment. Exit: 0 after quit.

%include "lib/start.asm"
%include "lib/request.asm"
%include "lib/answers.asm"

ACCOUNTS    equ 8

section .text

main:
    call interrupts_init
    serve "atm", handle

handle:
    when "withdraw", .withdraw
    when "balance", .balance
.what:
    say "what?"
    ret
.balance:
    call read_account
    jc .what
    mov eax, [ebx]
    jmp append_decimal

.withdraw:
    call read_account
    jc .what
    call read_decimal
    jc .what
    call find_answer                ; no entry has the empty key
    je .repeat
    mov ebp, edi                    ; where the answer begins
    cmp eax, [ebx]
    ja .too_little
    sub [ebx], eax
    print "dispense "
    call print_decimal
    print 10
    say "ok "
    jmp .answer
.too_little:
    say "no "
.answer:
    mov eax, [ebx]
    call append_decimal
    cmp byte [esi], 0
    jne keep_answer
    ret
.repeat:
    mov esi, edx
    jmp append

read_account:                       ; esi: its number → ebx: where its balance is; or carry set
    call read_decimal
    jc .done
    lea ebx, [balances + eax*4]
    cmp eax, ACCOUNTS
    cmc
.done:
    ret

section .data

align 4
balances: times ACCOUNTS dd 100

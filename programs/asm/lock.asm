; lock.asm: a lock server. Whoever holds a lock loses it after a time that it named itself.
;
; Timer and requests race for the same table: a lock is asked for by one client in the very tick in
; which it expires for another. Either answer is right, but a replica that takes over must stick to
; the one that was given, so tick and packet must reach it at the same instructions.
; This guest runs with interrupts on, and off only while it reads or changes the table.
;
; Requests (port 7):  lock NAME OWNER TICKS → granted (to its holder: again), held by OTHER, full
;                     unlock NAME OWNER → released, not yours             quit → bye
; A tick is 10 ms. Words have at most 15 characters. Console: the locks that expire. Exit: 0.

%include "lib/start.asm"
%include "lib/timer.asm"
%include "lib/request.asm"
%include "lib/table.asm"

WORD_BYTES  equ 16
OWNER       equ WORD_BYTES          ; an entry of the table: name, owner, ticks left
TICKS_LEFT  equ OWNER + WORD_BYTES
ENTRY_BYTES equ TICKS_LEFT + 4
ENTRIES     equ 16

section .text

main:
    call interrupts_init
    mov dword [tick_hook], expire
    mov eax, 100
    call timer_start
    sti
    serve "lock", handle

handle:
    when "lock", .lock
    when "unlock", .unlock
.what:
    say "what?"
    ret
.lock:
    call look_up
    jne .vacant
    call is_owner
    je .grant
    say "held by "
    lea esi, [ebx + OWNER]
    jmp append
.vacant:
    cmp byte [wanted], 0
    je .what
    test ebx, ebx
    jnz .grant
    say "full"
    ret
.grant:
    push edi
    mov esi, wanted
    mov edi, ebx
    mov ecx, ENTRY_BYTES / 4
    rep movsd
    pop edi
    say "granted"
    ret
.unlock:
    call look_up
    jne .not_yours
    call is_owner
    jne .not_yours
    mov byte [ebx], 0
    say "released"
    ret
.not_yours:
    say "not yours"
    ret

; Reads NAME OWNER [TICKS] at esi into `wanted`, and finds the lock, with interrupts off from then
; on. Answers as find_entry does.
look_up:
    push edi
    mov ecx, WORD_BYTES
    mov edi, wanted
    call copy_word
    mov edi, wanted + OWNER
    call copy_word
    call read_decimal
    mov [wanted + TICKS_LEFT], eax
    pop edi
    cli
    mov esi, wanted
    mov ebx, table
    mov ecx, ENTRIES
    mov eax, ENTRY_BYTES
    jmp find_entry

is_owner:                           ; zero flag set if entry ebx belongs to who asks
    lea edx, [ebx + OWNER]
    mov esi, wanted + OWNER
    jmp match_word

expire:                             ; at every tick
    mov ebx, table
    mov ecx, ENTRIES
.entry:
    cmp byte [ebx], 0
    je .next
    dec dword [ebx + TICKS_LEFT]
    jg .next
    print "expired "
    mov esi, ebx
    call puts
    print 10
    mov byte [ebx], 0
.next:
    add ebx, ENTRY_BYTES
    loop .entry
    ret

section .bss

wanted: resb ENTRY_BYTES
table: resb ENTRY_BYTES * ENTRIES

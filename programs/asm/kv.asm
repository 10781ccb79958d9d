; kv.asm: a key-value store behind UDP. The smallest service with a state that clients would miss.
;
; Requests (port 7):  set KEY VALUE → ok, full, too long     get KEY → the value, or none
;                     del KEY → ok, none                     quit → bye
; Keys have 1 … 15 characters and values at most 47, without blanks; there is room for 64 of them.
; Exit: 0 after quit.

%include "lib/start.asm"
%include "lib/request.asm"
%include "lib/table.asm"

KEY_BYTES   equ 16
VALUE_BYTES equ 48
ENTRY_BYTES equ KEY_BYTES + VALUE_BYTES
ENTRIES     equ 64

section .text

main:
    call interrupts_init
    serve "kv", handle

handle:
    when "set", .set
    when "get", .get
    when "del", .delete
.what:
    say "what?"
    ret
.get:
    call find
    jne .none
    lea esi, [ebx + KEY_BYTES]
    jmp append
.delete:
    call find
    jne .none
    mov byte [ebx], 0
    say "ok"
    ret
.none:
    say "none"
    ret
.set:
    push edi
    mov edi, wanted
    mov ecx, KEY_BYTES
    call copy_word
    jc .too_long
    mov edi, wanted + KEY_BYTES
    mov ecx, VALUE_BYTES
    call copy_word
    jc .too_long
    pop edi
    cmp byte [wanted], 0
    je .what
    mov esi, wanted
    call find
    je .store
    test ebx, ebx
    jz .full
.store:
    push edi
    mov edi, ebx
    mov ecx, ENTRY_BYTES / 4
    rep movsd
    pop edi
    say "ok"
    ret
.too_long:
    pop edi
    say "too long"
    ret
.full:
    say "full"
    ret

find:                               ; esi: a key; answers as find_entry does
    mov ebx, entries
    mov ecx, ENTRIES
    mov eax, ENTRY_BYTES
    jmp find_entry

section .bss

alignb 4
wanted: resb ENTRY_BYTES            ; what `set` asks for
entries: resb ENTRY_BYTES * ENTRIES ; a key, a value

; table.asm: looking up names in a table. An entry begins with its name, which ends in a zero byte;
; an entry without a name is empty. To delete an entry is to put a zero into its first byte.
;
;   find_entry      esi: a word of a text, ebx: the table, ecx: its entries, eax: bytes of each
;                   → zero flag set: ebx is the entry with that name;
;                     clear: ebx is an empty entry, or 0 if there is none

%ifndef LIB_TABLE
%define LIB_TABLE
%include "lib/text.asm"

section .text

find_entry:
    push ecx
    push edx
    push edi
    xor edi, edi
.entry:
    cmp byte [ebx], 0
    je .empty
    mov edx, ebx
    push esi
    call match_word
    pop esi
    je .done
    jmp .other
.empty:
    mov edi, ebx
.other:
    add ebx, eax
    loop .entry
    mov ebx, edi
    test esp, esp                   ; zero flag clear
.done:
    pop edi
    pop edx
    pop ecx
    ret

%endif

; answers.asm: what was answered to which key, so that a request that comes twice is served once.
;
;   find_answer     esi: a key. Zero flag set: edx is the answer kept for it
;   keep_answer     esi: a key, ebp: the answer, at most 15 characters. The oldest is forgotten
;
; The last 32 answers are kept, under keys of at most 15 characters; longer ones are cut off.

%ifndef LIB_ANSWERS
%define LIB_ANSWERS
%include "lib/table.asm"

ANSWERS         equ 32
KEY_BYTES       equ 16
ANSWER_BYTES    equ 2*KEY_BYTES     ; a key and its answer

section .text

find_answer:
    pusha
    mov ebx, answers
    mov ecx, ANSWERS
    mov eax, ANSWER_BYTES
    call find_entry
    lea ebx, [ebx + KEY_BYTES]
    mov [esp + 20], ebx             ; what popa will load into edx
    popa
    ret

keep_answer:
    pusha
    mov edi, [next_answer]
    lea eax, [edi + ANSWER_BYTES]
    cmp eax, answers_end
    jb .store
    mov eax, answers
.store:
    mov [next_answer], eax
    lea ebx, [edi + KEY_BYTES]
    mov ecx, KEY_BYTES
    call copy_word
    mov edi, ebx
    mov esi, ebp
    call append
    popa
    ret

section .data

align 4
next_answer: dd answers

section .bss

alignb 4
answers: resb ANSWERS * ANSWER_BYTES
answers_end:

%endif

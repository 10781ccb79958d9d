; args.asm: numbers from the command line, written as name=number and separated by blanks.
;
;   arg "n", 1000   (macro) eax = the number after n=, or 1000 where the command line has none

%ifndef LIB_ARGS
%define LIB_ARGS
%include "lib/start.asm"
%include "lib/text.asm"

PVH_MAGIC       equ 0x336EC578
PVH_CMDLINE     equ 24              ; offset of the command line's address in start_info

%macro arg 2
    section .data
%%name: db %1, "=", 0
    section .text
    push edx
    mov edx, %%name
    mov eax, %2
    call find_arg
    pop edx
%endmacro

section .text

find_arg:                           ; edx: the name, eax: the default → eax
    push esi
    push ecx
    push ebx
    mov esi, [start_info]
    cmp dword [esi], PVH_MAGIC
    jne .done
    mov esi, [esi + PVH_CMDLINE]
.word:
    call skip_blanks
    cmp byte [esi], 0
    je .done
    xor ecx, ecx
.compare:
    mov bl, [edx + ecx]
    test bl, bl
    jz .found
    cmp bl, [esi + ecx]
    jne .next_word
    inc ecx
    jmp .compare
.next_word:
    inc esi
    cmp byte [esi], ' '
    ja .next_word
    jmp .word
.found:
    add esi, ecx
    mov ecx, eax
    call read_decimal
    jnc .done
    mov eax, ecx                    ; "n=" without a number
.done:
    pop ebx
    pop ecx
    pop esi
    ret

%endif

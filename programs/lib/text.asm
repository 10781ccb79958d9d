; text.asm: building and reading short texts in memory. A text ends in a zero byte.
;
; Building: edi points to the end of the text; each routine appends there, moves edi to the new end
; and keeps a zero byte at it.
;   append          the text at esi
;   append_decimal  eax, unsigned
;   append_hex      eax, as eight digits
;   say "..."       (macro) literal text
;   copy_word       the next word of the text at esi, which it reads as below. Into ecx bytes, the
;                   zero included: carry set if the word had to be cut off
;
; Reading: esi points into the text; each routine moves esi past what it read and the blanks after.
;   read_decimal    → eax; carry set if there is no digit
;   match_word      zero flag set if the next word is the text at edx; otherwise esi stays
;   when "w", L     (macro) if the next word is w, go on at label L

%ifndef LIB_TEXT
%define LIB_TEXT

%macro say 1+
    section .data
%%text: db %1, 0
    section .text
    push esi
    mov esi, %%text
    call append
    pop esi
%endmacro

%macro when 2
    section .data
%%word: db %1, 0
    section .text
    push edx
    mov edx, %%word
    call match_word
    pop edx
    je %2
%endmacro

section .text

append:
    push esi
    push eax
.next:
    lodsb
    stosb
    test al, al
    jnz .next
    dec edi                         ; back onto the zero byte
    pop eax
    pop esi
    ret

append_decimal:                     ; the digits come lowest first: collect them on the stack
    pusha
    mov ebx, 10
    xor ecx, ecx
.divide:
    xor edx, edx
    div ebx
    push edx
    inc ecx
    test eax, eax
    jnz .divide
.store:
    pop eax
    add al, '0'
    stosb
    loop .store
    mov byte [edi], 0
    mov [esp], edi                  ; what popa will load into edi
    popa
    ret

append_hex:
    pusha
    mov ebx, eax
    mov ecx, 8
.digit:
    rol ebx, 4
    mov al, bl
    and al, 15
    cmp al, 10
    jb .store
    add al, 'a' - '0' - 10
.store:
    add al, '0'
    stosb
    loop .digit
    mov byte [edi], 0
    mov [esp], edi
    popa
    ret

read_decimal:
    push ecx
    push ebx
    xor eax, eax
    mov ebx, esi
.next:
    movzx ecx, byte [esi]
    sub ecx, '0'
    cmp ecx, 9
    ja .end
    inc esi
    lea eax, [eax + eax*4]
    lea eax, [ecx + eax*2]          ; eax × 10 + digit
    jmp .next
.end:
    cmp ebx, esi                    ; equal: no digit (carry is clear)
    jne .number
    stc
    jmp .done
.number:
    call skip_blanks
    clc
.done:
    pop ebx
    pop ecx
    ret

skip_blanks:
    cmp byte [esi], ' '
    jne .done
    inc esi
    jmp skip_blanks
.done:
    ret

match_word:
    push edx
    push eax
    push esi
.next:
    mov al, [edx]
    test al, al
    jz .word_ends
    cmp al, [esi]
    jne .differs
    inc edx
    inc esi
    jmp .next
.word_ends:
    cmp byte [esi], ' '             ; the word in the text must end here as well
    ja .differs
    call skip_blanks
    add esp, 4                      ; forget the old esi
    pop eax
    pop edx
    cmp eax, eax                    ; zero flag set
    ret
.differs:                           ; `cmp` has left the zero flag clear
    pop esi
    pop eax
    pop edx
    ret

copy_word:
    push eax
    push ecx
.next:
    mov al, [esi]
    cmp al, ' '
    jbe .ends
    inc esi
    dec ecx
    jle .next                       ; no room: read on without storing
    stosb
    jmp .next
.ends:
    mov byte [edi], 0
    call skip_blanks
    sub ecx, 1                      ; room for the zero is left, or bit 31 says that it is not
    add ecx, ecx                    ; bit 31 becomes the carry
    pop ecx
    pop eax
    ret

%endif

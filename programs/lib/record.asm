; record.asm: a disk sector that says itself whether it is whole, for journals.
;
;   record_make     write record ebx into the sector's worth of memory at esi
;   record_check    zero flag set if the sector at esi is record ebx, whole
;
; A record holds a magic number, its sequence number, a checksum over that number and the content,
; and content. Neither a sector of zeros nor one of an older journal or half a sector passes.

%ifndef LIB_RECORD
%define LIB_RECORD

MAGIC           equ 0               ; offsets in the sector, four bytes each
SEQUENCE        equ 4
CHECKSUM        equ 8
CONTENT         equ 12
CONTENT_WORDS   equ (512 - CONTENT) / 4
RECORD_MAGIC    equ 0x4C4E524A      ; "JRNL"

section .text

record_make:
    push eax
    push ecx
    mov dword [esi + MAGIC], RECORD_MAGIC
    mov [esi + SEQUENCE], ebx
    mov eax, ebx
    mov ecx, CONTENT_WORDS
.fill:                              ; some content that differs from record to record
    imul eax, eax, 1664525
    add eax, 1013904223
    mov [esi + CONTENT + ecx*4 - 4], eax
    loop .fill
    call record_sum
    mov [esi + CHECKSUM], eax
    pop ecx
    pop eax
    ret

record_check:
    push eax
    cmp dword [esi + MAGIC], RECORD_MAGIC
    jne .done
    cmp [esi + SEQUENCE], ebx
    jne .done
    call record_sum
    cmp [esi + CHECKSUM], eax
.done:
    pop eax
    ret

record_sum:                         ; esi: record → eax: its checksum
    push ecx
    mov eax, [esi + SEQUENCE]
    mov ecx, CONTENT_WORDS
.add:
    rol eax, 5
    add eax, [esi + CONTENT + ecx*4 - 4]
    loop .add
    pop ecx
    ret

%endif

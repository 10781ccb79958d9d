; sha256.asm: the SHA-256 digest (FIPS 180-4) of a message of blocks × 64 letters a.
;
; Pure computation with rotations and 32-bit additions, in registers and little memory.
; As a benchmark, blocks=25000 takes about 10^8 instructions.
;
; Command line: blocks=N (default 1).
; Exit: 0; 1 if the digest of "abc" is not the one of FIPS 180-4. The digest of blocks=15625 is
; printed there too: cdc76e5c 9914fb92 81a1c7e2 84d73e67 f1809a48 a497200e 046d39cc c7112cd0.

%include "lib/start.asm"
%include "lib/print.asm"
%include "lib/args.asm"

section .text

main:
    call digest_init
    mov esi, abc
    call digest_block
    mov esi, digest
    mov edi, abc_digest
    mov ecx, 8
    repe cmpsd
    mov al, 1
    jne .end

    call digest_init
    arg "blocks", 1
    mov ebp, eax
    test eax, eax
    jz .padding
.block:
    mov esi, letters
    call digest_block
    dec eax
    jnz .block
.padding:                           ; a one bit, zeros, and the length in bits: 512 for each block
    mov eax, 512
    mul ebp
    bswap edx
    mov [padding + 56], edx
    bswap eax
    mov [padding + 60], eax
    mov esi, padding
    call digest_block

    mov esi, digest
    mov ecx, 8
.show:
    lodsd
    call print_hex
    dec ecx
    jz .end_of_line
    print " "
    jmp .show
.end_of_line:
    print 10
    xor eax, eax
.end:
    ret

%include "lib/sha256.asm"

section .data

align 4
abc: db "abc", 0x80
    times 56 db 0
    db 0, 0, 0, 24                  ; the length in bits
abc_digest:
    dd 0xba7816bf, 0x8f01cfea, 0x414140de, 0x5dae2223, 0xb00361a3, 0x96177a9c
    dd 0xb410ff61, 0xf20015ad
letters: times 64 db "a"
padding: db 0x80
    times 63 db 0

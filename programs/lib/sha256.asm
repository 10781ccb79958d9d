; sha256.asm: the compression function of SHA-256 (FIPS 180-4, section 6.2).
;
;   digest_init     begin a digest
;   digest_block    take in the 64 bytes at esi
;   [digest]        the eight words of the digest after the last block (with its padding)
;
; The eight working variables a … h stand side by side in a window that moves down by one word a
; round: what was a becomes b by staying where it is. Only the new a and e are written.

%ifndef LIB_SHA256
%define LIB_SHA256

ROUNDS          equ 64

section .text

digest_init:
    pusha
    mov esi, initial
    mov edi, digest
    mov ecx, 8
    rep movsd
    popa
    ret

digest_block:
    pusha
    call expand_message
    mov esi, digest
    mov edi, window + ROUNDS*4
    mov ecx, 8
    rep movsd
    mov edi, window + ROUNDS*4      ; a = [edi], b = [edi + 4], … h = [edi + 28]
    xor ecx, ecx
.round:
    mov eax, [edi + 16]             ; e
    mov ebx, eax
    call sum1
    mov edx, [edi + 20]             ; choose: f where e has a one, else g
    xor edx, [edi + 24]
    and edx, ebx
    xor edx, [edi + 24]
    add edx, eax
    add edx, [edi + 28]
    add edx, [constants + ecx*4]
    add edx, [message + ecx*4]
    add [edi + 12], edx             ; d becomes e
    mov eax, [edi]                  ; a
    mov ebx, eax
    call sum0
    add edx, eax
    mov eax, ebx                    ; majority of a, b, c
    or eax, [edi + 4]
    and eax, [edi + 8]
    and ebx, [edi + 4]
    or eax, ebx
    add edx, eax
    sub edi, 4
    mov [edi], edx
    inc ecx
    cmp ecx, ROUNDS
    jne .round

    mov ecx, 8
.add:
    mov eax, [window + ecx*4 - 4]
    add [digest + ecx*4 - 4], eax
    loop .add
    popa
    ret

expand_message:                     ; esi: block; fills the 64 words of message
    mov ecx, 16
    mov edi, message
.load:
    lodsd
    bswap eax                       ; words are big endian
    stosd
    loop .load
    mov ecx, ROUNDS - 16
.extend:
    mov eax, [edi - 15*4]
    mov ebx, eax
    mov edx, eax
    ror eax, 7
    ror ebx, 18
    shr edx, 3
    xor eax, ebx
    xor eax, edx
    mov ebx, [edi - 2*4]
    mov edx, ebx
    mov esi, ebx
    ror ebx, 17
    ror edx, 19
    shr esi, 10
    xor ebx, edx
    xor ebx, esi
    add eax, ebx
    add eax, [edi - 7*4]
    add eax, [edi - 16*4]
    stosd
    loop .extend
    ret

sum0:                               ; eax → rotations of eax by 2, 13 and 22, xored
    push edx
    mov edx, eax
    ror edx, 13
    ror eax, 2
    xor eax, edx
    ror edx, 9
    jmp last_xor
sum1:                               ; eax → rotations of eax by 6, 11 and 25, xored
    push edx
    mov edx, eax
    ror edx, 11
    ror eax, 6
    xor eax, edx
    ror edx, 14
last_xor:
    xor eax, edx
    pop edx
    ret

section .data

align 4
initial:                            ; fractions of the square roots of the first 8 primes
    dd 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c
    dd 0x1f83d9ab, 0x5be0cd19
constants:                          ; fractions of the cube roots of the first 64 primes
    dd 0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1
    dd 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3
    dd 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786
    dd 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da
    dd 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147
    dd 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13
    dd 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b
    dd 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070
    dd 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a
    dd 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208
    dd 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2

section .bss

alignb 4
digest: resd 8
message: resd ROUNDS
window: resd ROUNDS + 8

%endif

; primes.asm: counts the primes below n with the sieve of Eratosthenes.
;
; Pure computation: nothing enters from outside, so its log is empty however long it runs. It
; writes to much memory, though, which is what replication by copying memory has to pay for.
; As a benchmark, n=8000000 takes about 10^8 instructions.
;
; Command line: n=N, at most 8000000 (default 10000).
; Exit: 0; 1 if n is a power of ten and the count is not the known one; 2 if n is too large.

%include "lib/start.asm"
%include "lib/print.asm"
%include "lib/args.asm"

MAX_N equ 8000000

section .text

main:
    arg "n", 10000
    cmp eax, MAX_N
    ja .too_large
    mov ebp, eax

    mov ecx, 2
.candidate:                         ; every number that no smaller one has crossed out is a prime
    mov eax, ecx
    mul ecx
    cmp eax, ebp
    jae .count
    cmp byte [crossed_out + ecx], 0
    jne .next
.cross_out:                         ; its multiples are not, from its square on
    mov byte [crossed_out + eax], 1
    add eax, ecx
    cmp eax, ebp
    jb .cross_out
.next:
    inc ecx
    jmp .candidate

.count:
    xor eax, eax
    mov ecx, 2
.look:
    cmp ecx, ebp
    jae .show
    cmp byte [crossed_out + ecx], 1
    adc eax, 0                      ; carry is set where the byte is 0
    inc ecx
    jmp .look

.show:
    call print_decimal
    print " primes below "
    xchg eax, ebp
    call print_decimal
    print 10

    mov esi, known
.search:                            ; eax = n, ebp = the count found
    cmp eax, [esi]
    jb .well                        ; not a power of ten: nothing to check
    lea esi, [esi + 8]
    jne .search
    cmp ebp, [esi - 4]
    mov al, 1
    jne .end
.well:
    xor eax, eax
.end:
    ret
.too_large:
    print "primes: n is above 8000000", 10
    mov al, 2
    ret

section .data

align 4
known:                              ; n, the number of primes below n
    dd 10, 4, 100, 25, 1000, 168, 10000, 1229, 100000, 9592, 1000000, 78498, -1, 0

section .bss

crossed_out: resb MAX_N

; dice.asm: throws dice that nobody can foretell, and keeps count of them in two ways.
;
; A program that asks the processor for randomness or for its cycle counter is not deterministic. A
; replica throws the same dice only because it is told what the original was told.
;
; Command line: dice=N, 1 … 1000 (default 20).
; Exit: 0; 1 if the running checksum differs from the one computed at the end from all the dice.

%include "lib/start.asm"
%include "lib/args.asm"
%include "lib/entropy.asm"

MAX_DICE equ 1000

section .text

main:
    call interrupts_init
    call entropy_open
    call puts
    print ":"
    arg "dice", 20
    cmp eax, MAX_DICE
    jbe .few
    mov eax, MAX_DICE
.few:
    mov ecx, eax
    mov edi, dice
    xor ebx, ebx                    ; the running checksum
.throw:
    call throw_die
    stosb
    call add_to_sum
    print " "
    call print_decimal
    loop .throw

    print 10, "checksum "
    mov eax, ebx
    call print_hex
    print 10
    mov ebp, ebx
    xor ebx, ebx
    mov esi, dice
    xor eax, eax
.check:
    lodsb
    call add_to_sum
    cmp esi, edi
    jb .check
    cmp ebx, ebp
    setne al                        ; 1: they differ
    ret

throw_die:                          ; → eax: 1 … 6
    push edx
    push ebx
    call random32
    mov ebx, eax
    rdtsc                           ; changes edx too
    add eax, ebx                    ; a random number plus anything is as random
    mov edx, 6
    mul edx                         ; edx: the number's share of six, 0 … 5
    lea eax, [edx + 1]
    pop ebx
    pop edx
    ret

add_to_sum:                         ; eax: a die
    rol ebx, 5
    add ebx, eax
    ret

section .bss

dice: resb MAX_DICE

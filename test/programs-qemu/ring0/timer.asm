; timer.asm: interrupts of the 8254 timer: hlt wakes, and repeated instructions are interrupted in
; their middle and go on. Nothing that depends on time is printed,
; only whether it is consistent.
%include "rig.inc"
%include "interrupts.inc"

SOURCE      equ 0x10000
TARGET      equ 0x50000
LARGEST     equ 0x40000             ; bytes
PERIOD      equ 240                 ; pulses between two ticks, 200 microseconds

main:
    call pic_start
    mov al, 0xFE                    ; line 0 only
    out PIC1 + 1, al
    gate 0x20, INTERRUPT_GATE, tick
    mov ecx, 3
.sleep:
    mov edx, 1000
    call arm
    sti
    hlt
    cli
    loop .sleep
    show "three times halted, ticks", [ticks]
    mov edx, 100
    call arm
    sti
.spin:
    cmp dword [ticks], 4
    jne .spin
    cli
    show "while running, ticks", [ticks]

    mov edi, SOURCE                 ; a pattern that does not repeat
    mov ecx, LARGEST / 4
    mov eax, 12345
.fill:
    imul eax, eax, 69069
    inc eax
    stosd
    loop .fill

    mov dword [kind], 0
    call interrupted
    show "rep movsb, consistent", eax
    call compare
    show "copied", eax
    mov dword [kind], 1
    call interrupted
    show "repe cmpsb, consistent", eax
    mov dword [kind], 2
    call interrupted
    show "rep stosd, consistent", eax
    mov edi, TARGET
    mov ecx, [length]
    shr ecx, 2
    mov eax, 0xA5A5A5A5
    repe scasd
    setz al
    movzx eax, al
    show "filled", eax
    mov dword [kind], 3
    call interrupted
    show "rep movsb downwards, consistent", eax
    call compare
    show "copied", eax
    jmp exit

; One tick, edx pulses from now.
arm:
    mov al, 0x30
program:
    out 0x43, al
    mov al, dl
    out 0x40, al
    mov al, dh
    out 0x40, al
    ret

; Does the instruction [kind], on more and more bytes, until a tick comes in its middle. eax is 1 if
; the registers agreed with one another there and at the end.
interrupted:
    cmp dword [kind], 1             ; what is compared must have been copied: the same length
    je .begin
    mov dword [length], 1024
.begin:
    mov dword [inside], 0
    mov dword [wrong], 0
    mov al, 0x34                    ; mode 2: again and again
    mov edx, PERIOD
    call program
.again:
    cmp dword [kind], 1
    je .filled                      ; what is compared is what the copy has left
    mov edi, TARGET
    mov ecx, [length]
    xor eax, eax
    rep stosb
.filled:
    mov esi, SOURCE
    mov edi, TARGET
    mov ecx, [length]
    mov eax, [kind]
    jmp [kinds + 4*eax]
do_movs:
    sti
    nop                             ; QEMU holds interrupts back from all of a repeated instruction
rep_movs:
    rep movsb
    jmp repeated
do_stos:
    shr ecx, 2
    mov eax, 0xA5A5A5A5
    sti
    nop
rep_stos:
    rep stosd
    jmp repeated
do_cmps:
    sti
    nop
rep_cmps:
    repe cmpsb
    jmp repeated
do_down:
    lea esi, [esi + ecx - 1]
    lea edi, [edi + ecx - 1]
    std
    sti
    nop
rep_down:
    rep movsb
repeated:
    setz al
    cld
    cli
    test ecx, ecx
    jz .rest
    inc dword [wrong]
.rest:
    cmp dword [inside], 0
    jne .end
    cmp dword [kind], 1
    je interrupted.again
    cmp dword [length], LARGEST
    jae interrupted.again
    shl dword [length], 1
    jmp interrupted.again
.end:
    mov al, 0x30                    ; no more ticks
    out 0x43, al
    xor eax, eax
    cmp dword [wrong], 0
    sete al
    ret

; Whether the first [length] bytes are the same; on the way down too.
compare:
    mov esi, SOURCE
    mov edi, TARGET
    mov ecx, [length]
    repe cmpsb
    setz al
    movzx eax, al
    ret

tick:
    pushad
    cld
    inc dword [ticks]
    mov al, 0x20
    out PIC1, al
    mov eax, [kind]
    mov edx, [instructions + 4*eax]
    cmp [esp + 32], edx             ; at the instruction, and neither before nor after all of it?
    jne .end
    mov ecx, [esp + 24]
    mov ebx, [length]
    cmp eax, 2
    jne .bytes
    shl ecx, 2
.bytes:
    sub ebx, ecx                    ; bytes done
    jz .end
    test ecx, ecx
    jz .end
    inc dword [inside]
    mov esi, [esp + 4]
    mov edi, [esp + 0]
    sub esi, SOURCE
    sub edi, TARGET
    cmp eax, 3
    jne .upwards
    sub esi, [length]
    inc esi
    neg esi
    sub edi, [length]
    inc edi
    neg edi
.upwards:
    cmp edi, ebx
    jne .wrong
    cmp eax, 2
    je .end                         ; stos does not move esi
    cmp esi, ebx
    je .end
.wrong:
    inc dword [wrong]
.end:
    popad
    iretd

section .data
ticks: dd 0
kind: dd 0
instructions: dd rep_movs, rep_cmps, rep_stos, rep_down
kinds: dd do_movs, do_cmps, do_stos, do_down
section .bss
length: resd 1
inside: resd 1
wrong: resd 1

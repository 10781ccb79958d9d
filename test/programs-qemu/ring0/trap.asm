; trap.asm: the single-step trap. Cases end in `traced`, which prints for every trap the address that
; was saved, relative to the beginning of the case, and ecx. TF is set by what the case does.
%include "rig.inc"

MOST equ 12                         ; traps of one case

; As `try`, and from now on traps are written down.
%macro trace 2
    mov dword [traps], 0
    gate 1, INTERRUPT_GATE, trap
    try %1, %2
%endmacro

%macro traced 0
    call print_traps
done_ %+ case:
    gate 1, INTERRUPT_GATE, stubs + 16
    mov esp, stack_top
%endmacro

main:
    trace "every instruction", TF
    nop
    inc eax
    jmp .over
    nop
.over:
    push eax
    push dword 2
    popfd
    nop
    traced
    trace "popfd sets TF after the next instruction", 2
    push dword TF | 2
    popfd
    nop
    nop
    push dword 2
    popfd
    traced
    trace "popfw the same", 2
    push word TF | 2
    popfw
    nop
    push word 2
    popfw
    traced
    push dword 2
    push dword SEL_CODE
    push dword .cleared
    trace "iret sets TF after the next instruction", 2
    push dword TF | 2
    push dword SEL_CODE
    push dword .set
    iretd
    nop
.set:
    nop
    nop
    iretd
    nop
.cleared:
    nop
    traced
    trace "pushfd shows TF", TF
    pushfd
    pop eax
    push dword 2
    popfd
    traced
    show "pushed", eax
    trace "cli, sti, cld, std", TF
    cli
    std
    cld
    push dword 2
    popfd
    traced
    trace "branches taken and not taken, call, ret", TF
    jc .not
    jnc .taken
.not:
    nop
.taken:
    call .routine
    push dword 2
    popfd
    jmp .end
.routine:
    ret
.end:
    traced

    gate 0x40, INTERRUPT_GATE, handler
    trace "int enters its handler without a trap", TF
    int 0x40
    nop
    push dword 2
    popfd
    traced
    gate 0x40, TRAP_GATE, handler
    trace "int through a trap gate the same", TF
    int 0x40
    nop
    push dword 2
    popfd
    traced
    trace "into that is not taken", TF
    into
    push dword 2
    popfd
    traced
    gate 4, INTERRUPT_GATE, handler
    trace "into that is taken", TF | OF
    into
    push dword 2
    popfd
    traced
    gate 6, INTERRUPT_GATE, skip_ud2
    trace "a fault enters its handler without a trap", TF
    ud2
    nop
    push dword 2
    popfd
    traced
    gate 1, TRAP_GATE, stubs + 16
    try "the trap itself", TF | IF
    nop
    nop
    done

    mov esi, text
    mov edi, buffer
    mov ecx, 3
    trace "rep movsb", TF
    rep movsb
    push dword 2
    popfd
    traced
    mov ecx, 1
    mov esi, text
    trace "rep lodsb once", TF
    rep lodsb
    push dword 2
    popfd
    traced
    xor ecx, ecx
    trace "rep stosb of nothing", TF
    rep stosb
    push dword 2
    popfd
    traced
    mov edi, text
    mov ecx, 8
    mov al, 'c'
    trace "repne scasb", TF
    repne scasb
    push dword 2
    popfd
    traced
    mov esi, text
    mov ecx, 3
    mov edx, 0x3FF
    trace "rep outsb", TF
    rep outsb
    push dword 2
    popfd
    traced

    mov eax, ss
    trace "mov ss and the instruction after it", TF
    mov ss, eax
    nop
    nop
    push dword 2
    popfd
    traced
    push ss
    trace "pop ss and the instruction after it", TF
    pop ss
    nop
    nop
    push dword 2
    popfd
    traced
    trace "mov ss and popfd that clears TF", TF
    push dword 2
    mov ss, eax
    popfd
    nop
    traced
    trace "mov ds", TF
    mov ds, eax
    push dword 2
    popfd
    traced
    trace "lss", TF
    lss eax, [stack]
    push dword 2
    popfd
    traced
    trace "call far, retf, jmp far", TF
    call SEL_CODE:far_routine
    jmp SEL_CODE:.there
.there:
    push dword 2
    popfd
    traced
    trace "in, out", TF
    in al, dx
    out dx, al
    push dword 2
    popfd
    traced
    trace "lidt, mov cr, invlpg", TF
    lidt [idt_pointer]
    mov eax, cr0
    mov cr0, eax
    invlpg [eax]
    push dword 2
    popfd
    traced
    jmp exit

far_routine:
    retf

handler:
    nop
    nop
    iretd

skip_ud2:
    add dword [esp], 2
    iretd

trap:
    push eax
    push ebx
    mov ebx, [traps]
    cmp ebx, MOST
    jae .full
    inc dword [traps]
    mov eax, [esp + 8]
    sub eax, [case_base]
    mov [log + 8*ebx], eax
    mov [log + 8*ebx + 4], ecx
.full:
    pop ebx
    pop eax
    iretd

; Name and traps of the case, and back behind its `call`.
print_traps:
    pushfd
    pushad
    cld
    mov edi, line
    mov esi, [case_name]
    call add_text
    mov al, ':'
    stosb
    xor ebx, ebx
.trap:
    cmp ebx, [traps]
    jae .end
    mov al, ' '
    stosb
    mov al, [log + 8*ebx]
    call add_hex2
    mov al, '/'
    stosb
    mov al, [log + 8*ebx + 4]
    call add_hex2
    inc ebx
    jmp .trap
.end:
    call print_line
    popad
    popfd
    ret

section .data
text: db "abcdefgh"
stack: dd 0
    dw SEL_DATA
section .bss
traps: resd 1
log: resd 2 * MOST
buffer: resb 16

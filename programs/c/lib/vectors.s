/*
 * vectors.s: where the processor goes at an exception or interrupt, one entry for each vector. An
 * entry sees to it that the stack looks the same for all (struct frame in interrupts.c), and calls
 * interrupt().
 */
.intel_syntax noprefix

.set VECTORS, 48
.set WITH_ERROR_CODE, 0x27D00           /* bit n: the processor pushes an error code at vector n */

.text
.globl vectors
        .balign 16
vectors:
.set vector, 0
.rept VECTORS
        .balign 16
.if (vector >= 32) || !((WITH_ERROR_CODE >> vector) & 1)
        push 0                          /* in place of an error code */
.endif
        push vector
        jmp common
.set vector, vector + 1
.endr

.balign 16
common:
        pusha
        cld
        push esp                        /* its value before this: the address of the frame */
        call interrupt
        add esp, 4
        popa
        add esp, 8                      /* vector and error code */
        iret

.section .note.GNU-stack, "", @progbits

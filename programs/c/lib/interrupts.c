/*
 * interrupts.c: see interrupts.h. The entries of the handlers are in vectors.s.
 */
#include "interrupts.h"
#include "guest.h"
#include "port.h"
#include "print.h"

enum {
    PIC1 = 0x20, /* command port of the first controller; the next port is its data port */
    PIC2 = 0xA0,
    PIC_BEGIN = 0x11,   /* ICW1: edge triggered, cascaded, ICW4 follows */
    PIC_8086 = 1,       /* ICW4 */
    PIC_END = 0x20,     /* end of interrupt */
    CASCADE = 2,        /* the line of the first controller on which the second one hangs */
    LINES = 16,
    FIRST_LINE = 0x20,  /* vector of line 0 */
    VECTORS = FIRST_LINE + LINES,
    CODE_SELECTOR = 0x08,
    INTERRUPT_GATE = 0x8E00,    /* present, ring 0, 32 bits, interrupts off */
    APIC_EXTINT = 0x700,        /* hand the controllers' interrupts on to the processor */
};

/* What the local APIC does with its input pin 0; without it QEMU's microvm delivers nothing. */
static volatile unsigned *const apic_lint0 = (unsigned *)0xFEE00350;

struct gate {
    unsigned short offset_low;
    unsigned short selector;
    unsigned short flags;
    unsigned short offset_high;
};

/* The stack as vectors.s leaves it: pusha, its own two words, what the processor pushed. */
struct frame {
    unsigned edi, esi, ebp, esp, ebx, edx, ecx, eax;
    unsigned vector, error;
    unsigned eip, cs, eflags;
};

extern const char vectors[VECTORS][16]; /* the entries */
void interrupt(const struct frame *frame);

static struct gate table[VECTORS] __attribute__((aligned(8)));
static void (*handlers[LINES])(unsigned line);

static void program_controller(unsigned short port, unsigned vector, unsigned cascade)
{
    out_byte(port, PIC_BEGIN);
    out_byte(port + 1, vector);
    out_byte(port + 1, cascade);
    out_byte(port + 1, PIC_8086);
}

/* Sets the mask: a line interrupts if it has a handler, or leads to the second controller. */
static void unmask(void)
{
    unsigned open = 1 << CASCADE;
    for (unsigned line = 0; line < LINES; line++)
        if (handlers[line]) open |= 1 << line;
    out_byte(PIC1 + 1, ~open);
    out_byte(PIC2 + 1, ~open >> 8);
}

static struct gate gate_to(unsigned address)
{
    return (struct gate){address, CODE_SELECTOR, INTERRUPT_GATE, address >> 16};
}

void interrupts_open(void)
{
    for (unsigned vector = 0; vector < VECTORS; vector++)
        table[vector] = gate_to((unsigned)vectors[vector]);
    struct __attribute__((packed)) {
        unsigned short limit;
        const void *base;
    } pointer = {sizeof table - 1, table};
    __asm__ volatile("lidt %0" : : "m"(pointer), "m"(table));

    *apic_lint0 = APIC_EXTINT;
    program_controller(PIC1, FIRST_LINE, 1 << CASCADE);
    program_controller(PIC2, FIRST_LINE + 8, CASCADE);
    unmask();
    interrupts_on();
}

void interrupts_handle(unsigned line, void (*handler)(unsigned line))
{
    handlers[line] = handler;
    unmask();
}

static _Noreturn void unexpected(const struct frame *f)
{
    static const char names[][4] = {
        "#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "?",
        "#TS", "#NP", "#SS", "#GP", "#PF", "?",   "#MF", "#AC", "#MC",
    };
    const char *name = f->vector < sizeof names / sizeof *names ? names[f->vector] : "?";
    print("\nunexpected interrupt, vector %u (%s) at eip %08x, error code %x\n", f->vector, name,
          f->eip, f->error);
    print("eax %08x  ebx %08x  ecx %08x  edx %08x\n", f->eax, f->ebx, f->ecx, f->edx);
    /* The processor pushed three words without changing the stack, vectors.s two more. */
    print("esi %08x  edi %08x  ebp %08x  esp %08x\n", f->esi, f->edi, f->ebp, f->esp + 5 * 4);
    end_run(UNEXPECTED_INTERRUPT);
}

/* Called by vectors.s, with interrupts off. */
void interrupt(const struct frame *frame)
{
    unsigned line = frame->vector - FIRST_LINE;
    if (line >= LINES || !handlers[line]) unexpected(frame);
    handlers[line](line);
    if (line >= 8) out_byte(PIC2, PIC_END);
    out_byte(PIC1, PIC_END);
}

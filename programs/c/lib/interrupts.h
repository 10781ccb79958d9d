/*
 * interrupts.h: the interrupt descriptor table and the two 8259 interrupt controllers (Intel 8259A
 * datasheet; Intel SDM volume 3, chapter 6).
 *
 * A program that uses devices calls interrupts_open, then opens its drivers, and from then on runs
 * with interrupts on. A driver's handler does as little as it can; what it shares with the program
 * is volatile, or changed between interrupts_off and interrupts_on. A program that has nothing to
 * do sleeps:
 *
 *     wait_until(timer_ticks() >= end || (c = console_get()) >= 0);
 *
 * An exception, or an interrupt that nobody has asked for, is a mistake of the program: vector, eip
 * and registers are printed, and the run ends with status 127.
 */
#ifndef INTERRUPTS_H
#define INTERRUPTS_H

enum { UNEXPECTED_INTERRUPT = 127 };

/* The table loaded, lines 0 … 15 at vectors 0x20 … 0x2F and masked, interrupts on. */
void interrupts_open(void);

/* From now on interrupt line `line`, 0 … 15, calls `handler` with interrupts off. */
void interrupts_handle(unsigned line, void (*handler)(unsigned line));

static inline void interrupts_on(void)
{
    __asm__ volatile("sti" : : : "memory");
}

static inline void interrupts_off(void)
{
    __asm__ volatile("cli" : : : "memory");
}

/*
 * With interrupts off: sleeps until an interrupt has been handled, and returns with them off. `sti`
 * takes effect after the next instruction, so that no interrupt is handled before the processor
 * sleeps; it would then sleep for what has already happened.
 */
static inline void interrupts_wait(void)
{
    __asm__ volatile("sti\n\thlt\n\tcli" : : : "memory");
}

/* Sleeps until `condition` holds. It is evaluated with interrupts off, after each interrupt. */
#define wait_until(condition)                       \
    do {                                            \
        interrupts_off();                           \
        while (!(condition)) interrupts_wait();     \
        interrupts_on();                            \
    } while (0)

#endif

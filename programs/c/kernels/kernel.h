/*
 * kernel.h: a computation to be timed. Each file kernels/NAME.c is one; the same object file is
 * linked with guest.c into a guest and with native.c into a program for Linux, so that both run the
 * same machine code.
 *
 * A kernel keeps its state in static memory, calls no library, and begins anew at each run.
 */
#ifndef KERNEL_H
#define KERNEL_H

struct kernel {
    const char *name;
    unsigned rounds;   /* the size that is used by default */
    unsigned checksum; /* what run(rounds) returns */
};

extern const struct kernel kernel;

/*
 * Does `n` rounds of about a million instructions each; the result depends on every one of them.
 */
unsigned run(unsigned n);

/* One step of a random walk through all 32-bit numbers (Numerical Recipes, "ranqd1"). */
static inline unsigned next_random(unsigned x)
{
    return x * 1664525u + 1013904223u;
}

#endif

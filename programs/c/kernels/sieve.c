/*
 * sieve.c: the primes below about 100,000, by the sieve of Eratosthenes. Byte stores with growing
 * strides, over more memory than a first-level cache holds.
 */
#include "kernel.h"

enum { LIMIT = 100000 };

const struct kernel kernel = {"sieve", 3, 0x80c24651};

static unsigned char composite[LIMIT];

static void sieve(unsigned limit)
{
    for (unsigned i = 0; i < limit; i++) composite[i] = 0;
    for (unsigned i = 2; i * i < limit; i++)
        if (!composite[i])
            for (unsigned j = i * i; j < limit; j += i) composite[j] = 1;
}

unsigned run(unsigned n)
{
    unsigned sum = 0;
    for (unsigned round = 0; round < n; round++) {
        unsigned limit = LIMIT - round % 1024;
        sieve(limit);
        for (unsigned i = 2; i < limit; i++)
            if (!composite[i]) sum = sum * 31 + i;
    }
    return sum;
}

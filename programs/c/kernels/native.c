/*
 * native.c: runs a kernel as a program of Linux, to time it on the bare processor and to learn its
 * checksum from a machine that is not ours.
 *
 * Arguments, output and exit status are those of guest.c; the time of the rounds, in milliseconds,
 * goes to stderr.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "kernel.h"

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

int main(int count, char **words)
{
    unsigned n = kernel.rounds;
    for (int i = count - 1; i > 0; i--)
        if (strncmp(words[i], "n=", 2) == 0) n = strtoul(words[i] + 2, 0, 10);
    double began = now_ms();
    unsigned checksum = run(n);
    double ended = now_ms();
    printf("%s n=%u checksum=%08x\n", kernel.name, n, checksum);
    fprintf(stderr, "%.3f ms\n", ended - began);
    return n == kernel.rounds && checksum != kernel.checksum;
}

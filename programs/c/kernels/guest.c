/*
 * guest.c: runs a kernel as a guest.
 *
 * Command line: n=N, the number of rounds (each kernel has its own default).
 * Prints `NAME n=N checksum=HEX`. Exit: 0; 1 if the checksum of the default size is a wrong one.
 */
#include "../lib/guest.h"
#include "kernel.h"

int main(void)
{
    unsigned n = argument("n=", kernel.rounds);
    unsigned checksum = run(n);
    put_text(kernel.name);
    put_text(" n=");
    put_decimal(n);
    put_text(" checksum=");
    put_hex(checksum);
    put_char('\n');
    return n == kernel.rounds && checksum != kernel.checksum;
}

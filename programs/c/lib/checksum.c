/*
 * checksum.c: see checksum.h. 32 bits are added at a time, and what they carry out is added, too:
 * 2^32 is 1 in ones' complement arithmetic, as 2^16 is (RFC 1071, section 2 C).
 */
#include "checksum.h"

enum { BLOCK_WORDS = 8 };

/* Two sums in one; added to itself once more, the carry cannot carry again. */
static unsigned join(unsigned a, unsigned b)
{
    unsigned sum = a + b;
    return sum + (sum < a);
}

/* The loop that every byte on the wire goes through; C has no word for the carry. */
static unsigned add_blocks(unsigned sum, const unsigned *from, size_t blocks)
{
    for (; blocks > 0; blocks--, from += BLOCK_WORDS)
        __asm__("addl   (%1), %0\n\t"
                "adcl  4(%1), %0\n\t"
                "adcl  8(%1), %0\n\t"
                "adcl 12(%1), %0\n\t"
                "adcl 16(%1), %0\n\t"
                "adcl 20(%1), %0\n\t"
                "adcl 24(%1), %0\n\t"
                "adcl 28(%1), %0\n\t"
                "adcl $0, %0"
                : "+r"(sum)
                : "r"(from), "m"(*(const unsigned(*)[BLOCK_WORDS])from)
                : "cc");
    return sum;
}

unsigned checksum_add(unsigned sum, const void *at, size_t bytes)
{
    const unsigned *from = at;
    size_t words = bytes / 4, blocks = words / BLOCK_WORDS;
    sum = add_blocks(sum, from, blocks);
    for (size_t i = blocks * BLOCK_WORDS; i < words; i++) sum = join(sum, from[i]);
    const unsigned char *rest = (const unsigned char *)(from + words);
    unsigned word = 0;
    for (size_t i = 0; i < bytes % 4; i++) word |= rest[i] << 8 * i;
    return join(sum, word);
}

unsigned checksum_end(unsigned sum)
{
    sum = (sum & 0xFFFF) + (sum >> 16);
    sum = (sum & 0xFFFF) + (sum >> 16);
    return ~(sum << 8 | sum >> 8) & 0xFFFF;
}

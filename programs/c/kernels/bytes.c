/*
 * bytes.c: texts, a byte at a time: copied to every alignment, measured, compared, searched. Loads
 * and stores of bytes in loops of three or four instructions. The loops are written out, because a
 * library's own would be timed otherwise.
 */
#include "kernel.h"

enum { BUFFER_BYTES = 32768, SHORTEST = 3, LONGEST = 130 };

const struct kernel kernel = {"bytes", 4, 0x8f07181f};

static char source[BUFFER_BYTES + 8];
static char target[BUFFER_BYTES + 8];

static __attribute__((noinline)) void copy(char *to, const char *from, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) to[i] = from[i];
}

static __attribute__((noinline)) unsigned length(const char *text)
{
    const char *at = text;
    while (*at != 0) at++;
    return at - text;
}

static __attribute__((noinline)) int compare(const char *a, const char *b)
{
    while (*a != 0 && *a == *b) a++, b++;
    return (unsigned char)*a - (unsigned char)*b;
}

static __attribute__((noinline)) const char *find(const char *text, char c)
{
    while (*text != 0 && *text != c) text++;
    return text;
}

/* Fills the source with texts of random lengths, each ended by a zero byte. */
static void write_texts(unsigned x)
{
    unsigned left = 0;
    for (unsigned i = 0; i < BUFFER_BYTES; i++) {
        x = next_random(x);
        if (left == 0) left = SHORTEST + (x >> 16) % (LONGEST - SHORTEST);
        left--;
        source[i] = left == 0 ? 0 : 'a' + (x >> 24) % 26;
    }
    source[BUFFER_BYTES - 1] = 0;
}

/* Goes through the texts of the target, each compared with the source at the same place. */
static unsigned read_texts(unsigned sum, unsigned shift)
{
    for (unsigned at = 0; at < BUFFER_BYTES;) {
        const char *text = target + shift + at;
        unsigned bytes = length(text);
        sum = sum * 31 + bytes + (unsigned)compare(text, source + at);
        sum ^= (unsigned)(find(text, 'q') - text) << 8;
        at += bytes + 1;
    }
    return sum;
}

unsigned run(unsigned n)
{
    unsigned sum = 0;
    for (unsigned round = 0; round < n; round++) {
        write_texts(round + sum);
        unsigned shift = round % 8;
        copy(target + shift, source, BUFFER_BYTES);
        target[shift + sum % BUFFER_BYTES] ^= 1; /* so that one comparison finds a difference */
        target[shift + BUFFER_BYTES - 1] = 0;
        sum = read_texts(sum, shift);
    }
    return sum;
}

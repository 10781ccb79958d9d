/*
 * memtest.c: tests the memory behind the guest's own image, as memory is tested in the field.
 *
 *   walking bits       a single one, then a single zero, at each of the 32 places of a word: data
 *                      lines that stick or touch each other
 *   addresses          each word holds its own address, then the complement: address lines
 *   moving inversions  all words hold a pattern; upwards each is checked and inverted, downwards
 *                      checked and inverted again: cells that are disturbed by their neighbours
 *   random             a sequence that a shift register gives (LFSR) is written, then compared
 *
 * (A. J. van de Goor, Testing Semiconductor Memories, 1991, has the theory of such marches.)
 *
 * Command line: kib=N, how much memory (default: all there is); passes=N (default 1).
 * Prints a line for each test, for the first few errors address, expected and read value, and at
 * the end MiB and errors. Exit: 0; 1 if there was an error; 2 if there is no memory to test.
 */
#include "../lib/guest.h"
#include "../lib/print.h"
#include "../lib/ram.h"

enum { ERRORS_SHOWN = 8 };

/* Volatile: what is read must come from the memory and not from the compiler's knowledge. */
typedef volatile unsigned word;

static unsigned errors;

static void report(const word *at, unsigned expected, unsigned read)
{
    errors++;
    if (errors <= ERRORS_SHOWN)
        print("error at %08x: %08x expected, %08x read\n", (unsigned)at, expected, read);
}

static inline void check(const word *at, unsigned expected)
{
    unsigned read = *at;
    if (read != expected) report(at, expected, read);
}

static void walking_bits(word *from, word *to)
{
    for (unsigned bit = 1; bit != 0; bit <<= 1) {
        for (word *at = from; at < to; at++) *at = bit;
        for (word *at = from; at < to; at++) {
            check(at, bit);
            *at = ~bit;
        }
        for (word *at = from; at < to; at++) check(at, ~bit);
    }
}

static void addresses(word *from, word *to)
{
    for (word *at = from; at < to; at++) *at = (unsigned)at;
    for (word *at = from; at < to; at++) {
        check(at, (unsigned)at);
        *at = ~(unsigned)at;
    }
    for (word *at = from; at < to; at++) check(at, ~(unsigned)at);
}

static void invert_twice(word *from, word *to, unsigned pattern)
{
    for (word *at = from; at < to; at++) *at = pattern;
    for (word *at = from; at < to; at++) {
        check(at, pattern);
        *at = ~pattern;
    }
    for (word *at = to; at-- > from;) {
        check(at, ~pattern);
        *at = pattern;
    }
    for (word *at = from; at < to; at++) check(at, pattern);
}

static void moving_inversions(word *from, word *to)
{
    static const unsigned patterns[] = {0x00000000, 0x55555555, 0x33333333, 0x0F0F0F0F, 0x00FF00FF};
    for (unsigned i = 0; i < sizeof patterns / sizeof *patterns; i++)
        invert_twice(from, to, patterns[i]);
}

/* The next state of a shift register with feedback at 32, 22, 2 and 1: all but 0 in turn. */
static inline unsigned shifted(unsigned state)
{
    return state >> 1 ^ (-(state & 1) & 0x80200003);
}

static void random(word *from, word *to)
{
    unsigned state = 0x2545F491;
    for (word *at = from; at < to; at++) *at = state = shifted(state);
    state = 0x2545F491;
    for (word *at = from; at < to; at++) check(at, state = shifted(state));
}

static const struct {
    const char *name;
    void (*run)(word *from, word *to);
} tests[] = {
    {"walking bits", walking_bits},
    {"addresses", addresses},
    {"moving inversions", moving_inversions},
    {"random", random},
};

/* "1.50" for 1536 KiB. */
static void print_mib(unsigned kib)
{
    print("%u.%02u MiB", kib / 1024, kib % 1024 * 100 / 1024);
}

int main(void)
{
    struct ram ram = ram_free();
    unsigned there = (ram.to - ram.from) / 1024;
    unsigned kib = argument("kib=", there);
    if (kib > there) kib = there;
    if (kib == 0) {
        print("memtest: no memory to test\n");
        return 2;
    }
    word *from = (word *)ram.from, *to = from + kib * 1024 / sizeof *from;
    unsigned passes = argument("passes=", 1);
    for (unsigned pass = 1; pass <= passes; pass++)
        for (unsigned i = 0; i < sizeof tests / sizeof *tests; i++) {
            unsigned before = errors;
            tests[i].run(from, to);
            print("pass %u  %-17s  %u errors\n", pass, tests[i].name, errors - before);
        }
    print("memtest: ");
    print_mib(kib);
    print(" tested, %u errors\n", errors);
    return errors > 0;
}

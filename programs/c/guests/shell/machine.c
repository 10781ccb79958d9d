/*
 * machine.c: commands about the processor.
 */
#include "../../lib/guest.h"
#include "../../lib/print.h"
#include "shell.h"

struct cpuid {
    unsigned eax, ebx, edx, ecx;
};

static struct cpuid cpuid(unsigned leaf)
{
    struct cpuid c;
    __asm__("cpuid" : "=a"(c.eax), "=b"(c.ebx), "=d"(c.edx), "=c"(c.ecx) : "a"(leaf), "c"(0));
    return c;
}

static void show_cpuid(int count, char **words)
{
    unsigned leaf;
    if (count > 1) {
        if (!number_of(words[1], &leaf)) return;
        struct cpuid c = cpuid(leaf);
        print("eax %08x  ebx %08x  ecx %08x  edx %08x\n", c.eax, c.ebx, c.ecx, c.edx);
        return;
    }
    struct cpuid vendor = cpuid(0), version = cpuid(1);
    unsigned eax = version.eax;
    print("%.12s, family %u, model %u, stepping %u\n", (const char *)&vendor.ebx, eax >> 8 & 15,
          eax >> 4 & 15, eax & 15);
}

static void crash(int count, char **words)
{
    (void)count, (void)words;
    __asm__ volatile("ud2");
}

const struct command machine_commands[] = {
    {"cpuid", "[LEAF], who made the processor, or what it answers to a leaf", show_cpuid},
    {"crash", "executes an instruction that does not exist", crash},
    {0},
};

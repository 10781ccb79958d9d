/*
 * memory.c: commands that read and write memory. Addresses are physical; the page at 0 and the
 * registers of devices are as good as any other. What is not there reads as ones.
 */
#include "../../lib/console.h"
#include "../../lib/guest.h"
#include "../../lib/print.h"
#include "../../lib/ram.h"
#include "shell.h"

enum { BYTES_A_LINE = 16 };

void dump(const volatile unsigned char *from, unsigned bytes, unsigned label)
{
    for (unsigned at = 0; at < bytes && !console_stopped(); at += BYTES_A_LINE) {
        unsigned here = bytes - at < BYTES_A_LINE ? bytes - at : BYTES_A_LINE;
        unsigned char line[BYTES_A_LINE];
        for (unsigned i = 0; i < here; i++) line[i] = from[at + i];
        print("%08x ", label + at);
        for (unsigned i = 0; i < BYTES_A_LINE; i++)
            if (i < here) print(" %02x", line[i]);
            else put_text("   ");
        put_text("  ");
        for (unsigned i = 0; i < here; i++)
            put_char(line[i] >= ' ' && line[i] < 127 ? line[i] : '.');
        put_char('\n');
    }
}

static void show_memory(int count, char **words)
{
    (void)count, (void)words;
    struct ram ram = ram_free();
    print("free %08x to %08x, %u KiB\n", ram.from, ram.to, (ram.to - ram.from) / 1024);
}

static void peek(int count, char **words)
{
    unsigned address;
    if (count < 2) print("peek ADDRESS\n");
    else if (number_of(words[1], &address))
        print("%08x: %08x\n", address, *(volatile unsigned *)address);
}

static void poke(int count, char **words)
{
    unsigned address, value;
    if (count < 3) print("poke ADDRESS VALUE\n");
    else if (number_of(words[1], &address) && number_of(words[2], &value))
        *(volatile unsigned *)address = value;
}

static void dump_memory(int count, char **words)
{
    unsigned address, bytes;
    if (count < 2) print("dump ADDRESS [BYTES]\n");
    else if (number_of(words[1], &address) && argument_number(count, words, 2, 64, &bytes))
        dump((const volatile unsigned char *)address, bytes, address);
}

const struct command memory_commands[] = {
    {"mem", "what memory is free", show_memory},
    {"peek", "ADDRESS, the 32-bit word there", peek},
    {"poke", "ADDRESS VALUE, writes a 32-bit word", poke},
    {"dump", "ADDRESS [BYTES], memory in hexadecimal and as text", dump_memory},
    {0},
};

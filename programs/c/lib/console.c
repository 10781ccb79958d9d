/*
 * console.c: output to the console, the 16550 UART at port 0x3F8, by polling. The UART works as the
 * loader left it: no interrupts, no queues.
 */
#include "guest.h"

enum {
    UART_DATA = 0x3F8,
    UART_LINE_STATUS = 0x3FD,
    TRANSMITTER_EMPTY = 0x20,
};

static void out_byte(unsigned short port, unsigned char value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "d"(port));
}

static unsigned char in_byte(unsigned short port)
{
    unsigned char value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "d"(port));
    return value;
}

void put_char(char c)
{
    while (!(in_byte(UART_LINE_STATUS) & TRANSMITTER_EMPTY)) continue;
    out_byte(UART_DATA, c);
}

void put_text(const char *text)
{
    while (*text != 0) put_char(*text++);
}

void put_decimal(unsigned number)
{
    if (number >= 10) put_decimal(number / 10);
    put_char('0' + number % 10);
}

void put_hex(unsigned number)
{
    for (int shift = 28; shift >= 0; shift -= 4) put_char("0123456789abcdef"[number >> shift & 15]);
}

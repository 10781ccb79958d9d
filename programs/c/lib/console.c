/*
 * console.c: output to the console, the 16550 UART (National PC16550D datasheet), by polling. It
 * works as the loader left it: no interrupts, no queues. Input is in console-input.c.
 */
#include "guest.h"
#include "port.h"
#include "uart.h"

void put_char(char c)
{
    while (!(in_byte(UART_LINE_STATUS) & UART_TRANSMITTER_EMPTY)) continue;
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

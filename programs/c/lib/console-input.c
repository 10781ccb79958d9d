/*
 * console-input.c: see console.h. The queues of the 16550 stay off, as the loader left them:
 * switching them on would drop what was typed early.
 */
#include "console.h"
#include "interrupts.h"
#include "port.h"
#include "uart.h"

enum { RING_BYTES = 256 }; /* a power of two */

/* Each index is written by one side only and runs freely; their difference is what waits. */
static volatile unsigned char ring[RING_BYTES];
static volatile unsigned ring_in, ring_out;
/* Control-Cs that have gone into the ring, and that have come out of it. */
static volatile unsigned stops_in, stops_out;

static bool data_ready(void)
{
    return in_byte(UART_LINE_STATUS) & UART_DATA_READY;
}

int console_poll(void)
{
    return data_ready() ? in_byte(UART_DATA) : -1;
}

static void receive(unsigned line)
{
    (void)line;
    while (ring_in - ring_out < RING_BYTES) {
        if (!data_ready()) return;
        unsigned char byte = in_byte(UART_DATA);
        if (byte == CONTROL_C) stops_in++;
        ring[ring_in % RING_BYTES] = byte;
        ring_in++;
    }
    out_byte(UART_INTERRUPTS, 0); /* full: the UART keeps the rest until console_get */
}

void console_open(void)
{
    interrupts_handle(UART_LINE, receive);
    out_byte(UART_MODEM_CONTROL, UART_READY);
    out_byte(UART_INTERRUPTS, UART_RECEIVED);
}

int console_get(void)
{
    if (ring_in == ring_out) return -1;
    unsigned char byte = ring[ring_out % RING_BYTES];
    ring_out++;
    if (byte == CONTROL_C) stops_out++;
    if (ring_in - ring_out == RING_BYTES - 1) out_byte(UART_INTERRUPTS, UART_RECEIVED);
    return byte;
}

unsigned char console_wait(void)
{
    int byte;
    wait_until((byte = console_get()) >= 0);
    return byte;
}

bool console_stopped(void)
{
    return stops_in != stops_out;
}

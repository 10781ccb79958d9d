/*
 * uart.h: ports and bits of the console, a 16550 UART at 0x3F8 on interrupt line 4.
 */
#ifndef UART_H
#define UART_H

enum {
    UART_DATA = 0x3F8,
    UART_INTERRUPTS = 0x3F9,    /* which events interrupt */
    UART_MODEM_CONTROL = 0x3FC,
    UART_LINE_STATUS = 0x3FD,

    UART_RECEIVED = 1,          /* of UART_INTERRUPTS: a byte has arrived */
    UART_READY = 0x0B,          /* of UART_MODEM_CONTROL: DTR, RTS, and OUT2, a PC's interrupt gate */
    UART_DATA_READY = 1,        /* of UART_LINE_STATUS */
    UART_TRANSMITTER_EMPTY = 0x20,
    UART_LINE = 4,
};

#endif

/*
 * console.h: input from the console (console-input.c). Output is in guest.h.
 *
 * Two ways, not to be mixed: console_poll asks the UART itself and needs nothing else; after
 * console_open bytes arrive by interrupt and wait in a ring for console_get. Nothing is lost: a ring
 * that is full leaves the bytes where they are.
 */
#ifndef CONSOLE_H
#define CONSOLE_H

#include <stdbool.h>

enum { CONTROL_C = 3, CONTROL_D = 4 };

/* The next byte that has arrived, 0 … 255, or -1. Without interrupts. */
int console_poll(void);

/* Input by interrupt from now on; interrupts_open comes first. */
void console_open(void);

/* The next byte, 0 … 255, or -1 where none has arrived. */
int console_get(void);

/* The next byte; sleeps until there is one. */
unsigned char console_wait(void);

/*
 * Whether a control-C waits among the bytes that have arrived: how a long computation learns that it
 * shall stop. It goes on waiting until console_get returns it.
 */
bool console_stopped(void);

#endif

/*
 * guest.h: what every guest in C is given. No C library: these functions, those of string.h and
 * print.h, and one header for each device. A guest defines `int main(void)`; what it returns ends
 * the run, 0 = all is well, at most 126 (127 is an unexpected interrupt, interrupts.h).
 *
 * A guest is linked with what it uses and nothing else.
 */
#ifndef GUEST_H
#define GUEST_H

/* Ends the run with this status from anywhere (start.s). */
_Noreturn void end_run(int status);

/* Console output (console.c): waits until the UART has taken each byte. */
void put_char(char c);
void put_text(const char *text);
void put_decimal(unsigned number);
void put_hex(unsigned number); /* eight digits */

/*
 * The number after `name`, which ends in '=', in the words of the command line (arguments.c);
 * `otherwise` where no word begins so, or no digit follows.
 */
unsigned argument(const char *name, unsigned otherwise);

#endif

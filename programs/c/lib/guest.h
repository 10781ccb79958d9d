/*
 * guest.h: what a guest in C is given. No C library: these few functions, and those of string.h.
 * A guest defines `int main(void)`; what it returns ends the run, 0 = all is well, at most 127.
 */
#ifndef GUEST_H
#define GUEST_H

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

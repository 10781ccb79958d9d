/*
 * print.h: texts with numbers in them, a part of the C standard's printf (ISO C17, 7.21.6.1):
 * %d %u %x %X %c %s %%, with the flags `-` and `0`, a width, and for %s a precision; `*` stands for
 * a width or precision that is an argument. No other lengths than int.
 */
#ifndef PRINT_H
#define PRINT_H

#include <stdarg.h>
#include <stddef.h>

/* To the console. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Into `text`, at most `bytes` of them with the zero byte at the end → how long the whole text is,
 * which may be more than there was room for.
 */
size_t print_to(char *text, size_t bytes, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif

/*
 * print.c: see print.h.
 */
#include "print.h"
#include <stdbool.h>
#include "guest.h"

enum { DIGITS = 10 }; /* of the largest 32-bit number, in decimal */

/* Where a text goes: to the console, or into `text` as far as there is room. */
struct sink {
    char *text;
    size_t room;
    size_t length; /* of everything so far */
};

/* What stands between % and the letter. */
struct form {
    bool left, zeros;
    int width;
    int precision; /* -1: none */
};

static void put(struct sink *sink, char c)
{
    if (!sink->text) put_char(c);
    else if (sink->length < sink->room) sink->text[sink->length] = c;
    sink->length++;
}

static void repeat(struct sink *sink, char c, int times)
{
    while (times-- > 0) put(sink, c);
}

static void put_field(struct sink *sink, struct form form, const char *text, int length)
{
    if (!form.left) repeat(sink, ' ', form.width - length);
    for (int i = 0; i < length; i++) put(sink, text[i]);
    if (form.left) repeat(sink, ' ', form.width - length);
}

static void put_number(struct sink *sink, struct form form, unsigned number, char letter)
{
    const char *signs = letter == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    unsigned base = letter == 'x' || letter == 'X' ? 16 : 10;
    bool negative = letter == 'd' && (int)number < 0;
    if (negative) number = -number;
    char digits[DIGITS + 1];
    char *at = digits + sizeof digits;
    do {
        *--at = signs[number % base];
        number /= base;
    } while (number > 0);
    int length = digits + sizeof digits - at;
    if (form.zeros && !form.left) {
        if (negative) put(sink, '-');
        repeat(sink, '0', form.width - length - negative);
        form.width = 0;
    } else if (negative) {
        *--at = '-';
        length++;
    }
    put_field(sink, form, at, length);
}

static int width_at(const char **format, va_list *values)
{
    if (**format == '*') {
        ++*format;
        return va_arg(*values, int);
    }
    int width = 0;
    while (**format >= '0' && **format <= '9') width = width * 10 + *(*format)++ - '0';
    return width;
}

static struct form form_at(const char **format, va_list *values)
{
    struct form form = {.precision = -1};
    for (; **format == '-' || **format == '0'; ++*format) {
        if (**format == '-') form.left = true;
        else form.zeros = true;
    }
    form.width = width_at(format, values);
    if (**format == '.') {
        ++*format;
        form.precision = width_at(format, values);
    }
    return form;
}

static int text_length(const char *text, int precision)
{
    int length = 0;
    while (length != precision && text[length] != 0) length++;
    return length;
}

static void put_all(struct sink *sink, const char *format, va_list *values)
{
    while (*format != 0) {
        if (*format != '%') {
            put(sink, *format++);
            continue;
        }
        format++;
        struct form form = form_at(&format, values);
        char letter = *format++;
        if (letter == 's') {
            const char *text = va_arg(*values, const char *);
            put_field(sink, form, text, text_length(text, form.precision));
        } else if (letter == 'c') {
            char c = va_arg(*values, int);
            put_field(sink, form, &c, 1);
        } else if (letter == '%') {
            put(sink, '%');
        } else {
            put_number(sink, form, va_arg(*values, unsigned), letter);
        }
    }
}

void print(const char *format, ...)
{
    struct sink console = {0};
    va_list values;
    va_start(values, format);
    put_all(&console, format, &values);
    va_end(values);
}

size_t print_to(char *text, size_t bytes, const char *format, ...)
{
    struct sink sink = {.text = text, .room = bytes};
    va_list values;
    va_start(values, format);
    put_all(&sink, format, &values);
    va_end(values);
    if (bytes > 0) text[sink.length < bytes ? sink.length : bytes - 1] = 0;
    return sink.length;
}

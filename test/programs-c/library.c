/*
 * library.c: a guest that tries what programs/c/lib gives, and prints one line for each function.
 * The calls go through volatile values, so that the compiler does not answer in its place.
 */
#include "guest.h"
#include "print.h"
#include "rtc.h"
#include "string.h"

static char buffer[12];

static void begin(const char *title)
{
    memcpy(buffer, "0123456789", 11);
    put_text(title);
    put_char(' ');
}

static void show_buffer(void)
{
    put_text(buffer);
    put_char('\n');
}

static void show_sign(int number)
{
    put_text(number < 0 ? "-" : number > 0 ? "+" : "0");
}

int main(void)
{
    volatile size_t five = 5, none = 0;

    begin("memcpy");
    put_decimal(memcpy(buffer + 1, "abcde", five) == buffer + 1);
    memcpy(buffer, "x", none);
    show_buffer();

    begin("memmove up");
    put_decimal(memmove(buffer + 2, buffer, five) == buffer + 2);
    show_buffer();

    begin("memmove down");
    memmove(buffer, buffer + 2, five);
    show_buffer();

    begin("memset");
    put_decimal(memset(buffer + 3, '.' + 0x300, five) == buffer + 3);
    show_buffer();

    begin("memcmp");
    show_sign(memcmp("ab\0cd", "ab\0cd", five));
    show_sign(memcmp("abcdx", "abcdy", five));
    show_sign(memcmp("abcd\x80", "abcd\x7f", five));
    show_sign(memcmp("a", "b", none));
    put_char('\n');

    begin("strlen");
    put_decimal(strlen(buffer));
    put_decimal(strlen(buffer + 10));
    put_char('\n');

    begin("strcmp");
    show_sign(strcmp("ab", "ab"));
    show_sign(strcmp("ab", "b"));
    show_sign(strcmp("ab", "a"));
    show_sign(strcmp("\x80", "\x7f"));
    put_char('\n');

    print("print [%d] [%5d] [%-5d] [%05d] [%u]\n", -7, -7, -7, -7, 4294967295u);
    print("print [%x] [%08X] [%4x] [%-4x] [%c] [%3c] [%%]\n", 0xbeefu, 0xbeefu, 0xbeu, 0xbeu, 'a', 'b');
    print("print [%s] [%5s] [%-5s] [%.2s] [%*s] [%.*s]\n", "abc", "abc", "abc", "abc", 6, "abc", 1,
          "abc");
    print("print [%d] [%d] [%03d]\n", -2147483647 - 1, 0, 1234);

    char *volatile text = buffer;
    unsigned length = print_to(text, 8, "%s%u", "abcdef", 12345u);
    print("print_to %s %u", text, length);
    text[0] = '!';
    length = print_to(text, none, "%u", 7u);
    print(" %s %u\n", text, length);

    static const struct date dates[] = {
        {1970, 1, 1, 0, 0, 0},    {2000, 2, 29, 23, 59, 59}, {2000, 3, 1, 0, 0, 0},
        {2026, 11, 21, 11, 19, 1}, {2100, 12, 31, 12, 0, 0},
    };
    put_text("rtc_seconds");
    for (unsigned i = 0; i < sizeof dates / sizeof *dates; i++) print(" %u", rtc_seconds(&dates[i]));
    put_char('\n');

    begin("numbers");
    put_decimal(0);
    put_char(' ');
    put_decimal(4294967295u);
    put_char(' ');
    put_hex(0x0123cdefu);
    put_char('\n');

    begin("arguments");
    put_decimal(argument("a=", 7));
    put_char(' ');
    put_decimal(argument("b=", 8));
    put_char(' ');
    put_decimal(argument("c=", 9));
    put_char('\n');
    return 42;
}

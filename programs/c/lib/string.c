/*
 * string.c: the functions of string.h. Copying and filling are the processor's own string
 * instructions, which count one instruction a step (machine.md, "The instruction count").
 */
#include "string.h"

void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
    void *at = to;
    __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(bytes) : : "memory");
    return to;
}

void *memmove(void *to, const void *from, size_t bytes)
{
    char *at = to;
    const char *source = from;
    if (at <= source || at >= source + bytes) return memcpy(to, from, bytes);
    while (bytes-- > 0) at[bytes] = source[bytes]; /* overlapping upwards: the last byte first */
    return to;
}

void *memset(void *to, int value, size_t bytes)
{
    void *at = to;
    __asm__ volatile("rep stosb" : "+D"(at), "+c"(bytes) : "a"(value) : "memory");
    return to;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
    const unsigned char *left = a;
    const unsigned char *right = b;
    for (size_t i = 0; i < bytes; i++)
        if (left[i] != right[i]) return left[i] - right[i];
    return 0;
}

size_t strlen(const char *text)
{
    size_t bytes = 0;
    while (text[bytes] != 0) bytes++;
    return bytes;
}

int strcmp(const char *a, const char *b)
{
    while (*a != 0 && *a == *b) {
        a++;
        b++;
    }
    return (unsigned char)*a - (unsigned char)*b;
}

/*
 * text.c: texts, and numbers in them.
 */
#include "../../lib/heap.h"
#include "../../lib/string.h"
#include "redis.h"

struct text *text_new(struct slice bytes)
{
    struct text *text = heap_take(sizeof *text + bytes.length);
    if (!text) return 0;
    text->length = bytes.length;
    memcpy(text->bytes, bytes.at, bytes.length);
    return text;
}

struct slice text_slice(const struct text *text)
{
    return (struct slice){text->bytes, text->length};
}

struct slice slice_of(const char *text)
{
    return (struct slice){text, strlen(text)};
}

bool slice_equal(struct slice a, struct slice b)
{
    return a.length == b.length && memcmp(a.at, b.at, a.length) == 0;
}

bool slice_is(struct slice a, const char *lower_case)
{
    unsigned i = 0;
    for (; i < a.length && lower_case[i] != 0; i++) {
        char c = a.at[i] >= 'A' && a.at[i] <= 'Z' ? a.at[i] + 32 : a.at[i];
        if (c != lower_case[i]) return false;
    }
    return i == a.length && lower_case[i] == 0;
}

static struct slice skip(struct slice s, unsigned count)
{
    return (struct slice){s.at + count, s.length - count};
}

/* Whether the set behind a [ has c in it; *bytes is how long it is, without the [. */
static bool in_set(struct slice set, char c, unsigned *bytes)
{
    unsigned i = 0;
    bool found = false, turned = set.length > 0 && set.at[0] == '^';
    if (turned) i++;
    for (; i < set.length && set.at[i] != ']'; i++) {
        if (set.at[i] == '\\' && i + 1 < set.length) i++;
        if (i + 2 < set.length && set.at[i + 1] == '-' && set.at[i + 2] != ']') {
            if (c >= set.at[i] && c <= set.at[i + 2]) found = true;
            i += 2;
        } else if (set.at[i] == c) {
            found = true;
        }
    }
    *bytes = i < set.length ? i + 1 : i;
    return found != turned;
}

bool slice_matches(struct slice text, struct slice pattern)
{
    /* Where the last * stands, and how much of the text it has taken so far. */
    struct slice after_star = {0, 0}, taken = {0, 0};
    while (text.length > 0 || pattern.length > 0) {
        char p = pattern.length > 0 ? *pattern.at : 0;
        unsigned used = 1;
        bool same = text.length > 0 && pattern.length > 0;
        if (p == '*' && pattern.length > 0) {
            after_star = pattern = skip(pattern, 1);
            taken = text;
            continue;
        }
        if (p == '[' && same) {
            same = in_set(skip(pattern, 1), *text.at, &used);
            used++;
        } else if (p == '\\' && pattern.length > 1) {
            same = same && pattern.at[1] == *text.at;
            used = 2;
        } else {
            same = same && (p == '?' || p == *text.at);
        }
        if (same) {
            text = skip(text, 1);
            pattern = skip(pattern, used);
        } else if (after_star.at && taken.length > 0) {
            text = taken = skip(taken, 1); /* the star takes one more */
            pattern = after_star;
        } else {
            return false;
        }
    }
    return true;
}

bool slice_number(struct slice text, number *value)
{
    static const unsigned long long most = ~0ull >> 1;
    bool negative = text.length > 0 && *text.at == '-';
    if (negative) text = skip(text, 1);
    if (text.length == 0 || text.length > NUMBER_BYTES - 1) return false;
    if (*text.at == '0' && (text.length > 1 || negative)) return false;
    unsigned long long sum = 0; /* 19 digits fit */
    for (unsigned i = 0; i < text.length; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') return false;
        sum = sum * 10 + (text.at[i] - '0');
    }
    if (sum > most + negative) return false;
    *value = negative ? -sum : sum;
    return true;
}

/* The processor divides 64 bits by 32 where the quotient has 32, so it is done half by half. */
unsigned long long divide(unsigned long long number, unsigned by, unsigned *rest)
{
    unsigned high = number >> 32, low = number, high_quotient = high / by;
    *rest = high % by;
    __asm__("divl %2" : "+a"(low), "+d"(*rest) : "r"(by) : "cc");
    return (unsigned long long)high_quotient << 32 | low;
}

unsigned number_text(number value, char to[NUMBER_BYTES])
{
    char digits[NUMBER_BYTES], *at = digits + NUMBER_BYTES;
    unsigned long long rest = value < 0 ? -(unsigned long long)value : (unsigned long long)value;
    while (rest > ~0u) {
        unsigned digit;
        rest = divide(rest, 10, &digit);
        *--at = '0' + digit;
    }
    unsigned low = rest;
    do *--at = '0' + low % 10;
    while ((low /= 10) > 0);
    if (value < 0) *--at = '-';
    unsigned length = digits + NUMBER_BYTES - at;
    memcpy(to, at, length);
    return length;
}

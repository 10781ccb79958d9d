/*
 * request.c: requests, as arrays of bulk strings or as a line of words (RESP2; what redis-cli and
 * a human at telnet send).
 */
#include "redis.h"

enum { MOST_LINE_BYTES = 65536, MOST_BYTES = 512 << 20 };

struct slice words[MOST_WORDS];
unsigned word_count;

/* The line that begins at `from`, and in *next where the one behind it does; false: incomplete. */
static bool line_at(struct slice bytes, unsigned from, struct slice *line, unsigned *next)
{
    for (unsigned i = from; i < bytes.length; i++) {
        if (bytes.at[i] != '\n') continue;
        unsigned end = i > from && bytes.at[i - 1] == '\r' ? i - 1 : i;
        *line = (struct slice){bytes.at + from, end - from};
        *next = i + 1;
        return true;
    }
    return false;
}

/* A line that says how many of something follow; -1 if it does not. */
static int count_in(struct slice line, char kind, int most)
{
    number count;
    if (line.length == 0 || line.at[0] != kind) return -1;
    struct slice digits = {line.at + 1, line.length - 1};
    return slice_number(digits, &count) && count >= 0 && count <= most ? (int)count : -1;
}

static int parse_words(struct slice line, unsigned next, const char **error)
{
    unsigned at = 0;
    for (;;) {
        while (at < line.length && (line.at[at] == ' ' || line.at[at] == '\t')) at++;
        if (at == line.length) return next;
        unsigned from = at;
        while (at < line.length && line.at[at] != ' ' && line.at[at] != '\t') at++;
        if (word_count == MOST_WORDS) break;
        words[word_count++] = (struct slice){line.at + from, at - from};
    }
    *error = "ERR Protocol error: too many words";
    return REQUEST_WRONG;
}

int request_parse(struct slice bytes, const char **error)
{
    struct slice line;
    unsigned at;
    word_count = 0;
    if (!line_at(bytes, 0, &line, &at)) {
        if (bytes.length < MOST_LINE_BYTES) return REQUEST_INCOMPLETE;
        *error = "ERR Protocol error: too big inline request";
        return REQUEST_WRONG;
    }
    if (line.length == 0 || line.at[0] != '*') return parse_words(line, at, error);
    *error = "ERR Protocol error: invalid multibulk length";
    int count = count_in(line, '*', MOST_WORDS);
    if (count < 0) return REQUEST_WRONG;
    for (; count > 0; count--) {
        if (!line_at(bytes, at, &line, &at)) return REQUEST_INCOMPLETE;
        *error = "ERR Protocol error: invalid bulk length";
        int length = count_in(line, '$', MOST_BYTES);
        if (length < 0) return REQUEST_WRONG;
        if (bytes.length - at < (unsigned)length + 2) return REQUEST_INCOMPLETE;
        words[word_count++] = (struct slice){bytes.at + at, length};
        at += length + 2;
    }
    return at;
}

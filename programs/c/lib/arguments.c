/*
 * arguments.c: numbers from the command line, words name=number separated by blanks.
 */
#include "guest.h"
#include "start-info.h"

static const char *after(const char *word, const char *name)
{
    while (*name != 0)
        if (*word++ != *name++) return 0;
    return word;
}

unsigned argument(const char *name, unsigned otherwise)
{
    if (start_info->magic != START_INFO_MAGIC) return otherwise;
    const char *at = (const char *)(unsigned)start_info->command_line;
    for (;;) {
        while (*at == ' ') at++;
        if (*at == 0) return otherwise;
        const char *digits = after(at, name);
        if (digits && *digits >= '0' && *digits <= '9') {
            unsigned number = 0;
            while (*digits >= '0' && *digits <= '9') number = number * 10 + (*digits++ - '0');
            return number;
        }
        while (*at != 0 && *at != ' ') at++;
    }
}

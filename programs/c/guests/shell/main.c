/*
 * shell: commands for looking round in the machine, typed at the console.
 *
 * Lines can be edited with backspace and control-U (all of it), called back with the arrow keys up
 * and down, and given up with control-C, which also stops a command. The commands: `help`.
 *
 * Everything that one sees here came from outside at some instant: keys, ticks, the time of day,
 * sectors. Recorded and replayed, a whole session happens again.
 *
 * Exit: the number after `exit`; 0 at control-D; 127 after `crash`.
 */
#include "../../lib/console.h"
#include "../../lib/guest.h"
#include "../../lib/interrupts.h"
#include "../../lib/print.h"
#include "../../lib/string.h"
#include "../../lib/timer.h"
#include "shell.h"

enum { TICKS_A_SECOND = 20 };

static const struct command *const tables[] = {general_commands, memory_commands, machine_commands,
                                               time_commands, disk_commands};
enum { TABLES = sizeof tables / sizeof *tables };

static void help(int count, char **words)
{
    (void)count, (void)words;
    for (unsigned i = 0; i < TABLES; i++)
        for (const struct command *c = tables[i]; c->name; c++) print("%-7s %s\n", c->name, c->usage);
}

static void echo(int count, char **words)
{
    for (int i = 1; i < count; i++) print(i > 1 ? " %s" : "%s", words[i]);
    put_char('\n');
}

static void exit_shell(int count, char **words)
{
    unsigned status;
    if (argument_number(count, words, 1, 0, &status)) end_run(status & 127);
}

const struct command general_commands[] = {
    {"help", "this list", help},
    {"echo", "WORD…, repeats them", echo},
    {"exit", "[N], ends the run with status N, 0 … 127", exit_shell},
    {0},
};

bool number_of(const char *word, unsigned *number)
{
    bool hex = word[0] == '0' && word[1] == 'x';
    const char *at = hex ? word + 2 : word;
    bool good = *at != 0;
    for (*number = 0; *at != 0 && good; at++) {
        unsigned digit = *at >= '0' && *at <= '9'   ? *at - '0'
                         : *at >= 'a' && *at <= 'f' ? *at - 'a' + 10
                         : *at >= 'A' && *at <= 'F' ? *at - 'A' + 10
                                                    : 16;
        unsigned base = hex ? 16 : 10;
        good = digit < base && *number <= (0xFFFFFFFF - digit) / base;
        *number = *number * base + digit;
    }
    if (!good) print("%s: a number is expected, as 4096 or 0x1000\n", word);
    return good;
}

bool argument_number(int count, char **words, int index, unsigned otherwise, unsigned *number)
{
    *number = otherwise;
    return index >= count || number_of(words[index], number);
}

/* Cuts a line into words, in place. */
static int split(char *line, char **words)
{
    int count = 0;
    while (count < MOST_WORDS) {
        while (*line == ' ') *line++ = 0;
        if (*line == 0) break;
        words[count++] = line;
        while (*line != ' ' && *line != 0) line++;
    }
    return count;
}

static void obey(char *line)
{
    char *words[MOST_WORDS];
    int count = split(line, words);
    if (count == 0) return;
    for (unsigned i = 0; i < TABLES; i++)
        for (const struct command *c = tables[i]; c->name; c++)
            if (strcmp(words[0], c->name) == 0) {
                c->run(count, words);
                return;
            }
    print("%s: no such command; try help\n", words[0]);
}

int main(void)
{
    static char line[LINE_BYTES];
    interrupts_open();
    console_open();
    timer_start(TICKS_A_SECOND);
    open_disks();
    print("vmft shell; help lists the commands\n");
    while (read_line("> ", line)) obey(line);
    return 0;
}

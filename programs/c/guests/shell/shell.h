/*
 * shell.h: what the files of the shell share.
 *
 * A command is a function of its words. Commands are gathered in tables, one for each file, each
 * table ended by a command without a name.
 */
#ifndef SHELL_H
#define SHELL_H

#include <stdbool.h>

enum { LINE_BYTES = 80, MOST_WORDS = 16 };

struct command {
    const char *name;
    const char *usage; /* its words, and what it does */
    void (*run)(int count, char **words); /* words[0] is the name */
};

extern const struct command general_commands[], memory_commands[], machine_commands[],
    time_commands[], disk_commands[];

/*
 * Reads a line from the console into `line`, LINE_BYTES long, and shows it meanwhile (line.c).
 * False at control-D in an empty line; after control-C the line is empty.
 */
bool read_line(const char *prompt, char *line);

/* The number that a word is, decimal or with 0x hexadecimal. False, with a message, if it is none. */
bool number_of(const char *word, unsigned *number);

/* The same for an argument that may be missing and is then `otherwise`. */
bool argument_number(int count, char **words, int index, unsigned otherwise, unsigned *number);

/* Shows `bytes` bytes at `from` as lines of 16, in hexadecimal and as text, counted from `label`. */
void dump(const volatile unsigned char *from, unsigned bytes, unsigned label);

/* Brings the devices up that the commands of a file need. */
void open_disks(void);

#endif

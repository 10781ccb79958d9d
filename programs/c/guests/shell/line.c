/*
 * line.c: reads and edits one line. The terminal does nothing but show what it is sent, so each key
 * is answered here: a letter by itself, backspace by going back, wiping and going back.
 */
#include "../../lib/console.h"
#include "../../lib/guest.h"
#include "../../lib/print.h"
#include "../../lib/string.h"
#include "shell.h"

enum {
    BACKSPACE = 8,
    CONTROL_U = 21,
    ESCAPE = 27,
    DELETE = 127, /* what most terminals send for backspace */
    HISTORY = 8,
};

/* What an arrow key is, out of the range of bytes. */
enum { KEY_UP = 256, KEY_DOWN, KEY_OTHER };

/* The last lines, the newest at (lines - 1) % HISTORY. */
static char history[HISTORY][LINE_BYTES];
static unsigned lines;

static char *text; /* being edited */
static unsigned length;

static void erase_last(void)
{
    if (length == 0) return;
    length--;
    put_text("\b \b");
}

static void erase_all(void)
{
    while (length > 0) erase_last();
}

static void append(char c)
{
    if (length == LINE_BYTES - 1) return;
    text[length++] = c;
    put_char(c);
}

static void replace(const char *with)
{
    erase_all();
    while (*with != 0) append(*with++);
}

static unsigned oldest(void)
{
    return lines > HISTORY ? lines - HISTORY : 0;
}

static void remember(void)
{
    if (length == 0) return;
    if (lines > 0 && strcmp(history[(lines - 1) % HISTORY], text) == 0) return;
    memcpy(history[lines++ % HISTORY], text, LINE_BYTES);
}

/* A key: a byte, or the few that an arrow key sends (ECMA-48: escape, [, parameters, a letter). */
static int read_key(void)
{
    int c = console_wait();
    if (c != ESCAPE) return c;
    c = console_wait();
    if (c != '[' && c != 'O') return KEY_OTHER;
    do c = console_wait();
    while (c < 0x40 && c >= 0x20);
    return c == 'A' ? KEY_UP : c == 'B' ? KEY_DOWN : KEY_OTHER;
}

/* Takes one key in; `*shown` is the line of the history that is looked at. True: the line ends. */
static bool take(int key, unsigned *shown)
{
    switch (key) {
    case '\r':
    case '\n':
        put_char('\n');
        return true;
    case CONTROL_C:
        put_text("^C\n");
        length = 0;
        return true;
    case BACKSPACE:
    case DELETE:
        erase_last();
        return false;
    case CONTROL_U:
        erase_all();
        return false;
    case KEY_UP:
        if (*shown > oldest()) replace(history[--*shown % HISTORY]);
        return false;
    case KEY_DOWN:
        if (*shown < lines) replace(++*shown < lines ? history[*shown % HISTORY] : "");
        return false;
    default:
        if (key >= ' ' && key < KEY_UP) append(key);
        return false;
    }
}

bool read_line(const char *prompt, char *line)
{
    put_text(prompt);
    text = line;
    length = 0;
    unsigned shown = lines;
    for (;;) {
        int key = read_key();
        if (key == CONTROL_D && length == 0) {
            put_char('\n');
            return false;
        }
        if (take(key, &shown)) break;
    }
    text[length] = 0;
    remember();
    return true;
}

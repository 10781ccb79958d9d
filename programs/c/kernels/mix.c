/*
 * mix.c: three things that programs do between computations. A linked list is walked in an order
 * that memory does not have; a CRC-32 is looked up byte by byte; a state machine reads signs, words
 * and numbers in a text, with a jump table and calls through pointers. Each feeds the next.
 */
#include "kernel.h"

enum { NODES = 4096, LAPS = 12, TEXT_BYTES = 16384 };

const struct kernel kernel = {"mix", 3, 0x3b0452c7};

struct node {
    struct node *next;
    unsigned value;
};

static struct node nodes[NODES];
static unsigned crc_table[256];
static unsigned char text[TEXT_BYTES];

/* Each node leads i to 5 i + 1237: one circle through all of them (Knuth, vol. 2, 3.2.1.2). */
static void link_nodes(void)
{
    unsigned at = 0;
    for (unsigned i = 0; i < NODES; i++) {
        unsigned next = (at * 5 + 1237) % NODES;
        nodes[at].next = &nodes[next];
        nodes[at].value = i;
        at = next;
    }
}

static unsigned walk(unsigned sum)
{
    struct node *node = &nodes[sum % NODES];
    for (unsigned i = 0; i < NODES * LAPS; i++) {
        sum += node->value ^ i;
        node->value = sum >> 3;
        node = node->next;
    }
    return sum;
}

/* CRC-32 of IEEE 802.3, the lowest bit first. */
static void make_crc_table(void)
{
    for (unsigned i = 0; i < 256; i++) {
        unsigned crc = i;
        for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
        crc_table[i] = crc;
    }
}

static unsigned crc32(unsigned crc)
{
    for (unsigned i = 0; i < TEXT_BYTES; i++) crc = crc_table[(crc ^ text[i]) & 255] ^ crc >> 8;
    return crc;
}

static void write_text(unsigned x)
{
    static const char letters[] = "aZ09 _.;-+(x)=/*";
    for (unsigned i = 0; i < TEXT_BYTES; i++) {
        x = next_random(x);
        text[i] = letters[x >> 28];
    }
}

/* What a sign outside words and numbers does to the sum: a jump table. */
static unsigned apply(unsigned sum, unsigned char sign)
{
    switch (sign) {
    case '(':
        return sum << 3 | sum >> 29;
    case ')':
        return sum >> 5 | sum << 27;
    case '*':
        return sum * 5;
    case '+':
        return sum + 0x1234567;
    case '-':
        return ~sum;
    case '.':
        return sum ^ sum >> 7;
    case '/':
        return sum / 3;
    default:
        return sum - sign;
    }
}

/* What the end of a run of signs, a word or a number does: calls through pointers. */
static unsigned end_signs(unsigned sum, unsigned length)
{
    return sum - length * 7;
}

static unsigned end_word(unsigned sum, unsigned length)
{
    return sum * 33 + length;
}

static unsigned end_number(unsigned sum, unsigned number)
{
    return sum ^ sum << 5 ^ number;
}

typedef unsigned ending(unsigned sum, unsigned value);
enum state { OUTSIDE, WORD, NUMBER, STATES };
static ending *const endings[STATES] = {end_signs, end_word, end_number};

/* What a character makes of the state machine. */
static enum state state_after(enum state state, unsigned char c)
{
    switch (c) {
    case 'a':
    case 'x':
    case 'Z':
    case '_':
        return WORD;
    case '0':
    case '9':
        return state == WORD ? WORD : NUMBER;
    case '.':
        return state == NUMBER ? NUMBER : OUTSIDE;
    default:
        return OUTSIDE;
    }
}

static unsigned read_text(unsigned sum)
{
    enum state state = OUTSIDE;
    unsigned value = 0;
    for (unsigned i = 0; i < TEXT_BYTES; i++) {
        enum state next = state_after(state, text[i]);
        if (next != state) {
            sum = endings[state](sum, value);
            value = 0;
            state = next;
        }
        if (state == OUTSIDE) sum = apply(sum, text[i]);
        value = state == NUMBER ? value * 10 + text[i] - '0' : value + 1;
    }
    return sum;
}

unsigned run(unsigned n)
{
    unsigned sum = 0;
    link_nodes();
    make_crc_table();
    for (unsigned round = 0; round < n; round++) {
        sum = walk(sum);
        write_text(sum);
        sum = crc32(~sum);
        sum = read_text(sum);
    }
    return sum;
}

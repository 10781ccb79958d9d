/*
 * heap.c: see heap.h. Two-level segregated fit (M. Masmano, I. Ripoll, A. Crespo, J. Real: "TLSF: a
 * new dynamic memory allocator for real-time systems", ECRTS 2004).
 *
 * Memory is a row of blocks. Each begins with its size, a multiple of 8, with two flags in its low
 * bits: whether it is taken, and whether the one before it is. A free block also holds the links of
 * its list, and in its last word its size again, by which the block behind it finds its begin. Two
 * free blocks never lie side by side.
 *
 * There is a list for each class of sizes: multiples of 8 below 128, and 16 classes to each power of
 * two above. A request is rounded up to the smallest size of a class, so that any block of that
 * class, or of a larger one, will do; bit maps say which lists are not empty.
 */
#include "heap.h"
#include <stdbool.h>
#include "ram.h"

enum {
    UNIT = 8,
    LEAST_BYTES = 16, /* of a block: size, two links, size again */
    TAKEN = 1,
    BEFORE_TAKEN = 2,
    FLAGS = TAKEN | BEFORE_TAKEN,
    CLASS_BITS = 4,
    CLASSES = 1 << CLASS_BITS,
    SMALL = UNIT * CLASSES,
    SMALL_BITS = 7, /* of SMALL - 1 */
    LEVELS = 32 - SMALL_BITS + 1,
};

struct block {
    unsigned size; /* and flags */
    struct block *next, *previous; /* in the list, while it is free */
};

static struct block *lists[LEVELS][CLASSES];
static unsigned levels_in_use, classes_in_use[LEVELS];
static unsigned used, whole;

/* Bits that a number has, which is not 0. */
static unsigned bits(unsigned number)
{
    return 32 - __builtin_clz(number);
}

static unsigned level_of(unsigned size)
{
    return size < SMALL ? 0 : bits(size) - SMALL_BITS;
}

static unsigned class_of(unsigned size)
{
    return size < SMALL ? size / UNIT : size >> (bits(size) - 1 - CLASS_BITS) & (CLASSES - 1);
}

static unsigned size_of(const struct block *block)
{
    return block->size & ~FLAGS;
}

static struct block *after(struct block *block)
{
    return (struct block *)((char *)block + size_of(block));
}

/* The free block before one without BEFORE_TAKEN. */
static struct block *before(struct block *block)
{
    return (struct block *)((char *)block - ((unsigned *)block)[-1]);
}

/* Makes a block of this size free, and known as such to the one behind it. */
static void insert(struct block *block, unsigned size)
{
    unsigned level = level_of(size), class = class_of(size);
    struct block **list = &lists[level][class];
    block->size = size | BEFORE_TAKEN;
    block->previous = 0;
    block->next = *list;
    if (*list) (*list)->previous = block;
    *list = block;
    levels_in_use |= 1u << level;
    classes_in_use[level] |= 1u << class;
    struct block *behind = after(block);
    ((unsigned *)behind)[-1] = size;
    behind->size &= ~BEFORE_TAKEN;
}

static void withdraw(struct block *block)
{
    unsigned level = level_of(size_of(block)), class = class_of(size_of(block));
    if (block->next) block->next->previous = block->previous;
    if (block->previous) block->previous->next = block->next;
    else lists[level][class] = block->next;
    if (lists[level][class]) return;
    classes_in_use[level] &= ~(1u << class);
    if (classes_in_use[level] == 0) levels_in_use &= ~(1u << level);
}

/* A free block of at least this size, which is the smallest of its class; or 0. */
static struct block *find(unsigned size)
{
    unsigned level = level_of(size);
    unsigned classes = classes_in_use[level] & ~0u << class_of(size);
    if (classes == 0) {
        unsigned levels = level + 1 < LEVELS ? levels_in_use & ~0u << (level + 1) : 0;
        if (levels == 0) return 0;
        level = __builtin_ctz(levels);
        classes = classes_in_use[level];
    }
    return lists[level][__builtin_ctz(classes)];
}

void heap_open(void)
{
    struct ram ram = ram_free();
    if (ram.to - ram.from < 2 * LEAST_BYTES) return;
    whole = ram.to - ram.from;
    struct block *first = (struct block *)ram.from;
    struct block *end = (struct block *)(ram.to - UNIT); /* has no bytes, and is nobody's to give */
    end->size = TAKEN;
    insert(first, whole - UNIT);
}

void *heap_take(unsigned bytes)
{
    if (bytes > whole) return 0;
    unsigned size = bytes + sizeof(unsigned);
    if (size < LEAST_BYTES) size = LEAST_BYTES;
    unsigned step = size < SMALL ? UNIT : 1u << (bits(size) - 1 - CLASS_BITS);
    size = (size + step - 1) & ~(step - 1);
    struct block *block = find(size);
    if (!block) return 0;
    withdraw(block);
    unsigned rest = size_of(block) - size;
    if (rest < LEAST_BYTES) size += rest;
    block->size = size | TAKEN | BEFORE_TAKEN;
    struct block *behind = after(block);
    if (rest < LEAST_BYTES) behind->size |= BEFORE_TAKEN;
    else insert(behind, rest);
    used += size;
    return &block->next;
}

void heap_give(void *piece)
{
    if (!piece) return;
    struct block *block = (struct block *)((unsigned *)piece - 1);
    unsigned size = size_of(block);
    used -= size;
    struct block *behind = after(block);
    if (!(behind->size & TAKEN)) {
        withdraw(behind);
        size += size_of(behind);
    }
    if (!(block->size & BEFORE_TAKEN)) {
        block = before(block);
        withdraw(block);
        size += size_of(block);
    }
    insert(block, size);
}

unsigned heap_used(void)
{
    return used;
}

unsigned heap_size(void)
{
    return whole;
}

/*
 * table.c: hash tables with chains. A table doubles when it has as many entries as buckets; where
 * there is no memory for that, its chains grow instead. It never shrinks, except to nothing.
 */
#include "../../lib/heap.h"
#include "../../lib/string.h"
#include "redis.h"

enum { FIRST_BUCKETS = 4 };

/* FNV-1a of 32 bits (RFC 9923), mixed once more, because the low bits choose the bucket. */
static unsigned hash_of(struct slice key)
{
    unsigned hash = 0x811C9DC5;
    for (unsigned i = 0; i < key.length; i++) hash = (hash ^ (unsigned char)key.at[i]) * 0x01000193;
    return hash ^ hash >> 15;
}

static struct entry **bucket(const struct table *table, unsigned hash)
{
    return &table->buckets[hash & (table->size - 1)];
}

static void grow(struct table *table)
{
    unsigned size = table->size ? table->size * 2 : FIRST_BUCKETS;
    struct table larger = {heap_take(size * sizeof *larger.buckets), size, table->count};
    if (!larger.buckets) return;
    memset(larger.buckets, 0, size * sizeof *larger.buckets);
    for (unsigned i = 0; i < table->size; i++)
        for (struct entry *entry = table->buckets[i], *next; entry; entry = next) {
            next = entry->next;
            struct entry **to = bucket(&larger, entry->hash);
            entry->next = *to;
            *to = entry;
        }
    heap_give(table->buckets);
    *table = larger;
}

struct table *table_new(void)
{
    struct table *table = heap_take(sizeof *table);
    if (table) memset(table, 0, sizeof *table);
    return table;
}

struct entry *table_find(const struct table *table, struct slice key)
{
    if (table->count == 0) return 0;
    unsigned hash = hash_of(key);
    struct entry *entry = *bucket(table, hash);
    while (entry && (entry->hash != hash || !slice_equal(text_slice(entry->key), key)))
        entry = entry->next;
    return entry;
}

struct entry *table_add(struct table *table, struct slice key)
{
    if (table->count >= table->size) grow(table);
    struct text *text = text_new(key);
    struct entry *entry = table->size > 0 && text ? heap_take(sizeof *entry) : 0;
    if (!entry) {
        heap_give(text);
        return 0;
    }
    memset(entry, 0, sizeof *entry);
    entry->key = text;
    entry->hash = hash_of(key);
    struct entry **at = bucket(table, entry->hash);
    entry->next = *at;
    *at = entry;
    table->count++;
    return entry;
}

void entry_clear(struct entry *entry)
{
    if (entry->type == TYPE_STRING) heap_give(entry->text);
    else if (entry->type == TYPE_LIST) list_free(entry->list);
    else if (entry->type == TYPE_SORTED) sorted_free(entry->sorted);
    else if (entry->type == TYPE_MEMBER) heap_give(entry->node);
    else table_free(entry->table);
    entry->type = TYPE_STRING;
    entry->text = 0;
}

static void entry_free(struct entry *entry)
{
    entry_clear(entry);
    heap_give(entry->key);
    heap_give(entry);
}

void table_remove(struct table *table, struct entry *entry)
{
    struct entry **at = bucket(table, entry->hash);
    while (*at != entry) at = &(*at)->next;
    *at = entry->next;
    table->count--;
    entry_free(entry);
}

void table_clear(struct table *table)
{
    for (unsigned i = 0; i < table->size; i++)
        for (struct entry *entry = table->buckets[i], *next; entry; entry = next) {
            next = entry->next;
            entry_free(entry);
        }
    heap_give(table->buckets);
    *table = (struct table){0, 0, 0};
}

void table_free(struct table *table)
{
    if (!table) return;
    table_clear(table);
    heap_give(table);
}

struct entry *table_next(const struct table *table, const struct entry *entry)
{
    if (entry && entry->next) return entry->next;
    unsigned i = entry ? (entry->hash & (table->size - 1)) + 1 : 0;
    for (; i < table->size; i++)
        if (table->buckets[i]) return table->buckets[i];
    return 0;
}

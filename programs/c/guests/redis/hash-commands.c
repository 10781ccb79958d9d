/*
 * hash-commands.c: hashes. A hash without fields is no key.
 */
#include "../../lib/heap.h"
#include "redis.h"

/* Gives a field a value → 1 if the field is new, 0 if not, -1 without memory. */
static int put(struct table *table, struct slice field, struct slice value)
{
    struct text *text = text_new(value);
    struct entry *entry = text ? table_find(table, field) : 0;
    bool fresh = !entry;
    if (text && fresh) entry = table_add(table, field);
    if (!entry) {
        heap_give(text);
        return -1;
    }
    heap_give(entry->text);
    entry->text = text;
    changed = true;
    return fresh;
}

struct entry *find_or_add(struct client *client, enum type type)
{
    struct entry *entry;
    if (!find_typed(client, 1, type, &entry)) return 0;
    if (entry) return entry;
    struct table *table = table_new();
    entry = table ? table_add(&store, words[1]) : 0;
    if (!entry) {
        table_free(table);
        reply_no_memory(client);
        return 0;
    }
    entry->type = type;
    entry->table = table;
    return entry;
}

static struct text *field_of(const struct entry *entry, unsigned word)
{
    struct entry *field = entry ? table_find(entry->table, words[word]) : 0;
    return field ? field->text : 0;
}

void command_hset(struct client *client)
{
    if (word_count % 2 != 0) {
        reply_error(client, "ERR wrong number of arguments for 'hset' command");
        return;
    }
    struct entry *entry = find_or_add(client, TYPE_HASH);
    if (!entry) return;
    int fresh = 0;
    unsigned count = 0;
    for (unsigned i = 2; fresh >= 0 && i < word_count; i += 2) {
        fresh = put(entry->table, words[i], words[i + 1]);
        count += fresh > 0;
    }
    if (fresh >= 0) reply_number(client, count);
    else reply_no_memory(client);
    if (entry->table->count == 0) store_remove(entry);
}

void command_hget(struct client *client)
{
    struct entry *entry;
    if (find_typed(client, 1, TYPE_HASH, &entry)) reply_text(client, field_of(entry, 2));
}

void command_hmget(struct client *client)
{
    struct entry *entry;
    if (!find_typed(client, 1, TYPE_HASH, &entry)) return;
    reply_array(client, word_count - 2);
    for (unsigned i = 2; i < word_count; i++) reply_text(client, field_of(entry, i));
}

void command_hexists(struct client *client)
{
    struct entry *entry;
    if (find_typed(client, 1, TYPE_HASH, &entry)) reply_number(client, field_of(entry, 2) != 0);
}

void command_hlen(struct client *client)
{
    struct entry *entry;
    if (find_typed(client, 1, TYPE_HASH, &entry))
        reply_number(client, entry ? entry->table->count : 0);
}

static void show(struct client *client, bool keys, bool values)
{
    struct entry *entry;
    if (!find_typed(client, 1, TYPE_HASH, &entry)) return;
    const struct table *table = entry ? entry->table : 0;
    reply_array(client, table ? table->count * (keys + values) : 0);
    if (!table) return;
    for (struct entry *e = table_next(table, 0); e; e = table_next(table, e)) {
        if (keys) reply_text(client, e->key);
        if (values) reply_text(client, e->text);
    }
}

void command_hgetall(struct client *client)
{
    show(client, true, true);
}

void command_hkeys(struct client *client)
{
    show(client, true, false);
}

void command_hvals(struct client *client)
{
    show(client, false, true);
}

/* Removes what the words from the third on name, from a hash or a set. */
static void remove_named(struct client *client, enum type type)
{
    struct entry *entry;
    if (!find_typed(client, 1, type, &entry)) return;
    unsigned count = 0;
    for (unsigned i = 2; entry && i < word_count; i++) {
        struct entry *named = table_find(entry->table, words[i]);
        if (!named) continue;
        table_remove(entry->table, named);
        count++;
    }
    changed = count > 0;
    if (entry && entry->table->count == 0) store_remove(entry);
    reply_number(client, count);
}

void command_hdel(struct client *client)
{
    remove_named(client, TYPE_HASH);
}

void command_srem(struct client *client)
{
    remove_named(client, TYPE_SET);
}

void command_hincrby(struct client *client)
{
    number by, value = 0;
    if (!word_number(client, 3, &by)) return;
    struct entry *entry = find_or_add(client, TYPE_HASH);
    if (!entry) return;
    struct text *text = field_of(entry, 2);
    char digits[NUMBER_BYTES];
    if (text && !slice_number(text_slice(text), &value))
        reply_error(client, "ERR hash value is not an integer");
    else if (__builtin_add_overflow(value, by, &value))
        reply_error(client, "ERR increment or decrement would overflow");
    else if (put(entry->table, words[2], (struct slice){digits, number_text(value, digits)}) < 0)
        reply_no_memory(client);
    else
        reply_number(client, value);
    if (entry->table->count == 0) store_remove(entry);
}

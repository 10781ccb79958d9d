/*
 * set-commands.c: sets. A set without members is no key. SREM is in hash-commands.c: it is HDEL.
 */
#include "redis.h"

void command_sadd(struct client *client)
{
    struct entry *entry = find_or_add(client, TYPE_SET);
    if (!entry) return;
    unsigned count = 0;
    bool done = true;
    for (unsigned i = 2; done && i < word_count; i++) {
        if (table_find(entry->table, words[i])) continue;
        done = table_add(entry->table, words[i]);
        count += done;
    }
    changed = count > 0;
    if (done) reply_number(client, count);
    else reply_no_memory(client);
    if (entry->table->count == 0) store_remove(entry);
}

void command_sismember(struct client *client)
{
    struct entry *entry;
    if (find_typed(client, 1, TYPE_SET, &entry))
        reply_number(client, entry && table_find(entry->table, words[2]));
}

void command_scard(struct client *client)
{
    struct entry *entry;
    if (find_typed(client, 1, TYPE_SET, &entry))
        reply_number(client, entry ? entry->table->count : 0);
}

void command_smembers(struct client *client)
{
    struct entry *entry;
    if (!find_typed(client, 1, TYPE_SET, &entry)) return;
    reply_array(client, entry ? entry->table->count : 0);
    if (!entry) return;
    for (struct entry *e = table_next(entry->table, 0); e; e = table_next(entry->table, e))
        reply_text(client, e->key);
}

/* The member is one that is found first; no client can tell that from a random one. */
void command_spop(struct client *client)
{
    struct entry *entry;
    if (!find_typed(client, 1, TYPE_SET, &entry)) return;
    struct entry *member = entry ? table_next(entry->table, 0) : 0;
    reply_text(client, member ? member->key : 0);
    if (!member) return;
    /* The journal must name it: where the tables are made anew, another one may come first. */
    words[0] = slice_of("srem");
    words[2] = text_slice(member->key);
    word_count = 3;
    journal_append();
    table_remove(entry->table, member);
    if (entry->table->count == 0) store_remove(entry);
}

/*
 * key-commands.c: keys, whatever they hold, and when they expire.
 */
#include "redis.h"

enum { SECOND_MS = 1000, NO_KEY = -2, NEVER = -1 };

void command_del(struct client *client)
{
    unsigned count = 0;
    for (unsigned i = 1; i < word_count; i++) {
        struct entry *entry = store_find(words[i]);
        if (!entry) continue;
        store_remove(entry);
        count++;
    }
    changed = count > 0;
    reply_number(client, count);
}

void command_exists(struct client *client)
{
    unsigned count = 0;
    for (unsigned i = 1; i < word_count; i++) count += store_find(words[i]) != 0;
    reply_number(client, count);
}

void command_type(struct client *client)
{
    static const char *const names[] = {"string", "list", "hash", "set", "zset"};
    struct entry *entry = store_find(words[1]);
    reply_status(client, entry ? names[entry->type] : "none");
}

static bool shown(const struct entry *entry)
{
    bool expired = entry->expires != 0 && entry->expires <= clock_ms;
    return !expired && slice_matches(text_slice(entry->key), words[1]);
}

void command_keys(struct client *client)
{
    unsigned count = 0;
    for (struct entry *e = table_next(&store, 0); e; e = table_next(&store, e)) count += shown(e);
    reply_array(client, count);
    for (struct entry *e = table_next(&store, 0); e; e = table_next(&store, e))
        if (shown(e)) reply_text(client, e->key);
}

static void expire(struct client *client, unsigned unit_ms, bool absolute)
{
    number time;
    if (!word_number(client, 2, &time)) return;
    if (time > (number)(~0ull >> 12) || time < -(number)(~0ull >> 12)) {
        reply_error(client, "ERR invalid expire time in 'expire' command");
        return;
    }
    struct entry *entry = store_find(words[1]);
    if (!entry) {
        reply_number(client, 0);
        return;
    }
    if (store_timed == 0 && !client->mute) clock_start();
    number at = time * unit_ms + (absolute ? 0 : (number)clock_ms);
    if (at <= (number)clock_ms) store_remove(entry);
    else store_expire_at(entry, at);
    changed = true;
    reply_number(client, 1);
}

void command_expire(struct client *client)
{
    expire(client, SECOND_MS, false);
}

void command_pexpire(struct client *client)
{
    expire(client, 1, false);
}

void command_expireat(struct client *client)
{
    expire(client, SECOND_MS, true);
}

void command_pexpireat(struct client *client)
{
    expire(client, 1, true);
}

/* How many milliseconds are left, or why that cannot be said. */
static number left(const struct entry *entry)
{
    if (!entry) return NO_KEY;
    return entry->expires == 0 ? NEVER : (number)(entry->expires - clock_ms);
}

void command_ttl(struct client *client)
{
    unsigned rest;
    number ms = left(store_find(words[1]));
    reply_number(client, ms < 0 ? ms : (number)divide(ms + SECOND_MS / 2, SECOND_MS, &rest));
}

void command_pttl(struct client *client)
{
    reply_number(client, left(store_find(words[1])));
}

void command_persist(struct client *client)
{
    struct entry *entry = store_find(words[1]);
    changed = entry && entry->expires != 0;
    if (changed) store_expire_at(entry, 0);
    reply_number(client, changed);
}

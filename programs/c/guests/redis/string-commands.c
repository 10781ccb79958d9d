/*
 * string-commands.c: strings, and numbers in them.
 */
#include "../../lib/heap.h"
#include "../../lib/string.h"
#include "redis.h"

enum { SECOND_MS = 1000 };

/* Gives the key of a word this value, whatever it had; false without memory, and nothing changes. */
static bool put(unsigned key, struct slice value)
{
    struct text *text = text_new(value);
    struct entry *entry = text ? store_find(words[key]) : 0;
    if (entry) {
        entry_clear(entry);
        store_expire_at(entry, 0);
    } else if (text) {
        entry = table_add(&store, words[key]);
    }
    if (!entry) {
        heap_give(text);
        return false;
    }
    entry->text = text;
    return changed = true;
}

/* The string of a key, 0 without; false if it is none, which has been told. */
static bool get(struct client *client, unsigned word, const struct text **text)
{
    struct entry *entry;
    if (!find_typed(client, word, TYPE_STRING, &entry)) return false;
    *text = entry ? entry->text : 0;
    return true;
}

void command_get(struct client *client)
{
    const struct text *text;
    if (get(client, 1, &text)) reply_text(client, text);
}

void command_strlen(struct client *client)
{
    const struct text *text;
    if (get(client, 1, &text)) reply_number(client, text ? text->length : 0);
}

void command_mget(struct client *client)
{
    reply_array(client, word_count - 1);
    for (unsigned i = 1; i < word_count; i++) {
        struct entry *entry = store_find(words[i]);
        reply_text(client, entry && entry->type == TYPE_STRING ? entry->text : 0);
    }
}

/* What SET may be told behind key and value. */
struct options {
    bool if_absent, if_present, get, keep_time;
    bool expires;
    unsigned long long at; /* then, if `expires` */
};

/* Takes EX, PX, EXAT or PXAT with its number; false if that is wrong, which has been told. */
static bool take_time(struct client *client, unsigned word, struct options *options)
{
    bool seconds = slice_is(words[word], "ex") || slice_is(words[word], "exat");
    bool absolute = words[word].length == 4;
    number value;
    if (word + 1 == word_count || options->expires) {
        reply_syntax(client);
        return false;
    }
    if (!word_number(client, word + 1, &value)) return false;
    if (value <= 0 || value > (number)(~0ull >> 12)) {
        reply_error(client, "ERR invalid expire time in 'set' command");
        return false;
    }
    if (store_timed == 0 && !client->mute) clock_start();
    options->expires = true;
    options->at = (absolute ? 0 : clock_ms) + (seconds ? value * SECOND_MS : value);
    return true;
}

static bool take_options(struct client *client, struct options *options)
{
    static const char *const times[] = {"ex", "px", "exat", "pxat"};
    for (unsigned i = 3; i < word_count; i++) {
        bool time = false;
        for (unsigned t = 0; t < 4; t++) time = time || slice_is(words[i], times[t]);
        if (slice_is(words[i], "nx")) options->if_absent = true;
        else if (slice_is(words[i], "xx")) options->if_present = true;
        else if (slice_is(words[i], "get")) options->get = true;
        else if (slice_is(words[i], "keepttl")) options->keep_time = true;
        else if (!time) {
            reply_syntax(client);
            return false;
        } else if (!take_time(client, i++, options)) return false;
    }
    bool both = (options->if_absent && options->if_present) ||
                (options->keep_time && options->expires);
    if (both) reply_syntax(client);
    return !both;
}

void command_set(struct client *client)
{
    struct options options = {false, false, false, false, false, 0};
    if (!take_options(client, &options)) return;
    struct entry *entry = store_find(words[1]);
    if (options.get) {
        if (entry && entry->type != TYPE_STRING) {
            reply_wrong_type(client);
            return;
        }
        reply_text(client, entry ? entry->text : 0);
    }
    if (entry ? options.if_absent : options.if_present) {
        if (!options.get) reply_text(client, 0);
        return;
    }
    unsigned long long at = options.keep_time && entry ? entry->expires : options.at;
    bool done = put(1, words[2]);
    if (done && at != 0) store_expire_at(store_find(words[1]), at);
    if (options.get) client->failed |= !done; /* the answer has been given already */
    else if (done) reply_status(client, "OK");
    else reply_no_memory(client);
}

void command_setnx(struct client *client)
{
    if (store_find(words[1])) reply_number(client, 0);
    else if (put(1, words[2])) reply_number(client, 1);
    else reply_no_memory(client);
}

static void set_for(struct client *client, unsigned unit_ms)
{
    number time;
    if (!word_number(client, 2, &time)) return;
    if (time <= 0 || time > (number)(~0ull >> 12)) {
        reply_error(client, "ERR invalid expire time in 'setex' command");
        return;
    }
    if (!put(1, words[3])) {
        reply_no_memory(client);
        return;
    }
    if (store_timed == 0 && !client->mute) clock_start();
    store_expire_at(store_find(words[1]), clock_ms + time * unit_ms);
    reply_status(client, "OK");
}

void command_setex(struct client *client)
{
    set_for(client, SECOND_MS);
}

void command_psetex(struct client *client)
{
    set_for(client, 1);
}

void command_getset(struct client *client)
{
    const struct text *text;
    if (!get(client, 1, &text)) return;
    reply_text(client, text);
    client->failed |= !put(1, words[2]);
}

void command_getdel(struct client *client)
{
    struct entry *entry;
    if (!find_typed(client, 1, TYPE_STRING, &entry)) return;
    reply_text(client, entry ? entry->text : 0);
    if (!entry) return;
    store_remove(entry);
    changed = true;
}

void command_mset(struct client *client)
{
    if (word_count % 2 == 0) {
        reply_error(client, "ERR wrong number of arguments for 'mset' command");
        return;
    }
    bool done = true;
    for (unsigned i = 1; done && i < word_count; i += 2) done = put(i, words[i + 1]);
    if (done) reply_status(client, "OK");
    else reply_no_memory(client);
}

/* Adds to the number of a key, which is 0 where there is no key. */
static void add(struct client *client, number by)
{
    struct entry *entry;
    number value = 0;
    if (!find_typed(client, 1, TYPE_STRING, &entry)) return;
    if (entry && !slice_number(text_slice(entry->text), &value)) {
        reply_error(client, "ERR value is not an integer or out of range");
        return;
    }
    if (__builtin_add_overflow(value, by, &value)) {
        reply_error(client, "ERR increment or decrement would overflow");
        return;
    }
    char digits[NUMBER_BYTES];
    unsigned length = number_text(value, digits);
    unsigned long long expires = entry ? entry->expires : 0;
    if (entry && entry->text->length == length) {
        memcpy(entry->text->bytes, digits, length);
        changed = true;
    } else if (put(1, (struct slice){digits, length})) {
        if (expires != 0) store_expire_at(store_find(words[1]), expires);
    } else {
        reply_no_memory(client);
        return;
    }
    reply_number(client, value);
}

void command_incr(struct client *client)
{
    add(client, 1);
}

void command_decr(struct client *client)
{
    add(client, -1);
}

void command_incrby(struct client *client)
{
    number by;
    if (word_number(client, 2, &by)) add(client, by);
}

void command_decrby(struct client *client)
{
    number by;
    if (!word_number(client, 2, &by)) return;
    if (by == (number)(1ull << 63)) reply_error(client, "ERR decrement would overflow");
    else add(client, -by);
}

void command_append(struct client *client)
{
    struct entry *entry;
    if (!find_typed(client, 1, TYPE_STRING, &entry)) return;
    if (!entry) {
        if (put(1, words[2])) reply_number(client, words[2].length);
        else reply_no_memory(client);
        return;
    }
    unsigned before = entry->text->length, length = before + words[2].length;
    struct text *text = heap_take(sizeof *text + length);
    if (!text) {
        reply_no_memory(client);
        return;
    }
    text->length = length;
    memcpy(text->bytes, entry->text->bytes, before);
    memcpy(text->bytes + before, words[2].at, words[2].length);
    heap_give(entry->text);
    entry->text = text;
    changed = true;
    reply_number(client, length);
}

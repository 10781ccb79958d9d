/*
 * sorted-commands.c: sorted sets. A sorted set without members is no key. Scores are whole numbers
 * of 64 bits: the processor has no others.
 */
#include "redis.h"

static bool word_score(struct client *client, unsigned word, number *score)
{
    if (slice_number(words[word], score)) return true;
    reply_error(client, "ERR value is not a valid float");
    return false;
}

static void reply_score(struct client *client, number score)
{
    char digits[NUMBER_BYTES];
    reply_bytes(client, (struct slice){digits, number_text(score, digits)});
}

/* The sorted set of word 1, made if there is none; 0 if that cannot be, which has been told. */
static struct entry *find_or_add_sorted(struct client *client)
{
    struct entry *entry;
    if (!find_typed(client, 1, TYPE_SORTED, &entry)) return 0;
    if (entry) return entry;
    struct sorted *sorted = sorted_new();
    entry = sorted ? table_add(&store, words[1]) : 0;
    if (!entry) {
        sorted_free(sorted);
        reply_no_memory(client);
        return 0;
    }
    entry->type = TYPE_SORTED;
    entry->sorted = sorted;
    return entry;
}

static void remove_if_empty(struct entry *entry)
{
    if (entry->sorted->members.count == 0) store_remove(entry);
}

void command_zadd(struct client *client)
{
    number score;
    if (word_count % 2 != 0) {
        reply_syntax(client);
        return;
    }
    for (unsigned i = 2; i < word_count; i += 2)
        if (!word_score(client, i, &score)) return;
    struct entry *entry = find_or_add_sorted(client);
    if (!entry) return;
    unsigned before = entry->sorted->members.count;
    bool done = true;
    for (unsigned i = 2; done && i < word_count; i += 2) {
        slice_number(words[i], &score);
        done = sorted_put(entry->sorted, words[i + 1], score);
        changed = changed || done;
    }
    if (done) reply_number(client, entry->sorted->members.count - before);
    else reply_no_memory(client);
    remove_if_empty(entry);
}

void command_zincrby(struct client *client)
{
    number by, score = 0;
    if (!word_score(client, 2, &by)) return;
    struct entry *entry = find_or_add_sorted(client);
    if (!entry) return;
    struct node *node = sorted_find(entry->sorted, words[3]);
    if (__builtin_add_overflow(node ? node->score : 0, by, &score)) {
        reply_error(client, "ERR increment or decrement would overflow");
    } else if (sorted_put(entry->sorted, words[3], score)) {
        changed = true;
        reply_score(client, score);
    } else {
        reply_no_memory(client);
    }
    remove_if_empty(entry);
}

void command_zscore(struct client *client)
{
    struct entry *entry;
    if (!find_typed(client, 1, TYPE_SORTED, &entry)) return;
    struct node *node = entry ? sorted_find(entry->sorted, words[2]) : 0;
    if (node) reply_score(client, node->score);
    else reply_text(client, 0);
}

void command_zrank(struct client *client)
{
    struct entry *entry;
    if (!find_typed(client, 1, TYPE_SORTED, &entry)) return;
    struct node *node = entry ? sorted_find(entry->sorted, words[2]) : 0;
    if (node) reply_number(client, sorted_rank(entry->sorted, node));
    else reply_text(client, 0);
}

void command_zcard(struct client *client)
{
    struct entry *entry;
    if (find_typed(client, 1, TYPE_SORTED, &entry))
        reply_number(client, entry ? entry->sorted->members.count : 0);
}

void command_zrem(struct client *client)
{
    struct entry *entry;
    if (!find_typed(client, 1, TYPE_SORTED, &entry)) return;
    unsigned count = 0;
    for (unsigned i = 2; entry && i < word_count; i++) {
        struct node *node = sorted_find(entry->sorted, words[i]);
        if (!node) continue;
        sorted_remove(entry->sorted, node);
        count++;
    }
    changed = count > 0;
    if (entry) remove_if_empty(entry);
    reply_number(client, count);
}

void command_zrange(struct client *client)
{
    struct entry *entry;
    number from, to;
    bool scores = word_count == 5 && slice_is(words[4], "withscores");
    if (word_count > 4 && !scores) {
        reply_syntax(client);
        return;
    }
    if (!word_number(client, 2, &from) || !word_number(client, 3, &to)) return;
    if (!find_typed(client, 1, TYPE_SORTED, &entry)) return;
    unsigned shown = range(&from, to, entry ? entry->sorted->members.count : 0);
    reply_array(client, scores ? 2 * shown : shown);
    for (unsigned i = 0; i < shown; i++) {
        struct node *node = sorted_at(entry->sorted, from + i);
        reply_text(client, node->member->key);
        if (scores) reply_score(client, node->score);
    }
}

void command_zpopmin(struct client *client)
{
    struct entry *entry;
    number count = 1;
    if (word_count > 3) {
        reply_syntax(client);
        return;
    }
    if (word_count == 3 && !word_number(client, 2, &count)) return;
    if (count < 0) {
        reply_error(client, "ERR value is out of range, must be positive");
        return;
    }
    if (!find_typed(client, 1, TYPE_SORTED, &entry)) return;
    unsigned there = entry ? entry->sorted->members.count : 0;
    if (count > there) count = there;
    reply_array(client, 2 * count);
    for (; count > 0; count--) {
        struct node *node = sorted_at(entry->sorted, 0);
        reply_text(client, node->member->key);
        reply_score(client, node->score);
        sorted_remove(entry->sorted, node);
        changed = true;
    }
    if (entry) remove_if_empty(entry);
}

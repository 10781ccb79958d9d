/*
 * list-commands.c: lists. A list without items is no key.
 */
#include "redis.h"

static void push(struct client *client, bool front)
{
    struct entry *entry;
    if (!find_typed(client, 1, TYPE_LIST, &entry)) return;
    if (!entry) {
        struct list *list = list_new();
        entry = list ? table_add(&store, words[1]) : 0;
        if (!entry) {
            list_free(list);
            reply_no_memory(client);
            return;
        }
        entry->type = TYPE_LIST;
        entry->list = list;
    }
    bool done = true;
    for (unsigned i = 2; done && i < word_count; i++) {
        done = list_push(entry->list, words[i], front);
        changed = changed || done;
    }
    if (done) reply_number(client, entry->list->count);
    else reply_no_memory(client);
    if (entry->list->count == 0) store_remove(entry);
}

void command_lpush(struct client *client)
{
    push(client, true);
}

void command_rpush(struct client *client)
{
    push(client, false);
}

static void pop(struct client *client, bool front)
{
    struct entry *entry;
    number count = 1;
    bool many = word_count > 2;
    if (word_count > 3) {
        reply_syntax(client);
        return;
    }
    if (many && !word_number(client, 2, &count)) return;
    if (count < 0) {
        reply_error(client, "ERR value is out of range, must be positive");
        return;
    }
    if (!find_typed(client, 1, TYPE_LIST, &entry)) return;
    if (!entry) {
        if (many) reply_no_array(client);
        else reply_text(client, 0);
        return;
    }
    struct list *list = entry->list;
    if (count > list->count) count = list->count;
    if (many) reply_array(client, count);
    for (; count > 0; count--) {
        reply_text(client, front ? list->first->text : list->last->text);
        list_pop(list, front);
        changed = true;
    }
    if (list->count == 0) store_remove(entry);
}

void command_lpop(struct client *client)
{
    pop(client, true);
}

void command_rpop(struct client *client)
{
    pop(client, false);
}

void command_llen(struct client *client)
{
    struct entry *entry;
    if (find_typed(client, 1, TYPE_LIST, &entry))
        reply_number(client, entry ? entry->list->count : 0);
}

/* Negative numbers count from the end; what lies before the first is -1. */
static number place(number index, unsigned count)
{
    if (index < 0) index += count;
    return index < 0 ? -1 : index;
}

unsigned range(number *from, number to, unsigned count)
{
    *from = place(*from, count);
    to = place(to, count);
    if (*from < 0) *from = 0;
    if (to >= count) to = (number)count - 1;
    return *from <= to ? to - *from + 1 : 0;
}

void command_lrange(struct client *client)
{
    struct entry *entry;
    number from, to;
    if (!word_number(client, 2, &from) || !word_number(client, 3, &to)) return;
    if (!find_typed(client, 1, TYPE_LIST, &entry)) return;
    unsigned shown = range(&from, to, entry ? entry->list->count : 0);
    reply_array(client, shown);
    struct item *item = shown > 0 ? list_at(entry->list, from) : 0;
    for (; shown > 0; shown--, item = item->next) reply_text(client, item->text);
}

void command_lindex(struct client *client)
{
    struct entry *entry;
    number index;
    if (!word_number(client, 2, &index) || !find_typed(client, 1, TYPE_LIST, &entry)) return;
    unsigned count = entry ? entry->list->count : 0;
    index = place(index, count);
    reply_text(client, index >= 0 && index < count ? list_at(entry->list, index)->text : 0);
}

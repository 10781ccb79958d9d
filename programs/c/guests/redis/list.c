/*
 * list.c: doubly linked lists.
 */
#include "../../lib/heap.h"
#include "../../lib/string.h"
#include "redis.h"

struct list *list_new(void)
{
    struct list *list = heap_take(sizeof *list);
    if (list) memset(list, 0, sizeof *list);
    return list;
}

void list_free(struct list *list)
{
    if (!list) return;
    while (list->count > 0) list_pop(list, true);
    heap_give(list);
}

bool list_push(struct list *list, struct slice bytes, bool front)
{
    struct text *text = text_new(bytes);
    struct item *item = text ? heap_take(sizeof *item) : 0;
    if (!item) {
        heap_give(text);
        return false;
    }
    item->text = text;
    item->previous = front ? 0 : list->last;
    item->next = front ? list->first : 0;
    *(item->previous ? &item->previous->next : &list->first) = item;
    *(item->next ? &item->next->previous : &list->last) = item;
    list->count++;
    return true;
}

void list_pop(struct list *list, bool front)
{
    struct item *item = front ? list->first : list->last;
    *(item->previous ? &item->previous->next : &list->first) = item->next;
    *(item->next ? &item->next->previous : &list->last) = item->previous;
    list->count--;
    heap_give(item->text);
    heap_give(item);
}

struct item *list_at(const struct list *list, unsigned index)
{
    bool forward = index < list->count / 2;
    struct item *item = forward ? list->first : list->last;
    unsigned steps = forward ? index : list->count - 1 - index;
    while (steps-- > 0) item = forward ? item->next : item->previous;
    return item;
}

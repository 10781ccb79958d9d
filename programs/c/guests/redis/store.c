/*
 * store.c: the keys, and the time by which some of them expire.
 *
 * clock_ms is the time of day, in milliseconds since 1970. Reading a clock is an input of the
 * machine, so the time is only known while a key waits for it: when the first one does, it is read
 * from the real-time clock (rtc.h), and from then on ticks of the timer are added. A key that has
 * expired is not found any more, and is removed when it is asked for, or by and by.
 */
#include "../../lib/rtc.h"
#include "../../lib/timer.h"
#include "redis.h"

enum { BUCKETS_A_TURN = 16, SECOND_MS = 1000 };

struct table store;
unsigned store_timed;
unsigned long long clock_ms;

static unsigned seen_ms; /* timer_ms that clock_ms contains */
static unsigned sweep;   /* the next bucket to look through */

void clock_start(void)
{
    struct date date = rtc_read();
    clock_ms = (unsigned long long)rtc_seconds(&date) * SECOND_MS;
    seen_ms = timer_ms();
    tcp_want_ticks(true);
}

static bool expired(const struct entry *entry)
{
    return entry->expires != 0 && entry->expires <= clock_ms;
}

void clock_turn(void)
{
    tcp_want_ticks(store_timed > 0);
    if (store_timed == 0) return;
    unsigned now = timer_ms();
    if (now == seen_ms) return;
    clock_ms += now - seen_ms;
    seen_ms = now;
    for (unsigned i = 0; i < BUCKETS_A_TURN && store_timed > 0; i++) {
        sweep = (sweep + 1) & (store.size - 1);
        for (struct entry *entry = store.buckets[sweep], *next; entry; entry = next) {
            next = entry->next;
            if (expired(entry)) store_remove(entry);
        }
    }
}

void store_expire_at(struct entry *entry, unsigned long long ms)
{
    bool was = entry->expires != 0;
    entry->expires = ms;
    store_timed += (ms != 0) - was;
}

struct entry *store_find(struct slice key)
{
    struct entry *entry = table_find(&store, key);
    if (!entry || !expired(entry)) return entry;
    store_remove(entry);
    return 0;
}

void store_remove(struct entry *entry)
{
    store_expire_at(entry, 0);
    table_remove(&store, entry);
}

void store_clear(void)
{
    table_clear(&store);
    store_timed = 0;
}

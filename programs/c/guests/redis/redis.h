/*
 * redis.h: what the parts of the guest redis know of each other. From bottom to top: text.c, table.c,
 * list.c and sorted.c hold bytes; store.c holds the keys; request.c, reply.c and client.c speak the
 * protocol; command.c lists the commands, which are in the files *-commands.c by what they are about;
 * journal.c keeps what was written on the disk.
 */
#ifndef REDIS_H
#define REDIS_H

#include <stdbool.h>
#include "../../lib/tcp.h"

typedef long long number; /* what INCR counts with */

/* Bytes that belong to somebody else. */
struct slice {
    const char *at;
    unsigned length;
};

/* text.c: bytes of our own, on the heap; and what bytes say. */
struct text {
    unsigned length;
    char bytes[];
};

struct text *text_new(struct slice bytes); /* 0 without memory, as everything that is _new */
struct slice text_slice(const struct text *text);
struct slice slice_of(const char *text);
bool slice_equal(struct slice a, struct slice b);
bool slice_is(struct slice a, const char *lower_case); /* whatever the case of `a` */
bool slice_matches(struct slice text, struct slice pattern); /* *, ?, [a-z], [^a], \ */
bool slice_number(struct slice text, number *value); /* false: it is none of 64 bits */

enum { NUMBER_BYTES = 20 }; /* of the longest */
unsigned number_text(number value, char to[NUMBER_BYTES]); /* how many bytes */
unsigned long long divide(unsigned long long number, unsigned by, unsigned *rest);

/* table.c: entries by key. Keyspace, hash and set are tables. */
enum type {
    TYPE_STRING,
    TYPE_LIST,
    TYPE_HASH,
    TYPE_SET,
    TYPE_SORTED,
    TYPE_MEMBER, /* of a sorted set; no key has it */
};

struct entry {
    struct entry *next; /* of the same bucket */
    unsigned hash;
    struct text *key;
    enum type type;
    union {
        struct text *text; /* of a string, of a field of a hash; 0 of a member of a set */
        struct list *list;
        struct table *table;
        struct sorted *sorted;
        struct node *node;
    };
    unsigned long long expires; /* clock_ms then; 0: never. Of keys only */
};

struct table {
    struct entry **buckets;
    unsigned size; /* a power of 2, or 0 */
    unsigned count;
};

struct table *table_new(void);
void table_free(struct table *table); /* and all that is in it */
struct entry *table_find(const struct table *table, struct slice key);
struct entry *table_add(struct table *table, struct slice key); /* which is not there; 0: no memory */
void table_remove(struct table *table, struct entry *entry);
void table_clear(struct table *table);
void entry_clear(struct entry *entry); /* frees what it holds besides its key */

/* The entries one after the other: the first for `entry` 0; 0 behind the last. */
struct entry *table_next(const struct table *table, const struct entry *entry);

/* list.c: items in a row. */
struct item {
    struct item *previous, *next;
    struct text *text;
};

struct list {
    struct item *first, *last;
    unsigned count;
};

struct list *list_new(void);
void list_free(struct list *list);
bool list_push(struct list *list, struct slice bytes, bool front); /* false: no memory */
void list_pop(struct list *list, bool front);
struct item *list_at(const struct list *list, unsigned index); /* below count */

/* sorted.c: members with scores, in order. */
struct node {
    struct node *left, *right;
    struct entry *member;
    number score;
    unsigned count; /* of it and all below */
};

struct sorted {
    struct table members;
    struct node *root;
};

struct sorted *sorted_new(void);
void sorted_free(struct sorted *sorted);
bool sorted_put(struct sorted *sorted, struct slice member, number score); /* false: no memory */
void sorted_remove(struct sorted *sorted, struct node *node);
struct node *sorted_find(const struct sorted *sorted, struct slice member); /* or 0 */
struct node *sorted_at(const struct sorted *sorted, unsigned rank); /* below the count */
unsigned sorted_rank(const struct sorted *sorted, const struct node *node);

/* store.c: the keys and the time. */
extern struct table store;
extern unsigned store_timed; /* keys that expire */
extern unsigned long long clock_ms; /* since 1970; runs while keys expire, see clock_turn */

struct entry *store_find(struct slice key); /* 0 also where it has expired */
void store_remove(struct entry *entry);
void store_expire_at(struct entry *entry, unsigned long long ms); /* 0: never */
void store_clear(void);
void clock_start(void); /* makes clock_ms right */
void clock_turn(void); /* at each turn: lets clock_ms go on, removes a few keys that have expired */

/* client.c: a connection; request.c: what is asked. */
struct buffer {
    char *bytes;
    unsigned from, to, size;
};

struct client {
    struct tcp *connection;
    struct buffer in, out;
    bool last;   /* close when `out` is sent */
    bool failed; /* an answer found no memory: the connection cannot go on */
    bool mute;   /* answers go nowhere: the journal is being played */
};

extern unsigned clients_now, clients_ever;
bool buffer_put(struct buffer *buffer, const void *bytes, unsigned count); /* false: no memory */
void client_serve(struct tcp *connection);

/* What stands at the begin of `bytes`: a request of so many bytes, and its words; or … */
enum { REQUEST_INCOMPLETE = 0, REQUEST_WRONG = -1 };
int request_parse(struct slice bytes, const char **error);

enum { MOST_WORDS = 4096 };
extern struct slice words[MOST_WORDS]; /* of the request */
extern unsigned word_count;

/* reply.c: answers (RESP2). */
void reply_status(struct client *client, const char *text);
void reply_error(struct client *client, const char *text); /* with its code, as ERR */
void reply_number(struct client *client, number value);
void reply_bytes(struct client *client, struct slice bytes);
void reply_text(struct client *client, const struct text *text); /* 0: no such thing */
void reply_array(struct client *client, unsigned count); /* that many answers follow */
void reply_no_array(struct client *client); /* no such thing, where an array was asked for */
void reply_wrong_type(struct client *client);
void reply_no_memory(struct client *client);
void reply_syntax(struct client *client);

/* command.c: carries the request out. */
struct command {
    const char *name; /* lower case */
    void (*run)(struct client *client);
    signed char count; /* of words, with the name; negative: at least so many */
    bool writes;
    signed char first_key, last_key, key_step; /* as COMMAND tells: 0, 0, 0 without keys */
};

extern const struct command commands[];
extern const unsigned command_total;
extern unsigned long long commands_run;
extern bool changed; /* set by a command that has changed something */
void command_run(struct client *client);
bool word_number(struct client *client, unsigned word, number *value); /* false: it has been told */
/* The entry of a word's key; 0 without. False if it is of another type, which has been told. */
bool find_typed(struct client *client, unsigned word, enum type type, struct entry **entry);
/* What LRANGE means: how many of `count` places from … to, -1 being the last; *from becomes right. */
unsigned range(number *from, number to, unsigned count);
/* The entry of word 1, an empty table if there is none; 0 if that cannot be, which has been told. */
struct entry *find_or_add(struct client *client, enum type type);

#define COMMAND(name) void command_##name(struct client *client)
COMMAND(get); COMMAND(set); COMMAND(setnx); COMMAND(setex); COMMAND(psetex); COMMAND(getset);
COMMAND(getdel); COMMAND(mget); COMMAND(mset); COMMAND(incr); COMMAND(decr); COMMAND(incrby);
COMMAND(decrby); COMMAND(append); COMMAND(strlen);
COMMAND(del); COMMAND(exists); COMMAND(type); COMMAND(keys); COMMAND(expire); COMMAND(pexpire);
COMMAND(expireat); COMMAND(pexpireat); COMMAND(ttl); COMMAND(pttl); COMMAND(persist);
COMMAND(lpush); COMMAND(rpush); COMMAND(lpop); COMMAND(rpop); COMMAND(llen); COMMAND(lrange);
COMMAND(lindex);
COMMAND(hset); COMMAND(hget); COMMAND(hdel); COMMAND(hgetall); COMMAND(hlen); COMMAND(hexists);
COMMAND(hmget); COMMAND(hkeys); COMMAND(hvals); COMMAND(hincrby);
COMMAND(sadd); COMMAND(srem); COMMAND(sismember); COMMAND(smembers); COMMAND(scard); COMMAND(spop);
COMMAND(zadd); COMMAND(zincrby); COMMAND(zscore); COMMAND(zrank); COMMAND(zcard); COMMAND(zrem);
COMMAND(zrange); COMMAND(zpopmin);
COMMAND(ping); COMMAND(echo); COMMAND(quit); COMMAND(select); COMMAND(dbsize); COMMAND(flushall);
COMMAND(info); COMMAND(config); COMMAND(command); COMMAND(client); COMMAND(hello); COMMAND(time);
#undef COMMAND

/* journal.c: the append-only file. */
bool journal_open(void); /* finds a disk and plays what is on it; false: there is none */
bool journal_is_open(void);
bool journal_accepts(void); /* whether there is room for the present request */
void journal_append(void); /* it has been carried out, and has changed something */
void journal_commit(void); /* all of it is on the disk when this returns */
unsigned journal_bytes(void);

#endif

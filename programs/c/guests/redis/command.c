/*
 * command.c: the table of all commands, and how a request finds its own.
 */
#include "../../lib/print.h"
#include "redis.h"

const struct command commands[] = {
    {"get", command_get, 2, false, 1, 1, 1},
    {"set", command_set, -3, true, 1, 1, 1},
    {"setnx", command_setnx, 3, true, 1, 1, 1},
    {"setex", command_setex, 4, true, 1, 1, 1},
    {"psetex", command_psetex, 4, true, 1, 1, 1},
    {"getset", command_getset, 3, true, 1, 1, 1},
    {"getdel", command_getdel, 2, true, 1, 1, 1},
    {"mget", command_mget, -2, false, 1, -1, 1},
    {"mset", command_mset, -3, true, 1, -1, 2},
    {"incr", command_incr, 2, true, 1, 1, 1},
    {"decr", command_decr, 2, true, 1, 1, 1},
    {"incrby", command_incrby, 3, true, 1, 1, 1},
    {"decrby", command_decrby, 3, true, 1, 1, 1},
    {"append", command_append, 3, true, 1, 1, 1},
    {"strlen", command_strlen, 2, false, 1, 1, 1},
    {"del", command_del, -2, true, 1, -1, 1},
    {"exists", command_exists, -2, false, 1, -1, 1},
    {"type", command_type, 2, false, 1, 1, 1},
    {"keys", command_keys, 2, false, 0, 0, 0},
    {"expire", command_expire, 3, true, 1, 1, 1},
    {"pexpire", command_pexpire, 3, true, 1, 1, 1},
    {"expireat", command_expireat, 3, true, 1, 1, 1},
    {"pexpireat", command_pexpireat, 3, true, 1, 1, 1},
    {"ttl", command_ttl, 2, false, 1, 1, 1},
    {"pttl", command_pttl, 2, false, 1, 1, 1},
    {"persist", command_persist, 2, true, 1, 1, 1},
    {"lpush", command_lpush, -3, true, 1, 1, 1},
    {"rpush", command_rpush, -3, true, 1, 1, 1},
    {"lpop", command_lpop, -2, true, 1, 1, 1},
    {"rpop", command_rpop, -2, true, 1, 1, 1},
    {"llen", command_llen, 2, false, 1, 1, 1},
    {"lrange", command_lrange, 4, false, 1, 1, 1},
    {"lindex", command_lindex, 3, false, 1, 1, 1},
    {"hset", command_hset, -4, true, 1, 1, 1},
    {"hget", command_hget, 3, false, 1, 1, 1},
    {"hdel", command_hdel, -3, true, 1, 1, 1},
    {"hgetall", command_hgetall, 2, false, 1, 1, 1},
    {"hlen", command_hlen, 2, false, 1, 1, 1},
    {"hexists", command_hexists, 3, false, 1, 1, 1},
    {"hmget", command_hmget, -3, false, 1, 1, 1},
    {"hkeys", command_hkeys, 2, false, 1, 1, 1},
    {"hvals", command_hvals, 2, false, 1, 1, 1},
    {"hincrby", command_hincrby, 4, true, 1, 1, 1},
    {"sadd", command_sadd, -3, true, 1, 1, 1},
    {"srem", command_srem, -3, true, 1, 1, 1},
    {"sismember", command_sismember, 3, false, 1, 1, 1},
    {"smembers", command_smembers, 2, false, 1, 1, 1},
    {"scard", command_scard, 2, false, 1, 1, 1},
    {"spop", command_spop, 2, true, 1, 1, 1},
    {"zadd", command_zadd, -4, true, 1, 1, 1},
    {"zincrby", command_zincrby, 4, true, 1, 1, 1},
    {"zscore", command_zscore, 3, false, 1, 1, 1},
    {"zrank", command_zrank, 3, false, 1, 1, 1},
    {"zcard", command_zcard, 2, false, 1, 1, 1},
    {"zrem", command_zrem, -3, true, 1, 1, 1},
    {"zrange", command_zrange, -4, false, 1, 1, 1},
    {"zpopmin", command_zpopmin, -2, true, 1, 1, 1},
    {"ping", command_ping, -1, false, 0, 0, 0},
    {"echo", command_echo, 2, false, 0, 0, 0},
    {"quit", command_quit, -1, false, 0, 0, 0},
    {"select", command_select, 2, false, 0, 0, 0},
    {"dbsize", command_dbsize, 1, false, 0, 0, 0},
    {"flushall", command_flushall, -1, true, 0, 0, 0},
    {"flushdb", command_flushall, -1, true, 0, 0, 0},
    {"info", command_info, -1, false, 0, 0, 0},
    {"config", command_config, -2, false, 0, 0, 0},
    {"command", command_command, -1, false, 0, 0, 0},
    {"client", command_client, -2, false, 0, 0, 0},
    {"hello", command_hello, -1, false, 0, 0, 0},
    {"time", command_time, 1, false, 0, 0, 0},
};
const unsigned command_total = sizeof commands / sizeof *commands;

unsigned long long commands_run;
bool changed;

enum { SLOTS = 256, EMPTY = 0 };

/* A perfect place for no command, but a near one for each: its number plus 1 (open addressing). */
static unsigned char slots[SLOTS];

static unsigned slot_of(struct slice name)
{
    unsigned hash = name.length;
    for (unsigned i = 0; i < name.length; i++) hash = hash * 31 + (name.at[i] | 32);
    return (hash ^ hash >> 8) % SLOTS;
}

static void fill_slots(void)
{
    for (unsigned i = 0; i < command_total; i++) {
        unsigned at = slot_of(slice_of(commands[i].name));
        while (slots[at] != EMPTY) at = (at + 1) % SLOTS;
        slots[at] = i + 1;
    }
}

static const struct command *find(struct slice name)
{
    if (commands_run == 0) fill_slots();
    for (unsigned at = slot_of(name); slots[at] != EMPTY; at = (at + 1) % SLOTS)
        if (slice_is(name, commands[slots[at] - 1].name)) return &commands[slots[at] - 1];
    return 0;
}

void command_run(struct client *client)
{
    char text[160];
    const struct command *command = find(words[0]);
    commands_run++;
    if (!command) {
        int shown = words[0].length < 64 ? words[0].length : 64;
        print_to(text, sizeof text, "ERR unknown command '%.*s'", shown, words[0].at);
        for (char *at = text; *at != 0; at++)
            if (*at == '\r' || *at == '\n') *at = ' ';
        reply_error(client, text);
    } else if (command->count > 0 ? word_count != (unsigned)command->count
                                  : word_count < (unsigned)-command->count) {
        print_to(text, sizeof text, "ERR wrong number of arguments for '%s' command", command->name);
        reply_error(client, text);
    } else if (command->writes && !client->mute && !journal_accepts()) {
        reply_error(client, "MISCONF the disk has no room for what would be written");
    } else {
        changed = false;
        command->run(client);
        if (changed && !client->mute) journal_append();
    }
}

bool word_number(struct client *client, unsigned word, number *value)
{
    if (slice_number(words[word], value)) return true;
    reply_error(client, "ERR value is not an integer or out of range");
    return false;
}

bool find_typed(struct client *client, unsigned word, enum type type, struct entry **entry)
{
    *entry = store_find(words[word]);
    if (!*entry || (*entry)->type == type) return true;
    reply_wrong_type(client);
    return false;
}

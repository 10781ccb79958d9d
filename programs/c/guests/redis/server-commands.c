/*
 * server-commands.c: the connection and the server itself.
 */
#include "../../lib/heap.h"
#include "../../lib/print.h"
#include "../../lib/rtc.h"
#include "../../lib/string.h"
#include "redis.h"

enum { INFO_BYTES = 640 };

void command_ping(struct client *client)
{
    if (word_count > 1) reply_bytes(client, words[1]);
    else reply_status(client, "PONG");
}

void command_echo(struct client *client)
{
    reply_bytes(client, words[1]);
}

void command_quit(struct client *client)
{
    reply_status(client, "OK");
    client->last = true;
}

void command_select(struct client *client)
{
    if (slice_is(words[1], "0")) reply_status(client, "OK");
    else reply_error(client, "ERR DB index is out of range");
}

void command_dbsize(struct client *client)
{
    reply_number(client, store.count);
}

void command_flushall(struct client *client)
{
    store_clear();
    changed = true;
    reply_status(client, "OK");
}

void command_time(struct client *client)
{
    char digits[NUMBER_BYTES];
    struct date date = rtc_read();
    reply_array(client, 2);
    reply_bytes(client, (struct slice){digits, number_text(rtc_seconds(&date), digits)});
    reply_bytes(client, slice_of("0")); /* the clock knows no microseconds */
}

void command_info(struct client *client)
{
    char text[INFO_BYTES], number[NUMBER_BYTES + 1];
    number[number_text(commands_run, number)] = 0;
    print_to(text, sizeof text,
             "# Server\r\nredis_version:7.0.0\r\nredis_mode:standalone\r\nos:vmft guest\r\n"
             "arch_bits:32\r\n"
             "\r\n# Clients\r\nconnected_clients:%u\r\nmaxclients:%u\r\n"
             "\r\n# Memory\r\nused_memory:%u\r\nmaxmemory:%u\r\n"
             "\r\n# Persistence\r\nloading:0\r\naof_enabled:%u\r\naof_current_size:%u\r\n"
             "\r\n# Stats\r\ntotal_connections_received:%u\r\ntotal_commands_processed:%s\r\n"
             "\r\n# Replication\r\nrole:master\r\nconnected_slaves:0\r\n"
             "\r\n# Keyspace\r\n",
             clients_now, TCP_CONNECTIONS, heap_used(), heap_size(), journal_is_open(),
             journal_bytes(), clients_ever, number);
    unsigned length = strlen(text);
    if (store.count > 0)
        print_to(text + length, sizeof text - length, "db0:keys=%u,expires=%u,avg_ttl=0\r\n",
                 store.count, store_timed);
    reply_bytes(client, slice_of(text));
}

/* CONFIG GET tells what may interest a client, and nothing can be set. */
void command_config(struct client *client)
{
    char memory[11], connections[11];
    print_to(memory, sizeof memory, "%u", heap_size());
    print_to(connections, sizeof connections, "%u", TCP_CONNECTIONS);
    const char *const settings[][2] = {
        {"appendfsync", "always"},
        {"appendonly", journal_is_open() ? "yes" : "no"},
        {"databases", "1"},
        {"maxclients", connections},
        {"maxmemory", memory},
        {"maxmemory-policy", "noeviction"},
        {"save", ""},
    };
    enum { SETTINGS = sizeof settings / sizeof *settings };
    if (!slice_is(words[1], "get") || word_count < 3) {
        reply_error(client, "ERR only CONFIG GET pattern is known");
        return;
    }
    bool shown[SETTINGS];
    unsigned count = 0;
    for (unsigned i = 0; i < SETTINGS; i++) {
        shown[i] = false;
        for (unsigned word = 2; word < word_count; word++)
            shown[i] = shown[i] || slice_matches(slice_of(settings[i][0]), words[word]);
        count += shown[i];
    }
    reply_array(client, 2 * count);
    for (unsigned i = 0; i < SETTINGS; i++) {
        if (!shown[i]) continue;
        reply_bytes(client, slice_of(settings[i][0]));
        reply_bytes(client, slice_of(settings[i][1]));
    }
}

/* COMMAND, COMMAND COUNT; COMMAND DOCS knows of none, which redis-cli takes as it is. */
void command_command(struct client *client)
{
    if (word_count > 1 && slice_is(words[1], "count")) {
        reply_number(client, command_total);
    } else if (word_count > 1 && slice_is(words[1], "docs")) {
        reply_array(client, 0);
    } else if (word_count > 1) {
        reply_error(client, "ERR only COMMAND, COMMAND COUNT and COMMAND DOCS are known");
    } else {
        reply_array(client, command_total);
        for (const struct command *c = commands; c < commands + command_total; c++) {
            reply_array(client, 6);
            reply_bytes(client, slice_of(c->name));
            reply_number(client, c->count);
            reply_array(client, 1);
            reply_status(client, c->writes ? "write" : "readonly");
            reply_number(client, c->first_key);
            reply_number(client, c->last_key);
            reply_number(client, c->key_step);
        }
    }
}

/* What client libraries say of themselves is heard and forgotten. */
void command_client(struct client *client)
{
    if (slice_is(words[1], "setname") || slice_is(words[1], "setinfo")) reply_status(client, "OK");
    else if (slice_is(words[1], "id")) reply_number(client, tcp_number(client->connection) + 1);
    else if (slice_is(words[1], "getname")) reply_text(client, 0);
    else reply_error(client, "ERR only CLIENT SETNAME, SETINFO, GETNAME and ID are known");
}

void command_hello(struct client *client)
{
    if (word_count > 1 && !slice_is(words[1], "2")) {
        reply_error(client, "NOPROTO unsupported protocol version");
        return;
    }
    const char *const facts[][2] = {
        {"server", "redis"}, {"version", "7.0.0"}, {"mode", "standalone"}, {"role", "master"}};
    reply_array(client, 2 * 5);
    for (unsigned i = 0; i < sizeof facts / sizeof *facts; i++) {
        reply_bytes(client, slice_of(facts[i][0]));
        reply_bytes(client, slice_of(facts[i][1]));
    }
    reply_bytes(client, slice_of("proto"));
    reply_number(client, 2);
}

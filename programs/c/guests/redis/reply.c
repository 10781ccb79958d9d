/*
 * reply.c: answers in RESP, version 2 (redis.io/docs/latest/develop/reference/protocol-spec). They
 * gather in the client's buffer. One that finds no memory there ends the connection: the client
 * could not tell where the next answer begins.
 */
#include "../../lib/string.h"
#include "redis.h"

static void put(struct client *client, const void *bytes, unsigned count)
{
    if (client->mute || client->failed) return;
    client->failed = !buffer_put(&client->out, bytes, count);
}

static void put_text(struct client *client, const char *text)
{
    put(client, text, strlen(text));
}

/* A line of one kind with a number. */
static void put_number(struct client *client, char kind, number value)
{
    char line[1 + NUMBER_BYTES + 2] = {kind};
    unsigned length = 1 + number_text(value, line + 1);
    memcpy(line + length, "\r\n", 2);
    put(client, line, length + 2);
}

static void put_line(struct client *client, char kind, const char *text)
{
    put(client, &kind, 1);
    put_text(client, text);
    put_text(client, "\r\n");
}

void reply_status(struct client *client, const char *text)
{
    put_line(client, '+', text);
}

void reply_error(struct client *client, const char *text)
{
    put_line(client, '-', text);
}

void reply_number(struct client *client, number value)
{
    put_number(client, ':', value);
}

void reply_bytes(struct client *client, struct slice bytes)
{
    put_number(client, '$', bytes.length);
    put(client, bytes.at, bytes.length);
    put_text(client, "\r\n");
}

void reply_text(struct client *client, const struct text *text)
{
    if (text) reply_bytes(client, text_slice(text));
    else put_text(client, "$-1\r\n");
}

void reply_array(struct client *client, unsigned count)
{
    put_number(client, '*', count);
}

void reply_no_array(struct client *client)
{
    put_text(client, "*-1\r\n");
}

void reply_wrong_type(struct client *client)
{
    reply_error(client, "WRONGTYPE Operation against a key holding the wrong kind of value");
}

void reply_no_memory(struct client *client)
{
    reply_error(client, "OOM command not allowed when used memory > 'maxmemory'.");
}

void reply_syntax(struct client *client)
{
    reply_error(client, "ERR syntax error");
}

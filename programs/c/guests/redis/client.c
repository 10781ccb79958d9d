/*
 * client.c: connections. What arrives gathers in a buffer until a request is complete; requests are
 * carried out one after the other, also where the client does not wait for the answers; answers
 * gather in another buffer and go from there as the connection has room. A client that does not take
 * its answers is not read any further.
 */
#include "../../lib/heap.h"
#include "../../lib/string.h"
#include "redis.h"

enum {
    FIRST_BYTES = 512,      /* of a buffer */
    KEPT_BYTES = 16 << 10,  /* a larger one is given back when it is empty */
    ENOUGH_BYTES = 16 << 10, /* answers that wait before the next request is carried out */
};

static struct client clients[TCP_CONNECTIONS];
unsigned clients_now, clients_ever;

static void buffer_free(struct buffer *buffer)
{
    heap_give(buffer->bytes);
    *buffer = (struct buffer){0, 0, 0, 0};
}

/* Bytes up to `from` have been dealt with. */
static void buffer_drop(struct buffer *buffer, unsigned count)
{
    buffer->from += count;
    if (buffer->from < buffer->to) return;
    buffer->from = buffer->to = 0;
    if (buffer->size > KEPT_BYTES) buffer_free(buffer);
}

/* Sees to it that `count` more bytes have room behind `to`. */
static bool buffer_reserve(struct buffer *buffer, unsigned count)
{
    unsigned waiting = buffer->to - buffer->from;
    if (buffer->size - buffer->to >= count) return true;
    if (buffer->from > 0 && buffer->size - waiting >= count) {
        memmove(buffer->bytes, buffer->bytes + buffer->from, waiting);
    } else {
        unsigned size = buffer->size ? buffer->size : FIRST_BYTES;
        while (size - waiting < count) {
            if (size > ~0u / 2) return false;
            size *= 2;
        }
        char *bytes = heap_take(size);
        if (!bytes) return false;
        memcpy(bytes, buffer->bytes + buffer->from, waiting);
        heap_give(buffer->bytes);
        buffer->bytes = bytes;
        buffer->size = size;
    }
    buffer->from = 0;
    buffer->to = waiting;
    return true;
}

bool buffer_put(struct buffer *buffer, const void *bytes, unsigned count)
{
    if (!buffer_reserve(buffer, count)) return false;
    memcpy(buffer->bytes + buffer->to, bytes, count);
    buffer->to += count;
    return true;
}

/* Moves answers to the connection; true if none is left. */
static bool flush(struct client *client)
{
    struct buffer *out = &client->out;
    if (out->from < out->to)
        buffer_drop(out, tcp_write(client->connection, out->bytes + out->from, out->to - out->from));
    return out->from == out->to;
}

/* Carries out the requests that are complete; false where it has to wait for room. */
static bool run_requests(struct client *client)
{
    struct buffer *in = &client->in;
    while (in->from < in->to && !client->last && !client->failed) {
        const char *error;
        struct slice bytes = {in->bytes + in->from, in->to - in->from};
        int length = request_parse(bytes, &error);
        if (length == REQUEST_INCOMPLETE) break;
        if (length == REQUEST_WRONG) {
            reply_error(client, error);
            client->last = true;
            break;
        }
        if (word_count > 0) command_run(client);
        buffer_drop(in, length);
        if (client->out.to - client->out.from >= ENOUGH_BYTES && !flush(client)) return false;
    }
    return flush(client);
}

/* Takes what has arrived; false if there was nothing. Without memory for it the client must go. */
static bool take(struct client *client)
{
    unsigned count;
    const char *bytes = tcp_bytes(client->connection, &count);
    if (count == 0) return false;
    if (buffer_put(&client->in, bytes, count)) {
        tcp_take(client->connection, count);
        return true;
    }
    reply_no_memory(client);
    client->last = true;
    return false;
}

static void forget(struct client *client)
{
    buffer_free(&client->in);
    buffer_free(&client->out);
    client->connection = 0;
    clients_now--;
}

void client_serve(struct tcp *connection)
{
    struct client *client = &clients[tcp_number(connection)];
    if (!client->connection) {
        *client = (struct client){.connection = connection};
        clients_now++;
        clients_ever++;
    }
    bool broken = tcp_broken(connection);
    while (!broken && run_requests(client) && !client->last && take(client)) continue;
    bool over = broken || (flush(client) && (client->last || tcp_at_end(connection)));
    if (!over && !client->failed) return;
    bool failed = client->failed;
    forget(client);
    if (failed) tcp_abort(connection);
    else tcp_close(connection);
}

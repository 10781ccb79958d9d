/*
 * httpd.c: a web server (HTTP/1.1: RFC 9110, RFC 9112) on port 80 of 10.0.2.15.
 *
 *     GET /          a page that says how often it has been asked for
 *     GET /bytes/N   N bytes, 0 … 4294967295: the numbers 0, 1, 2, … times 2654435761 modulo 2^32,
 *                    four bytes each, the low one first
 *
 * Many connections at once; each stays open for more requests, also for requests that do not wait
 * for the answers before them, unless one says `Connection: close` or is of HTTP/1.0. HEAD is
 * answered like GET without the body. Other methods are refused with 405, and because their bodies
 * are not read, the connection is closed.
 *
 * Requests to UDP port 7: `visits` is answered with the number of visits, `quit` with `bye`.
 * Exit: 0 after quit; 2 without a network device.
 */
#include "../lib/guest.h"
#include "../lib/interrupts.h"
#include "../lib/net.h"
#include "../lib/print.h"
#include "../lib/request.h"
#include "../lib/string.h"
#include "../lib/tcp.h"

enum {
    HTTP_PORT = 80,
    LINE_BYTES = 256,
    TEXT_BYTES = 768,
    STEP = 0x9E3779B1, /* 2654435761, an odd number close to 2^32 divided by the golden ratio */
    END_QUIT = 0,
    END_NO_DEVICE = 2,
};

/* What we know of a connection; all zeros before its first request. */
struct visitor {
    char request[LINE_BYTES]; /* the first line of the head */
    char line[LINE_BYTES];    /* the line that is being read; what is longer is cut off */
    unsigned line_bytes;
    unsigned lines;           /* of the head so far */
    bool last;                /* close after this answer */

    char text[TEXT_BYTES]; /* of the answer, from text_from to text_to still to be sent */
    unsigned text_from, text_to;
    unsigned stream_from, stream_to; /* then the bytes of /bytes/N with these numbers */
};

static struct visitor visitors[TCP_CONNECTIONS];
static unsigned visits;

/* Writes the bytes numbered from … from + count - 1 of /bytes/N. */
static void fill(char *to, unsigned from, unsigned count)
{
    unsigned word = from / 4 * STEP;
    for (; count > 0 && from % 4 != 0; count--, from++) *to++ = word >> from % 4 * 8;
    if (count > 0) word = from / 4 * STEP;
    unsigned *words = (unsigned *)to;
    for (; count >= 16; count -= 16, words += 4, word += 4u * STEP) {
        words[0] = word;
        words[1] = word + STEP;
        words[2] = word + 2u * STEP;
        words[3] = word + 3u * STEP;
    }
    to = (char *)words;
    for (unsigned i = 0; i < count; i++) {
        *to++ = word >> i % 4 * 8;
        if (i % 4 == 3) word += STEP;
    }
}

/* Puts the answer as far as there is room; true if that is all of it. */
static bool deliver(struct tcp *connection, struct visitor *v)
{
    const char *text = v->text + v->text_from;
    v->text_from += tcp_write(connection, text, v->text_to - v->text_from);
    if (v->text_from < v->text_to) return false;
    while (v->stream_from < v->stream_to) {
        unsigned room, rest = v->stream_to - v->stream_from;
        char *to = tcp_room(connection, &room);
        if (room == 0) return false;
        if (room > rest) room = rest;
        fill(to, v->stream_from, room);
        tcp_put(connection, room);
        v->stream_from += room;
    }
    return true;
}

/* The text of an answer: its head, and `body` unless it is 0. */
static void answer(struct visitor *v, const char *status, const char *type, unsigned length,
                   const char *body)
{
    v->text_from = 0;
    v->text_to = print_to(v->text, TEXT_BYTES,
                          "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %u\r\n%s\r\n%s", status,
                          type, length, v->last ? "Connection: close\r\n" : "", body ? body : "");
}

static void refuse(struct visitor *v, const char *status)
{
    v->last = true;
    answer(v, status, "text/plain", strlen(status), status);
}

static void answer_page(struct visitor *v, bool head_only)
{
    char page[TEXT_BYTES / 2];
    unsigned length = print_to(page, sizeof page,
                               "<!doctype html>\n<title>httpd</title>\n"
                               "<p>This page has been asked for <b>%u</b> times.\n"
                               "<p>There are also <a href=/bytes/1000000>a million bytes</a>.\n",
                               head_only ? visits : ++visits);
    answer(v, "200 OK", "text/html", length, head_only ? 0 : page);
}

/* The number that is all of `text`; false if that is none of 32 bits. */
static bool number(const char *text, unsigned *value)
{
    *value = 0;
    if (*text == 0) return false;
    for (; *text >= '0' && *text <= '9'; text++) {
        unsigned digit = *text - '0';
        if (*value > (~0u - digit) / 10) return false;
        *value = *value * 10 + digit;
    }
    return *text == 0;
}

/* What stands behind `prefix` in `text`, or 0. */
static char *after(char *text, const char *prefix)
{
    unsigned length = strlen(prefix);
    return strlen(text) >= length && memcmp(text, prefix, length) == 0 ? text + length : 0;
}

/* The head of a request is complete. */
static void take_request(struct visitor *v)
{
    char *path, *version;
    bool head_only = after(v->request, "HEAD ");
    if ((path = after(v->request, "GET ")) == 0) path = after(v->request, "HEAD ");
    if (!path) {
        refuse(v, "405 Method Not Allowed");
        return;
    }
    for (version = path; *version != 0 && *version != ' '; version++) continue;
    bool whole = *version == ' ';
    *version = 0;
    if (!whole || !after(version + 1, "HTTP/1.")) {
        refuse(v, "400 Bad Request");
        return;
    }
    if (strcmp(version + 1, "HTTP/1.0") == 0) v->last = true;
    unsigned count;
    char *digits = after(path, "/bytes/");
    if (strcmp(path, "/") == 0) {
        answer_page(v, head_only);
    } else if (digits && number(digits, &count)) {
        answer(v, "200 OK", "application/octet-stream", count, 0);
        v->stream_from = 0;
        v->stream_to = head_only ? 0 : count;
    } else {
        static const char text[] = "there is / and /bytes/N\n";
        answer(v, "404 Not Found", "text/plain", sizeof text - 1, head_only ? 0 : text);
    }
}

/* Whether a field of the head says that this request is the last; no letter's case matters. */
static bool says_close(const char *line)
{
    static const char close[] = "connection:close";
    const char *at = close;
    for (; *line != 0; line++) {
        char c = *line >= 'A' && *line <= 'Z' ? *line + 32 : *line;
        if (c == ' ' || c == '\t') continue;
        if (c != *at++) return false;
    }
    return *at == 0;
}

/* A line is complete; true if it was the last one of a head. */
static bool take_line(struct visitor *v)
{
    if (v->line_bytes > 0 && v->line[v->line_bytes - 1] == '\r') v->line_bytes--;
    v->line[v->line_bytes] = 0;
    if (v->line_bytes == 0) return v->lines > 0; /* empty lines before a request do not count */
    if (v->lines++ == 0) memcpy(v->request, v->line, v->line_bytes + 1);
    else if (says_close(v->line)) v->last = true;
    v->line_bytes = 0;
    return false;
}

/* Takes bytes up to the end of a head; true if there is one. */
static bool take_head(struct tcp *connection, struct visitor *v)
{
    unsigned count;
    const char *bytes;
    while ((bytes = tcp_bytes(connection, &count)), count > 0) {
        for (unsigned i = 0; i < count; i++) {
            if (bytes[i] != '\n') {
                if (v->line_bytes < LINE_BYTES - 1) v->line[v->line_bytes++] = bytes[i];
            } else if (take_line(v)) {
                tcp_take(connection, i + 1);
                v->lines = 0;
                return true;
            }
        }
        tcp_take(connection, count);
    }
    return false;
}

static void serve(struct tcp *connection)
{
    struct visitor *v = &visitors[tcp_number(connection)];
    if (!tcp_broken(connection)) {
        if (!deliver(connection, v)) return;
        while (!v->last && take_head(connection, v)) {
            take_request(v);
            if (!deliver(connection, v)) return;
        }
        if (!v->last && !tcp_at_end(connection)) return;
    }
    memset(v, 0, sizeof *v);
    tcp_close(connection);
}

static void answer_datagram(const char *request, char *to)
{
    if (strcmp(request, "visits") == 0) print_to(to, ANSWER_BYTES, "%u", visits);
    else print_to(to, ANSWER_BYTES, "what?");
}

int main(void)
{
    interrupts_open();
    if (!net_open()) {
        print("httpd: no network device\n");
        return END_NO_DEVICE;
    }
    request_open(answer_datagram);
    tcp_listen(HTTP_PORT, serve);
    print("httpd: ready\n");
    while (!request_quit()) {
        tcp_receive();
        tcp_send();
    }
    net_finish();
    return END_QUIT;
}

/*
 * tcp.c: see tcp.h. Connections come and go, time passes, and the program puts and takes bytes.
 */
#include "tcp.h"
#include <stddef.h>
#include "interrupts.h"
#include "rtc.h"
#include "string.h"
#include "tcp-connection.h"
#include "timer.h"

enum {
    FIRST_TIMEOUT_MS = 1000, /* RFC 6298, section 2 */
    MOST_TIMEOUT_MS = 10000,
    MOST_RETRIES = 12,          /* a bit more than a minute */
    MOST_OPENING_RETRIES = 5,   /* for who calls and then is silent */
    NUMBERS_A_SECOND = 250000,  /* RFC 9293, section 3.4.1 */
    NUMBERS_A_CONNECTION = 64000,
    LISTENERS = 4,
};

static struct {
    unsigned port;
    void (*serve)(struct tcp *connection);
} listeners[LISTENERS];

static struct tcp connections[TCP_CONNECTIONS];
static struct tcp *connections_end = connections; /* all behind it are free */
static bool clock_runs, ticks_wanted;
static bool frames_missing; /* something could not be sent */
static unsigned now;        /* the time that has been dealt with */
static unsigned first_number;

unsigned tcp_number(const struct tcp *connection)
{
    return connection - connections;
}

/* Time passes only from here on: `now` is never behind while no timer runs. */
static void run_clock(void)
{
    if (!clock_runs) timer_start(TCP_HZ);
    clock_runs = true;
}

void tcp_start_timer(struct tcp *c, unsigned ms)
{
    run_clock();
    c->timer_runs = true;
    c->timer_at = timer_ms() + ms;
}

void tcp_start_retransmission(struct tcp *c)
{
    unsigned ms = c->timeout << smaller(c->backoff, 8);
    tcp_start_timer(c, smaller(ms, MOST_TIMEOUT_MS));
}

void tcp_finish(struct tcp *c)
{
    bool told = c->closed || c->state == TCP_SYN_RECEIVED;
    c->state = told ? TCP_FREE : TCP_BROKEN;
    c->news = !told;
    c->timer_runs = c->ack_due = c->resend_due = false;
    c->taken = c->expected;
    while (connections_end > connections && connections_end[-1].state == TCP_FREE)
        connections_end--;
}

/* The timer of a connection has run out. */
static void expire(struct tcp *c)
{
    c->timer_runs = false;
    bool waits = c->state == TCP_TIME_WAIT || c->state == TCP_FIN_WAIT_2;
    unsigned most = c->state == TCP_SYN_RECEIVED ? MOST_OPENING_RETRIES : MOST_RETRIES;
    if (waits || c->retries == most) {
        if (!waits) tcp_reset(c);
        tcp_finish(c);
        return;
    }
    c->retries++;
    c->backoff++;
    if (c->window > 0 && c->backoff == 1) {
        unsigned in_flight = c->highest - c->unacknowledged;
        c->threshold = in_flight / 2 > 2 * c->most ? in_flight / 2 : 2 * c->most;
    }
    c->congestion_window = c->most;
    c->next = c->unacknowledged;
    c->duplicates = 0;
    c->recovering = c->timing = false; /* what was sent twice measures nothing (Karn) */
    c->probe_due = true;
}

static struct tcp *free_connection(void)
{
    struct tcp *oldest = 0;
    for (struct tcp *c = connections; c < connections + TCP_CONNECTIONS; c++) {
        if (c->state == TCP_FREE) return c;
        if (c->state != TCP_TIME_WAIT) continue;
        if (!oldest || before(c->timer_at, oldest->timer_at)) oldest = c;
    }
    return oldest;
}

static void open(const struct segment *s, void (*serve)(struct tcp *connection))
{
    struct tcp *c = free_connection();
    if (!c) return; /* he will call again */
    memset(c, 0, offsetof(struct tcp, send));
    if (c >= connections_end) connections_end = c + 1;
    first_number += NUMBERS_A_CONNECTION;
    c->state = TCP_SYN_RECEIVED;
    c->peer = s->peer;
    c->port = s->port;
    c->peer_port = s->peer_port;
    c->serve = serve;
    c->unacknowledged = c->next = c->highest = first_number;
    c->end = first_number + 1;
    c->timeout = FIRST_TIMEOUT_MS;
    tcp_take_syn(c, s);
}

static bool is_of(const struct segment *s, const struct tcp *c)
{
    return c->peer_port == s->peer_port && c->port == s->port &&
           c->peer.address == s->peer.address && c->state != TCP_FREE && c->state != TCP_BROKEN;
}

static void receive(const struct packet *packet)
{
    struct segment s;
    if (!tcp_parse(packet, &s)) return;
    bool calls = (s.flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
    for (struct tcp *c = connections; c < connections_end; c++) {
        if (!is_of(&s, c)) continue;
        if (calls && c->state == TCP_TIME_WAIT && before(c->expected, s.sequence)) {
            tcp_finish(c); /* RFC 9293, section 3.6.1: a new call ends the wait */
            break;
        }
        memcpy(c->peer.mac, s.peer.mac, MAC_BYTES); /* where he is may change */
        tcp_input(c, &s);
        return;
    }
    for (unsigned i = 0; calls && i < LISTENERS; i++)
        if (listeners[i].serve && listeners[i].port == s.port) {
            open(&s, listeners[i].serve);
            return;
        }
    tcp_refuse(&s);
}

void tcp_listen(unsigned port, void (*serve)(struct tcp *connection))
{
    unsigned i = 0;
    while (listeners[i].serve) i++;
    listeners[i].port = port;
    listeners[i].serve = serve;
    ip_handle(IP_TCP, receive);
    if (i > 0) return;
    struct date date = rtc_read();
    first_number = rtc_seconds(&date) * NUMBERS_A_SECOND;
}

void tcp_want_ticks(bool wanted)
{
    ticks_wanted = wanted;
    if (wanted) run_clock();
}

/* What time has brought. Without anybody who waits for it, the clock stops. */
static void pass_time(void)
{
    if (timer_ms() == now) return;
    now = timer_ms();
    bool wanted = ticks_wanted;
    for (struct tcp *c = connections; c < connections_end; c++) {
        if (c->timer_runs && !before(now, c->timer_at)) expire(c);
        wanted = wanted || c->timer_runs;
    }
    if (wanted) return;
    timer_stop();
    clock_runs = false;
}

void tcp_receive(void)
{
    struct frame *frame;
    wait_until((frame = net_receive()) || timer_ms() != now || (frames_missing && net_can_send()));
    /* A flood of frames must not keep anybody from being served. */
    for (unsigned left = VIRTQUEUE_SIZE; frame; frame = --left > 0 ? net_receive() : 0) {
        ip_receive(frame);
        net_release(frame);
    }
    pass_time();
    for (struct tcp *c = connections; c < connections_end; c++) {
        if (!c->news) continue;
        c->news = false;
        if (!c->closed) c->serve(c);
    }
}

void tcp_send(void)
{
    static unsigned turn; /* who was left out last time comes first */
    unsigned count = connections_end - connections;
    frames_missing = false;
    for (unsigned i = 0; i < count; i++) {
        struct tcp *c = &connections[(turn + i) % count];
        if (c->state == TCP_FREE || c->state == TCP_BROKEN || tcp_output(c)) continue;
        frames_missing = true;
        turn = tcp_number(c);
        break;
    }
    net_go();
}

/* Bytes that wait to be taken; the FIN, too, has a number. */
static unsigned waiting(const struct tcp *c)
{
    bool ended = c->end_known && c->expected == c->peer_end + 1;
    return c->expected - c->taken - ended;
}

const char *tcp_bytes(struct tcp *c, unsigned *count)
{
    unsigned at = c->taken % TCP_RECEIVE_BYTES;
    *count = smaller(waiting(c), TCP_RECEIVE_BYTES - at);
    return (const char *)c->receive + at;
}

void tcp_take(struct tcp *c, unsigned count)
{
    c->taken += count;
    /* New room is worth telling if it is a segment or half of the buffer (RFC 9293, 3.8.6.2.2). */
    unsigned opened = c->expected + receive_window(c) - c->told;
    if (opened >= smaller(TCP_MOST_SEGMENT, TCP_RECEIVE_BYTES / 2)) c->ack_due = true;
}

unsigned tcp_read(struct tcp *c, void *to, unsigned most)
{
    unsigned done = 0, count;
    const char *at = tcp_bytes(c, &count);
    for (; count > 0 && done < most; at = tcp_bytes(c, &count)) {
        count = smaller(count, most - done);
        memcpy((char *)to + done, at, count);
        tcp_take(c, count);
        done += count;
    }
    return done;
}

char *tcp_room(struct tcp *c, unsigned *count)
{
    unsigned at = c->end % TCP_SEND_BYTES;
    unsigned room = TCP_SEND_BYTES - (c->end - c->unacknowledged);
    if (c->closed || c->state == TCP_BROKEN) room = 0;
    if (room == 0) c->room_wanted = true;
    *count = smaller(room, TCP_SEND_BYTES - at);
    return (char *)c->send + at;
}

void tcp_put(struct tcp *c, unsigned count)
{
    c->end += count;
}

unsigned tcp_write(struct tcp *c, const void *from, unsigned count)
{
    unsigned done = 0, room;
    while (done < count) {
        char *at = tcp_room(c, &room);
        if (room == 0) break;
        room = smaller(room, count - done);
        memcpy(at, (const char *)from + done, room);
        tcp_put(c, room);
        done += room;
    }
    return done;
}

bool tcp_at_end(const struct tcp *c)
{
    return c->state == TCP_BROKEN || (c->state == TCP_CLOSE_WAIT && waiting(c) == 0);
}

bool tcp_broken(const struct tcp *c)
{
    return c->state == TCP_BROKEN;
}

void tcp_close(struct tcp *c)
{
    c->closed = true;
    c->taken = c->expected;
    if (c->state == TCP_ESTABLISHED) c->state = TCP_FIN_WAIT_1;
    else if (c->state == TCP_CLOSE_WAIT) c->state = TCP_LAST_ACK;
    else tcp_finish(c);
}

void tcp_abort(struct tcp *c)
{
    c->closed = true;
    if (c->state != TCP_BROKEN) tcp_reset(c);
    tcp_finish(c);
}

/*
 * tcp-input.c: what a segment that arrives does to its connection, in the order of RFC 9293,
 * section 3.10.7.
 */
#include "string.h"
#include "tcp-connection.h"
#include "timer.h"

enum {
    DEFAULT_MOST_SEGMENT = 536, /* of who does not say (RFC 9293, 3.7.1) */
    FIRST_SEGMENTS = 10,        /* at once on a new connection (RFC 6928) */
    DUPLICATES_MEAN_LOSS = 3,   /* RFC 5681, section 3.2 */
    LEAST_TIMEOUT_MS = 200,
    LONGEST_TIMEOUT_MS = 10000,
    TIME_WAIT_MS = 1000, /* twice the life of a segment, on wires without routers */
    FIN_WAIT_MS = 10000, /* for who does not close */
};

static void take_window(struct tcp *c, const struct segment *s)
{
    c->window = s->window;
    if (c->largest_window < c->window) c->largest_window = c->window;
    c->window_sequence = s->sequence;
    c->window_acknowledgement = s->acknowledgement;
}

void tcp_take_syn(struct tcp *c, const struct segment *s)
{
    c->expected = c->taken = c->told = s->sequence + 1;
    take_window(c, s);
    c->most = smaller(s->most ? s->most : DEFAULT_MOST_SEGMENT, TCP_MOST_SEGMENT);
    c->congestion_window = FIRST_SEGMENTS * c->most;
    c->threshold = TCP_SEND_BYTES;
}

/* Whether a part of it lies in the window, or it stands where we wait (RFC 9293, 3.10.7.4). */
static bool acceptable(const struct tcp *c, const struct segment *s)
{
    int offset = s->sequence - c->expected, window = receive_window(c);
    if (tcp_numbers(s) == 0) return offset == 0 || (offset > 0 && offset < window);
    return offset < window && offset + (int)tcp_numbers(s) > 0;
}

/* A round trip took so long (RFC 6298, section 2). */
static void measure(struct tcp *c, unsigned ms)
{
    if (c->trip_8th == 0) {
        c->trip_8th = ms * 8;
        c->variation_4th = ms * 2;
    } else {
        int error = ms - c->trip_8th / 8;
        c->trip_8th += error;
        c->variation_4th += (error < 0 ? -error : error) - (int)c->variation_4th / 4;
    }
    unsigned timeout = c->trip_8th / 8 + c->variation_4th;
    if (timeout < LEAST_TIMEOUT_MS) timeout = LEAST_TIMEOUT_MS;
    c->timeout = smaller(timeout, LONGEST_TIMEOUT_MS);
}

/* New bytes are acknowledged: more may be on their way (RFC 5681; RFC 6582, section 3.2). */
static void widen(struct tcp *c, unsigned bytes)
{
    if (c->recovering && before(c->unacknowledged, c->recovered)) {
        /* Not all that had been sent before the loss: the next gap begins here. */
        c->resend_due = true;
        c->congestion_window -= smaller(bytes, c->congestion_window);
        c->congestion_window += c->most;
        return;
    }
    if (c->recovering) c->congestion_window = c->threshold;
    /* All of `bytes`: an acknowledgement may stand for many segments (RFC 3465). */
    else if (c->congestion_window < c->threshold) c->congestion_window += bytes;
    else c->congestion_window += 1 + c->most * c->most / c->congestion_window;
    c->congestion_window = smaller(c->congestion_window, 2 * TCP_SEND_BYTES);
    c->recovering = false;
    c->duplicates = 0;
}

/* Everything before `number` has arrived. */
static void advance(struct tcp *c, unsigned number)
{
    unsigned bytes = number - c->unacknowledged;
    c->unacknowledged = number;
    if (before(c->next, number)) c->next = number;
    c->backoff = 0;
    c->probe_due = false;
    if (c->timing && !before(number, c->timed_number)) {
        c->timing = false;
        measure(c, timer_ms() - c->timed_since);
    }
    widen(c, bytes);
    c->timer_runs = false;
    if (number != c->highest) tcp_start_retransmission(c);
    if (c->room_wanted) c->news = true;
    c->room_wanted = false;
}

/* The third one in a row says that a segment is lost, each one that another has arrived. */
static void take_duplicate(struct tcp *c)
{
    c->duplicates++;
    if (c->recovering) {
        c->congestion_window += c->most;
    } else if (c->duplicates == DUPLICATES_MEAN_LOSS) {
        unsigned half = (c->highest - c->unacknowledged) / 2;
        c->threshold = half > 2 * c->most ? half : 2 * c->most;
        c->congestion_window = c->threshold + DUPLICATES_MEAN_LOSS * c->most;
        c->recovering = c->resend_due = true;
        c->recovered = c->highest;
        c->timing = false;
    }
}

/* What the acknowledgement of our FIN changes; false if the connection is over. */
static bool take_fin_acknowledgement(struct tcp *c)
{
    if (!fin_wanted(c) || c->unacknowledged != c->end + 1) return true;
    if (c->state == TCP_FIN_WAIT_1) {
        c->state = TCP_FIN_WAIT_2;
        tcp_start_timer(c, FIN_WAIT_MS);
    } else if (c->state == TCP_CLOSING) {
        c->state = TCP_TIME_WAIT;
        tcp_start_timer(c, TIME_WAIT_MS);
    } else {
        tcp_finish(c);
        return false;
    }
    return true;
}

/* False if there is nothing more to look at. */
static bool take_acknowledgement(struct tcp *c, const struct segment *s)
{
    bool beyond = before(c->highest, s->acknowledgement);
    if (c->state == TCP_SYN_RECEIVED) {
        if (beyond || !before(c->unacknowledged, s->acknowledgement)) {
            tcp_refuse(s);
            return false;
        }
        c->state = TCP_ESTABLISHED;
        c->news = true;
    }
    if (beyond) {
        c->ack_due = true;
        return false;
    }
    bool shut = c->window == 0;
    if (before(c->unacknowledged, s->acknowledgement)) advance(c, s->acknowledgement);
    else if (s->acknowledgement == c->unacknowledged && c->unacknowledged != c->highest &&
             tcp_numbers(s) == 0 && s->window == c->window)
        take_duplicate(c);
    if (before(s->sequence, c->window_sequence)) return take_fin_acknowledgement(c);
    if (s->sequence == c->window_sequence && before(s->acknowledgement, c->window_acknowledgement))
        return take_fin_acknowledgement(c);
    take_window(c, s);
    if (shut && c->window > 0) {
        c->next = c->unacknowledged; /* a probe that found the window shut was thrown away */
        c->backoff = 0;
        c->timer_runs = false;
    }
    return take_fin_acknowledgement(c);
}

static void drop_island(struct tcp *c, unsigned i)
{
    c->islands[i] = c->islands[--c->island_count];
}

/* Notes that the bytes from … to have arrived; false if that makes one island too many. */
static bool note(struct tcp *c, unsigned from, unsigned to)
{
    for (unsigned i = 0; i < c->island_count;) {
        struct island island = c->islands[i];
        if (before(island.to, from) || before(to, island.from)) {
            i++;
            continue;
        }
        if (before(island.from, from)) from = island.from;
        if (before(to, island.to)) to = island.to;
        drop_island(c, i);
    }
    if (from == c->expected) c->expected = to;
    else if (c->island_count == TCP_ISLANDS) return false;
    else c->islands[c->island_count++] = (struct island){from, to};
    return true;
}

static void take_bytes(struct tcp *c, const struct segment *s)
{
    unsigned from = s->sequence, to = from + s->length;
    unsigned window_end = c->expected + receive_window(c);
    bool fin = s->flags & TCP_FIN;
    if (before(from, c->expected)) from = c->expected;
    if (before(window_end, to)) {
        to = window_end;
        fin = false; /* it stands behind what there is no room for */
    }
    if (before(from, to)) {
        /* Behind a gap: say so at once, which is how the sender learns of the loss. */
        if (from != c->expected) tcp_acknowledge(c);
        unsigned was = c->expected;
        if (!note(c, from, to)) return;
        const unsigned char *bytes = s->bytes + (from - s->sequence);
        unsigned at = from % TCP_RECEIVE_BYTES;
        unsigned first = smaller(to - from, TCP_RECEIVE_BYTES - at);
        memcpy(c->receive + at, bytes, first);
        memcpy(c->receive, bytes + first, to - from - first);
        if (c->expected != was) c->news = true;
    }
    if (fin) {
        c->end_known = true;
        c->peer_end = s->sequence + s->length;
    }
}

/* The other side's FIN, once everything before it is here. */
static void take_fin(struct tcp *c)
{
    if (!c->end_known || c->expected != c->peer_end) return;
    c->expected++;
    c->ack_due = true;
    if (c->state == TCP_ESTABLISHED) {
        c->state = TCP_CLOSE_WAIT;
        c->news = true;
    } else if (c->state == TCP_FIN_WAIT_1) {
        c->state = TCP_CLOSING;
    } else {
        c->state = TCP_TIME_WAIT;
        tcp_start_timer(c, TIME_WAIT_MS);
    }
}

/* A segment from another time, or of somebody else: says where we are. */
static void answer_unacceptable(struct tcp *c, const struct segment *s)
{
    if (s->flags & TCP_RST) return;
    c->ack_due = true;
    if (c->state == TCP_TIME_WAIT && s->flags & TCP_FIN) tcp_start_timer(c, TIME_WAIT_MS);
    if (c->state == TCP_SYN_RECEIVED && s->flags & TCP_SYN) c->next = c->unacknowledged;
}

void tcp_input(struct tcp *c, const struct segment *s)
{
    if (!acceptable(c, s)) {
        answer_unacceptable(c, s);
        return;
    }
    if (s->flags & TCP_RST) {
        /* Only the exact number proves that the sender knows the connection (RFC 5961, 3.2). */
        if (s->sequence == c->expected) tcp_finish(c);
        else c->ack_due = true;
        return;
    }
    if (s->flags & TCP_SYN) {
        c->ack_due = true; /* RFC 5961, 4.2 */
        return;
    }
    if (!(s->flags & TCP_ACK)) return;
    c->retries = 0;
    if (!take_acknowledgement(c, s)) return;
    if (tcp_numbers(s) > 0) c->ack_due = true;
    bool open = c->state == TCP_ESTABLISHED || c->state == TCP_FIN_WAIT_1 ||
                c->state == TCP_FIN_WAIT_2;
    if (!open) return;
    take_bytes(c, s);
    take_fin(c);
    if (c->closed && !c->end_known) c->taken = c->expected;
}

/*
 * tcp-output.c: which segments a connection sends now (RFC 9293, section 3.8).
 */
#include "tcp-connection.h"
#include "timer.h"

static struct segment segment(const struct tcp *c, unsigned sequence, unsigned flags)
{
    return (struct segment){
        .peer = c->peer,
        .peer_port = c->peer_port,
        .port = c->port,
        .sequence = sequence,
        .acknowledgement = c->expected,
        .flags = flags | TCP_ACK,
        .window = receive_window(c),
    };
}

/* Sends a segment; what it acknowledges is no longer due. */
static bool emit(struct tcp *c, const struct segment *s)
{
    if (!tcp_emit(s, c->send)) return false;
    c->ack_due = false;
    c->told = c->expected + s->window;
    return true;
}

bool tcp_acknowledge(struct tcp *c)
{
    /* `highest` and not `next`, which may have gone back: that would look like an old segment. */
    struct segment s = segment(c, c->highest, 0);
    return emit(c, &s);
}

void tcp_reset(struct tcp *c)
{
    struct segment s = segment(c, c->highest, TCP_RST);
    emit(c, &s);
}

void tcp_refuse(const struct segment *stray)
{
    if (stray->flags & TCP_RST) return;
    struct segment s = {.peer = stray->peer, .peer_port = stray->peer_port, .port = stray->port};
    if (stray->flags & TCP_ACK) {
        s.sequence = stray->acknowledgement;
        s.flags = TCP_RST;
    } else {
        s.acknowledgement = stray->sequence + tcp_numbers(stray);
        s.flags = TCP_RST | TCP_ACK;
    }
    tcp_emit(&s, 0);
}

/* Numbers up to `to` are on their way. */
static void sent(struct tcp *c, unsigned to)
{
    if (before(c->next, to)) c->next = to;
    if (!c->timer_runs) tcp_start_retransmission(c);
    if (!before(c->highest, to)) return;
    c->highest = to;
    if (c->timing) return;
    c->timing = true;
    c->timed_number = to;
    c->timed_since = timer_ms();
}

/* Sends a segment of the bytes from `sequence` on, and our FIN if it comes next. */
static bool send_segment(struct tcp *c, unsigned sequence, unsigned length)
{
    bool last = sequence + length == c->end;
    bool fin = last && fin_wanted(c);
    struct segment s = segment(c, sequence, (last && length > 0 ? TCP_PSH : 0) | (fin ? TCP_FIN : 0));
    s.length = length;
    if (!emit(c, &s)) return false;
    sent(c, sequence + length + fin);
    return true;
}

/* How many bytes from `next` on the windows let go; 0 also where so few are not worth a segment. */
static unsigned sendable(const struct tcp *c, unsigned unsent)
{
    unsigned in_flight = c->next - c->unacknowledged;
    unsigned window = smaller(c->window, c->congestion_window);
    unsigned allowed = window > in_flight ? window - in_flight : 0;
    if (c->probe_due && allowed == 0) allowed = 1;
    unsigned length = smaller(smaller(unsent, allowed), c->most);
    /* RFC 9293, 3.8.6.2.1. The end of what the program has put does not wait (Nagle off). */
    bool silly = length < unsent && length < c->most && length < c->largest_window / 2;
    return silly && !c->probe_due ? 0 : length;
}

static bool send_syn(struct tcp *c)
{
    if (c->next != c->unacknowledged) return true;
    struct segment s = segment(c, c->unacknowledged, TCP_SYN);
    s.most = TCP_MOST_SEGMENT;
    if (!emit(c, &s)) return false;
    c->probe_due = false;
    sent(c, c->unacknowledged + 1);
    return true;
}

/* Sends again what is the first that is missing on the other side. */
static bool resend(struct tcp *c)
{
    unsigned length = smaller(c->end - c->unacknowledged, c->most);
    if (before(c->end, c->unacknowledged)) length = 0;
    if (c->unacknowledged != c->highest && !send_segment(c, c->unacknowledged, length)) return false;
    c->resend_due = false;
    return true;
}

bool tcp_output(struct tcp *c)
{
    if (c->state == TCP_SYN_RECEIVED) return send_syn(c);
    if (c->resend_due && !resend(c)) return false;
    while (!before(c->end, c->next)) {
        unsigned unsent = c->end - c->next;
        unsigned length = sendable(c, unsent);
        bool fin = fin_wanted(c) && length == unsent;
        if (length == 0 && !fin) break;
        if (!send_segment(c, c->next, length)) return false;
        c->probe_due = false;
    }
    /* A shut window, and nothing on its way whose answer could open it: probe later. */
    bool stuck = c->next == c->unacknowledged && before(c->next, c->end);
    if (stuck && !c->timer_runs) tcp_start_retransmission(c);
    return !c->ack_due || tcp_acknowledge(c);
}

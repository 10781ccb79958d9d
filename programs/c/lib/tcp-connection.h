/*
 * tcp-connection.h: the state of a connection, and what the parts of TCP call of each other. The
 * names of RFC 9293, section 3.3.1, stand in brackets.
 *
 * Sequence numbers wrap round after 2^32 and are compared by their difference. The byte numbered n
 * lies at n % TCP_SEND_BYTES, or n % TCP_RECEIVE_BYTES, of its ring. Invariants:
 *
 *     unacknowledged ≤ next ≤ highest ≤ end + 1      end - unacknowledged ≤ TCP_SEND_BYTES
 *     taken ≤ expected ≤ told                        told - taken ≤ TCP_RECEIVE_BYTES
 *
 * The SYN has the number before the first byte, the FIN that of `end`.
 */
#ifndef TCP_CONNECTION_H
#define TCP_CONNECTION_H

#include "ip.h"
#include "tcp.h"

/* RFC 9293, section 3.3.2. */
enum tcp_state {
    TCP_FREE, /* no connection */
    TCP_SYN_RECEIVED,
    TCP_ESTABLISHED,
    TCP_CLOSE_WAIT, /* the other side has closed */
    TCP_FIN_WAIT_1, /* we have closed … */
    TCP_FIN_WAIT_2, /* … and it knows */
    TCP_CLOSING,    /* both have closed, and it does not know yet: at once, … */
    TCP_LAST_ACK,   /* … or it first */
    TCP_TIME_WAIT,
    TCP_BROKEN, /* over before its time; the program does not know yet */
};

enum {
    TCP_FIN = 1, /* control bits */
    TCP_SYN = 2,
    TCP_RST = 4,
    TCP_PSH = 8,
    TCP_ACK = 16,

    TCP_HEADER = 20, /* without options */
    TCP_MOST_SEGMENT = IP_MOST_PAYLOAD - TCP_HEADER,
    TCP_ISLANDS = 4, /* pieces behind gaps; one more is dropped */
};

/* A segment, in either direction. */
struct segment {
    struct peer peer;
    unsigned peer_port, port;
    unsigned sequence, acknowledgement, flags, window;
    unsigned most; /* the sender's largest segment, as the option says; 0 without it */
    unsigned length;
    const unsigned char *bytes; /* of one that has arrived */
};

struct tcp {
    enum tcp_state state;
    struct peer peer;
    unsigned port, peer_port;
    void (*serve)(struct tcp *connection);
    bool news;   /* to be served */
    bool closed; /* the program has done with it */

    unsigned unacknowledged; /* [SND.UNA] */
    unsigned next;           /* [SND.NXT]; goes back when all is sent again */
    unsigned highest;        /* the first number that was never sent */
    unsigned end;            /* behind the last byte that the program has put */
    unsigned window;         /* [SND.WND], … */
    unsigned window_sequence, window_acknowledgement; /* [SND.WL1, SND.WL2]: who told it */
    unsigned largest_window;
    unsigned most;         /* bytes of a segment that the other side takes */
    bool room_wanted;      /* the program has seen that there is none */
    bool probe_due;        /* send at least one byte, whatever the window */
    bool resend_due;       /* send what is at `unacknowledged` again */

    unsigned congestion_window, threshold; /* RFC 5681 [cwnd, ssthresh] */
    unsigned duplicates;                   /* of an acknowledgement, in a row */
    bool recovering;                       /* from a loss, until … */
    unsigned recovered;                    /* … this number is acknowledged (RFC 6582) */

    unsigned taken;    /* by the program, up to here */
    unsigned expected; /* [RCV.NXT] */
    unsigned told;     /* the end of the window that the other side knows */
    struct island {
        unsigned from, to;
    } islands[TCP_ISLANDS]; /* what has arrived behind a gap, in no order */
    unsigned island_count;
    bool end_known;    /* a FIN has arrived, numbered … */
    unsigned peer_end; /* … so */
    bool ack_due;

    /* Times are milliseconds of timer.h. One timer: retransmission or probe, or the end of a wait. */
    bool timer_runs;
    unsigned timer_at;
    unsigned retries;   /* since we have heard from the other side */
    unsigned backoff;   /* the retransmission time doubles so many times */
    unsigned timeout;   /* RFC 6298 [RTO] without backoff */
    unsigned trip_8th, variation_4th; /* [SRTT, RTTVAR], times 8 and 4; 0 before the first */
    bool timing;        /* a round trip is being measured, from … */
    unsigned timed_since, timed_number; /* … then, until this is acknowledged */

    unsigned char send[TCP_SEND_BYTES];
    unsigned char receive[TCP_RECEIVE_BYTES];
};

/* Whether number a lies before b. */
static inline bool before(unsigned a, unsigned b)
{
    return (int)(a - b) < 0;
}

static inline unsigned smaller(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* How many numbers a segment takes. */
static inline unsigned tcp_numbers(const struct segment *s)
{
    return s->length + !!(s->flags & TCP_SYN) + !!(s->flags & TCP_FIN);
}

/* What we can take now [RCV.WND]. */
static inline unsigned receive_window(const struct tcp *c)
{
    return TCP_RECEIVE_BYTES - (c->expected - c->taken);
}

/* Whether our side has closed, so that a FIN has or will have a number. */
static inline bool fin_wanted(const struct tcp *c)
{
    return c->state >= TCP_FIN_WAIT_1 && c->state <= TCP_LAST_ACK;
}

/* tcp.c */
void tcp_start_timer(struct tcp *c, unsigned ms);
void tcp_start_retransmission(struct tcp *c);
void tcp_finish(struct tcp *c); /* free, or broken if the program still has it */

/* tcp-segment.c */
bool tcp_parse(const struct packet *packet, struct segment *s); /* false: it is damaged */
/* Sends a segment, its bytes from the ring; false, and nothing is sent, without a frame for it. */
bool tcp_emit(const struct segment *s, const unsigned char *ring);

/* tcp-input.c: takes a segment of this connection. */
void tcp_take_syn(struct tcp *c, const struct segment *s);
void tcp_input(struct tcp *c, const struct segment *s);

/* tcp-output.c */
bool tcp_output(struct tcp *c); /* false: frames are missing; once more, later */
bool tcp_acknowledge(struct tcp *c);
void tcp_reset(struct tcp *c);
void tcp_refuse(const struct segment *s); /* a segment of no connection */

#endif

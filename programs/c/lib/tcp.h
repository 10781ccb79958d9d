/*
 * tcp.h: TCP for a server (RFC 9293): connections that others open (tcp.c, tcp-input.c,
 * tcp-output.c; the state of one is in tcp-connection.h). It stands on ip.h, sleeps while nothing
 * happens, and has no clock ticking while no connection waits for time.
 *
 * A program listens, and then does nothing but take turns:
 *
 *     tcp_listen(80, serve);
 *     for (;;) { tcp_receive(); tcp_send(); }
 *
 * `serve` is called for a connection about which there is news: it is open; bytes have arrived;
 * there is room again for bytes to send, which was all in use; the other side sends no more; it has
 * broken. It does at once what can be done, taking bytes and putting bytes, and returns. What it
 * puts leaves with tcp_send, together with the acknowledgement of what it took. A connection
 * belongs to the program from the first call until it calls tcp_close.
 *
 * Bytes need not be copied: they can be looked at, and put, where they lie in the connection's
 * buffers, which are rings; so what is offered may be a part only, up to the end of the ring.
 *
 * In it: out-of-order segments, retransmission by time (RFC 6298) and by duplicate acknowledgements
 * with congestion control (RFC 5681, NewReno of RFC 6582), flow control with zero-window probes,
 * resets as RFC 5961 wants them. Left out: opening connections, options other than the segment size
 * (no window scaling, no selective acknowledgements), urgent data, delayed acknowledgements (each
 * turn acknowledges once what it has received), keep-alives.
 */
#ifndef TCP_H
#define TCP_H

#include <stdbool.h>

enum {
    TCP_CONNECTIONS = 64,
    TCP_SEND_BYTES = 1 << 16,    /* of each: what the other side has not acknowledged */
    TCP_RECEIVE_BYTES = 1 << 14, /* of each: what the program has not taken; the largest window */
};

struct tcp;

/* From now on others may open connections to `port`; interrupts_open and net_open come first. */
void tcp_listen(unsigned port, void (*serve)(struct tcp *connection));

/*
 * Sleeps until there is something to do, takes the frames that have arrived, for UDP and others of
 * ip.h too, and the time that has passed, and calls `serve`.
 */
void tcp_receive(void);

/* Sends what may be sent now. */
void tcp_send(void);

/* Whether tcp_receive shall return at each tick of the timer, TCP_HZ a second; at first not. */
void tcp_want_ticks(bool wanted);

enum { TCP_HZ = 50 };

/* The connection's number, 0 … TCP_CONNECTIONS - 1: for tables of what the program knows of it. */
unsigned tcp_number(const struct tcp *connection);

/* The first of the bytes that wait to be taken, and how many of them lie there together. */
const char *tcp_bytes(struct tcp *connection, unsigned *count);

/* Takes `count` of these. */
void tcp_take(struct tcp *connection, unsigned count);

/* Takes and copies at most `most` bytes → how many. */
unsigned tcp_read(struct tcp *connection, void *to, unsigned most);

/* Where the next bytes to send belong, and how many have room there. */
char *tcp_room(struct tcp *connection, unsigned *count);

/* `count` bytes have been written there. */
void tcp_put(struct tcp *connection, unsigned count);

/* Copies and puts at most `count` bytes → for how many there was room. */
unsigned tcp_write(struct tcp *connection, const void *from, unsigned count);

/* Whether no bytes wait and none will come. */
bool tcp_at_end(const struct tcp *connection);

/* Whether the other side has reset the connection, or is silent for too long: only close it. */
bool tcp_broken(const struct tcp *connection);

/*
 * The program has done with the connection. What it has put is still sent; what still arrives is
 * thrown away.
 */
void tcp_close(struct tcp *connection);

/* The same, but nothing more is sent than a reset. */
void tcp_abort(struct tcp *connection);

#endif

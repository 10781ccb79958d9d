/*
 * udp.h: datagrams (RFC 768; udp.c), for a host that answers: ip.h.
 */
#ifndef UDP_H
#define UDP_H

#include "ip.h"

enum { UDP_HEADER = 8, UDP_MOST_BYTES = IP_MOST_PAYLOAD - UDP_HEADER };

/* A datagram that has arrived. */
struct datagram {
    struct peer from;
    unsigned from_port, to_port;
    const unsigned char *bytes;
    unsigned length;
};

/* From now on datagrams to `port` are given to `serve`, which looks at them and is done. */
void udp_listen(unsigned port, void (*serve)(const struct datagram *datagram));

/*
 * Sends `length` bytes back to where the datagram came from, at most UDP_MOST_BYTES. The answer is
 * lost where the network is busy, as any datagram may be.
 */
void udp_answer(const struct datagram *datagram, const void *bytes, unsigned length);

#endif

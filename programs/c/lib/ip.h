/*
 * ip.h: one host on an Ethernet, 10.0.2.15 as QEMU's and vmft's networks have it: IPv4 (RFC 791;
 * ip.c), ARP (RFC 826; arp.c), and the echo of ICMP (RFC 792; icmp.c). UDP and TCP stand on it.
 *
 * This host answers and never calls. Whoever it answers has just sent it a packet, from an Ethernet
 * address that leads back to him, so there is no table of neighbours, and no question is ever asked.
 *
 * Left out: fragments, which are dropped, and options, which are skipped.
 */
#ifndef IP_H
#define IP_H

#include "net.h"

enum {
    IP_ICMP = 1, /* protocols */
    IP_TCP = 6,
    IP_UDP = 17,
    ETHERNET_HEADER = 14,
    IP_HEADER = 20, /* without options */
    IP_PAYLOAD = ETHERNET_HEADER + IP_HEADER, /* where it begins in the frames that we send */
    IP_MOST_PAYLOAD = FRAME_BYTES - IP_PAYLOAD,
};

extern const unsigned ip_address; /* ours */

/* Somebody on the other side. */
struct peer {
    unsigned address;
    unsigned char mac[MAC_BYTES]; /* where frames for him go */
};

/* A packet that has arrived for us, whole and with a right header; of a protocol that we know. */
struct packet {
    struct peer from;
    const unsigned char *bytes; /* the payload */
    unsigned length;
};

/* From now on packets of this protocol are given to `input`, which looks at them and is done. */
void ip_handle(unsigned protocol, void (*input)(const struct packet *packet));

/*
 * Takes a frame from the network: answers ARP, hands packets on, drops all else. What is sent, here
 * or by ip_send, goes with net_go.
 */
void ip_receive(const struct frame *frame);

/*
 * Sends a frame of net_frame, whose payload of `length` bytes the caller has put to
 * frame->bytes + IP_PAYLOAD.
 */
void ip_send(struct frame *frame, const struct peer *to, unsigned protocol, unsigned length);

/*
 * What the checksums of UDP and TCP start from: the sum over the pseudo header (RFC 9293, 3.1) of a
 * packet of `length` bytes between the peer and us, in either direction.
 */
unsigned ip_pseudo_sum(const struct peer *peer, unsigned protocol, unsigned length);

/* The parts in files of their own, for ip.c: a request for our address, an echo request. */
void arp_receive(const struct frame *frame);
void icmp_receive(const struct packet *packet);

#endif

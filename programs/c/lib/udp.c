/*
 * udp.c: see udp.h.
 */
#include "udp.h"
#include "checksum.h"
#include "string.h"
#include "wire.h"

enum {
    SOURCE = 0, /* offsets in a datagram */
    TARGET = 2,
    LENGTH = 4,
    CHECKSUM = 6,
    LISTENERS = 4,
    NO_CHECKSUM = 0, /* the sender has made none; a sum of 0 is sent as 0xFFFF, which is as good */
};

static struct {
    unsigned port;
    void (*serve)(const struct datagram *datagram);
} listeners[LISTENERS];

static void receive(const struct packet *packet)
{
    const unsigned char *header = packet->bytes;
    if (packet->length < UDP_HEADER) return;
    unsigned length = wire_get16(header + LENGTH);
    if (length < UDP_HEADER || length > packet->length) return;
    unsigned pseudo = ip_pseudo_sum(&packet->from, IP_UDP, length);
    if (wire_get16(header + CHECKSUM) != NO_CHECKSUM &&
        checksum_end(checksum_add(pseudo, header, length)) != 0)
        return;
    struct datagram datagram = {
        .from = packet->from,
        .from_port = wire_get16(header + SOURCE),
        .to_port = wire_get16(header + TARGET),
        .bytes = header + UDP_HEADER,
        .length = length - UDP_HEADER,
    };
    for (unsigned i = 0; i < LISTENERS; i++)
        if (listeners[i].serve && listeners[i].port == datagram.to_port)
            listeners[i].serve(&datagram);
}

void udp_listen(unsigned port, void (*serve)(const struct datagram *datagram))
{
    unsigned i = 0;
    while (listeners[i].serve) i++;
    listeners[i].port = port;
    listeners[i].serve = serve;
    ip_handle(IP_UDP, receive);
}

void udp_answer(const struct datagram *datagram, const void *bytes, unsigned length)
{
    struct frame *frame = net_frame();
    if (!frame) return;
    unsigned char *header = frame->bytes + IP_PAYLOAD;
    unsigned total = UDP_HEADER + length;
    wire_put16(header + SOURCE, datagram->to_port);
    wire_put16(header + TARGET, datagram->from_port);
    wire_put16(header + LENGTH, total);
    wire_put16(header + CHECKSUM, 0);
    memcpy(header + UDP_HEADER, bytes, length);
    unsigned sum = ip_pseudo_sum(&datagram->from, IP_UDP, total);
    unsigned checksum = checksum_end(checksum_add(sum, header, total));
    wire_put16(header + CHECKSUM, checksum ? checksum : 0xFFFF);
    ip_send(frame, &datagram->from, IP_UDP, total);
}

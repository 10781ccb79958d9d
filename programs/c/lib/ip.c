/*
 * ip.c: see ip.h. Ethernet II frames, IPv4 headers.
 */
#include "ip.h"
#include "checksum.h"
#include "string.h"
#include "wire.h"

enum {
    ETHER_TARGET = 0, /* offsets in a frame */
    ETHER_SOURCE = 6,
    ETHER_TYPE = 12,
    TYPE_IPV4 = 0x0800,
    TYPE_ARP = 0x0806,

    VERSION = 0, /* offsets in a header; the low half of this byte is its length in words */
    TOTAL_LENGTH = 2,
    FRAGMENT = 6,
    TIME_TO_LIVE = 8,
    PROTOCOL = 9,
    CHECKSUM = 10,
    SOURCE = 12,
    TARGET = 16,

    VERSION_4 = 0x40,
    DO_NOT_FRAGMENT = 0x4000,
    IS_FRAGMENT = 0x3FFF, /* more of them follow, or it is not the first */
    HOPS = 64,
    HANDLERS = 4,
};

const unsigned ip_address = 10u << 24 | 0 << 16 | 2 << 8 | 15;

static struct {
    unsigned protocol;
    void (*input)(const struct packet *packet);
} handlers[HANDLERS] = {{IP_ICMP, icmp_receive}};

void ip_handle(unsigned protocol, void (*input)(const struct packet *packet))
{
    unsigned i = 0;
    while (handlers[i].protocol != protocol && handlers[i].protocol != 0) i++;
    handlers[i].protocol = protocol;
    handlers[i].input = input;
}

/* How long the header is, 0 if the packet is not one for us, whole and undamaged. */
static unsigned check(const unsigned char *header, unsigned length)
{
    if (length < IP_HEADER || (header[VERSION] & 0xF0) != VERSION_4) return 0;
    unsigned bytes = (header[VERSION] & 15) * 4;
    unsigned total = wire_get16(header + TOTAL_LENGTH);
    if (bytes < IP_HEADER || bytes > total || total > length) return 0;
    if (checksum_end(checksum_add(0, header, bytes)) != 0) return 0;
    if (wire_get16(header + FRAGMENT) & IS_FRAGMENT) return 0;
    return wire_get32(header + TARGET) == ip_address ? bytes : 0;
}

static void receive_packet(const struct frame *frame)
{
    const unsigned char *header = frame->bytes + ETHERNET_HEADER;
    unsigned header_bytes = check(header, frame->length - ETHERNET_HEADER);
    if (header_bytes == 0) return;
    struct packet packet = {
        .from.address = wire_get32(header + SOURCE),
        .bytes = header + header_bytes,
        .length = wire_get16(header + TOTAL_LENGTH) - header_bytes,
    };
    memcpy(packet.from.mac, frame->bytes + ETHER_SOURCE, MAC_BYTES);
    for (unsigned i = 0; i < HANDLERS; i++)
        if (handlers[i].protocol == header[PROTOCOL] && handlers[i].input)
            handlers[i].input(&packet);
}

void ip_receive(const struct frame *frame)
{
    if (frame->length < ETHERNET_HEADER) return;
    unsigned type = wire_get16(frame->bytes + ETHER_TYPE);
    if (type == TYPE_ARP) arp_receive(frame);
    if (type == TYPE_IPV4) receive_packet(frame);
}

void ip_send(struct frame *frame, const struct peer *to, unsigned protocol, unsigned length)
{
    memcpy(frame->bytes + ETHER_TARGET, to->mac, MAC_BYTES);
    memcpy(frame->bytes + ETHER_SOURCE, net_address, MAC_BYTES);
    wire_put16(frame->bytes + ETHER_TYPE, TYPE_IPV4);
    unsigned char *header = frame->bytes + ETHERNET_HEADER;
    memset(header, 0, IP_HEADER); /* what is never fragmented needs no identification (RFC 6864) */
    header[VERSION] = VERSION_4 | IP_HEADER / 4;
    wire_put16(header + TOTAL_LENGTH, IP_HEADER + length);
    wire_put16(header + FRAGMENT, DO_NOT_FRAGMENT);
    header[TIME_TO_LIVE] = HOPS;
    header[PROTOCOL] = protocol;
    wire_put32(header + SOURCE, ip_address);
    wire_put32(header + TARGET, to->address);
    wire_put16(header + CHECKSUM, checksum_end(checksum_add(0, header, IP_HEADER)));
    frame->length = IP_PAYLOAD + length;
    net_add(frame);
}

unsigned ip_pseudo_sum(const struct peer *peer, unsigned protocol, unsigned length)
{
    unsigned char header[12];
    wire_put32(header, ip_address);
    wire_put32(header + 4, peer->address);
    wire_put16(header + 8, protocol);
    wire_put16(header + 10, length);
    return checksum_add(0, header, sizeof header);
}

/*
 * tcp-segment.c: segments as they are on the wire (RFC 9293, section 3.1), in and out.
 */
#include "checksum.h"
#include "string.h"
#include "tcp-connection.h"
#include "wire.h"

enum {
    SOURCE = 0, /* offsets in a header */
    TARGET = 2,
    SEQUENCE = 4,
    ACKNOWLEDGEMENT = 8,
    OFFSET = 12, /* in its high half: how long the header is, in words */
    FLAGS = 13,
    WINDOW = 14,
    CHECKSUM = 16,

    OPTION_END = 0,
    OPTION_NOTHING = 1,
    OPTION_MOST = 2,
    OPTION_MOST_BYTES = 4,
};

/* How long the option is that stands before `rest` bytes; 0 if none does. */
static unsigned option_bytes(const unsigned char *option, unsigned rest)
{
    if (rest == 0 || option[0] == OPTION_END) return 0;
    if (option[0] == OPTION_NOTHING) return 1;
    return rest >= 2 && option[1] >= 2 && option[1] <= rest ? option[1] : 0;
}

bool tcp_parse(const struct packet *packet, struct segment *s)
{
    const unsigned char *header = packet->bytes;
    if (packet->length < TCP_HEADER) return false;
    unsigned header_bytes = (header[OFFSET] >> 4) * 4;
    if (header_bytes < TCP_HEADER || header_bytes > packet->length) return false;
    unsigned sum = ip_pseudo_sum(&packet->from, IP_TCP, packet->length);
    if (checksum_end(checksum_add(sum, header, packet->length)) != 0) return false;
    *s = (struct segment){
        .peer = packet->from,
        .peer_port = wire_get16(header + SOURCE),
        .port = wire_get16(header + TARGET),
        .sequence = wire_get32(header + SEQUENCE),
        .acknowledgement = wire_get32(header + ACKNOWLEDGEMENT),
        .flags = header[FLAGS],
        .window = wire_get16(header + WINDOW),
        .bytes = header + header_bytes,
        .length = packet->length - header_bytes,
    };
    unsigned bytes;
    for (unsigned at = TCP_HEADER; (bytes = option_bytes(header + at, header_bytes - at)) > 0;
         at += bytes)
        if (header[at] == OPTION_MOST && bytes == OPTION_MOST_BYTES)
            s->most = wire_get16(header + at + 2);
    return true;
}

bool tcp_emit(const struct segment *s, const unsigned char *ring)
{
    struct frame *frame = net_frame();
    if (!frame) return false;
    unsigned char *header = frame->bytes + IP_PAYLOAD;
    unsigned header_bytes = TCP_HEADER + (s->most ? OPTION_MOST_BYTES : 0);
    unsigned at = s->sequence % TCP_SEND_BYTES;
    unsigned first = smaller(s->length, TCP_SEND_BYTES - at);
    memcpy(header + header_bytes, ring + at, first);
    memcpy(header + header_bytes + first, ring, s->length - first);

    memset(header, 0, TCP_HEADER);
    wire_put16(header + SOURCE, s->port);
    wire_put16(header + TARGET, s->peer_port);
    wire_put32(header + SEQUENCE, s->sequence);
    wire_put32(header + ACKNOWLEDGEMENT, s->acknowledgement);
    header[OFFSET] = header_bytes / 4 << 4;
    header[FLAGS] = s->flags;
    wire_put16(header + WINDOW, s->window);
    if (s->most)
        wire_put32(header + TCP_HEADER, OPTION_MOST << 24 | OPTION_MOST_BYTES << 16 | s->most);
    unsigned length = header_bytes + s->length;
    unsigned sum = ip_pseudo_sum(&s->peer, IP_TCP, length);
    wire_put16(header + CHECKSUM, checksum_end(checksum_add(sum, header, length)));
    ip_send(frame, &s->peer, IP_TCP, length);
    return true;
}

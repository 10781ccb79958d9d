/*
 * arp.c: tells who asks which Ethernet address our IPv4 address has (RFC 826).
 */
#include "ip.h"
#include "string.h"
#include "wire.h"

enum {
    OPERATION = 20, /* offsets in a frame */
    SENDER_MAC = 22,
    SENDER_IP = 28,
    TARGET_MAC = 32,
    TARGET_IP = 38,
    END = 42,
    REQUEST = 1,
    REPLY = 2,
};

/* What precedes the operation: Ethernet and IPv4, addresses of 6 and 4 bytes. */
static const unsigned char kind[6] = {0, 1, 8, 0, MAC_BYTES, 4};

void arp_receive(const struct frame *frame)
{
    const unsigned char *question = frame->bytes;
    if (frame->length < END || memcmp(question + ETHERNET_HEADER, kind, sizeof kind) != 0) return;
    if (wire_get16(question + OPERATION) != REQUEST) return;
    if (wire_get32(question + TARGET_IP) != ip_address) return;
    struct frame *answer = net_frame();
    if (!answer) return; /* he will ask again */
    unsigned char *bytes = answer->bytes;
    memcpy(bytes, question, END);
    memcpy(bytes, question + MAC_BYTES, MAC_BYTES); /* back to where the frame came from */
    memcpy(bytes + MAC_BYTES, net_address, MAC_BYTES);
    wire_put16(bytes + OPERATION, REPLY);
    memcpy(bytes + SENDER_MAC, net_address, MAC_BYTES);
    wire_put32(bytes + SENDER_IP, ip_address);
    memcpy(bytes + TARGET_MAC, question + SENDER_MAC, TARGET_MAC - SENDER_MAC);
    answer->length = END;
    net_add(answer);
}

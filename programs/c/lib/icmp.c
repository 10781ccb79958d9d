/*
 * icmp.c: answers ping (RFC 792, echo message).
 */
#include "checksum.h"
#include "ip.h"
#include "string.h"
#include "wire.h"

enum {
    TYPE = 0, /* offsets in a message */
    CODE = 1,
    CHECKSUM = 2,
    HEADER = 8, /* behind it is what the sender wants back */
    ECHO_REPLY = 0,
    ECHO = 8,
};

void icmp_receive(const struct packet *packet)
{
    if (packet->length < HEADER || packet->length > IP_MOST_PAYLOAD) return;
    if (packet->bytes[TYPE] != ECHO || packet->bytes[CODE] != 0) return;
    if (checksum_end(checksum_add(0, packet->bytes, packet->length)) != 0) return;
    struct frame *answer = net_frame();
    if (!answer) return;
    unsigned char *message = answer->bytes + IP_PAYLOAD;
    memcpy(message, packet->bytes, packet->length);
    message[TYPE] = ECHO_REPLY;
    wire_put16(message + CHECKSUM, 0);
    wire_put16(message + CHECKSUM, checksum_end(checksum_add(0, message, packet->length)));
    ip_send(answer, &packet->from, IP_ICMP, packet->length);
}

/*
 * udp-echo.c: sends every datagram back to where it came from. The smallest guest on the drivers of
 * a network device and a timer; it answers ARP (RFC 826) and UDP (RFC 768) over IPv4 (RFC 791).
 *
 * An answer is the question with its addresses turned round: ports and addresses change places, so
 * the checksums stay right.
 *
 * Command line: idle=MS, how long to wait for a datagram (default: for ever). Requests to port 7 of
 * 10.0.2.15: `quit`, with or without #ID before it, is answered with `bye`; all else with itself.
 * Exit: 0 after quit; 2 without a network device; 3 after MS without a datagram.
 */
#include "../lib/guest.h"
#include "../lib/interrupts.h"
#include "../lib/net.h"
#include "../lib/print.h"
#include "../lib/string.h"
#include "../lib/timer.h"

enum {
    ETHER_IPV4 = 0x0800,
    ETHER_ARP = 0x0806,
    ARP_REQUEST = 1,
    ARP_REPLY = 2,
    IP_UDP = 17,
    IP_FRAGMENTS = 0x3FFF, /* more fragments, or not the first */
    ECHO_PORT = 7,
    TICKS_A_SECOND = 100,
    END_QUIT = 0,
    END_NO_DEVICE = 2,
    END_IDLE = 3,
};

/* Offsets in a frame. */
enum {
    TARGET = 0,
    SOURCE = 6,
    TYPE = 12,
    ARP_OPERATION = 20,
    ARP_SENDER = 22,    /* hardware address, then protocol address */
    ARP_TARGET = 32,
    ARP_END = 42,
    IP = 14,
    IP_LENGTH = IP + 2,
    IP_FRAGMENT = IP + 6,
    IP_PROTOCOL = IP + 9,
    IP_CHECKSUM = IP + 10,
    IP_SOURCE = IP + 12,
    IP_TARGET = IP + 16,
    UDP_SOURCE = 34,    /* behind an IPv4 header without options */
    UDP_TARGET = 36,
    UDP_LENGTH = 38,
    UDP_CHECKSUM = 40,
    UDP_DATA = 42,
    ADDRESS_BYTES = 4,
};

static const unsigned char our_ip[ADDRESS_BYTES] = {10, 0, 2, 15};

/* Numbers on the wire have their high byte first. */
static unsigned word_at(const unsigned char *at)
{
    return at[0] << 8 | at[1];
}

static void set_word(unsigned char *at, unsigned value)
{
    at[0] = value >> 8;
    at[1] = value;
}

static void swap(unsigned char *a, unsigned char *b, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        unsigned char byte = a[i];
        a[i] = b[i];
        b[i] = byte;
    }
}

/* Sends a copy of a frame back to its sender; without a free buffer the answer is lost. */
static void send_back(const unsigned char *bytes, unsigned length)
{
    struct frame *answer = net_frame();
    if (!answer) return;
    memcpy(answer->bytes, bytes, length);
    memcpy(answer->bytes + TARGET, bytes + SOURCE, MAC_BYTES);
    memcpy(answer->bytes + SOURCE, net_address, MAC_BYTES);
    answer->length = length;
    net_send(answer);
}

static void answer_arp(unsigned char *frame, unsigned length)
{
    if (length < ARP_END || word_at(frame + ARP_OPERATION) != ARP_REQUEST) return;
    if (memcmp(frame + ARP_TARGET + MAC_BYTES, our_ip, ADDRESS_BYTES) != 0) return;
    set_word(frame + ARP_OPERATION, ARP_REPLY);
    memcpy(frame + ARP_TARGET, net_address, MAC_BYTES);
    swap(frame + ARP_SENDER, frame + ARP_TARGET, MAC_BYTES + ADDRESS_BYTES);
    send_back(frame, ARP_END);
}

/* Whether it is a datagram for us, with a whole header and no longer than the frame. */
static bool is_ours(const unsigned char *frame, unsigned length)
{
    return length >= UDP_DATA && frame[IP] == 0x45 && frame[IP_PROTOCOL] == IP_UDP &&
           (word_at(frame + IP_FRAGMENT) & IP_FRAGMENTS) == 0 &&
           memcmp(frame + IP_TARGET, our_ip, ADDRESS_BYTES) == 0 &&
           word_at(frame + UDP_TARGET) == ECHO_PORT &&
           word_at(frame + UDP_LENGTH) >= UDP_DATA - UDP_SOURCE &&
           word_at(frame + UDP_LENGTH) <= length - UDP_SOURCE;
}

/* Sums up the header of an IPv4 packet (RFC 1071). */
static unsigned header_checksum(const unsigned char *header)
{
    unsigned sum = 0;
    for (unsigned at = 0; at < UDP_SOURCE - IP; at += 2) sum += word_at(header + at);
    while (sum >> 16) sum = (sum & 0xFFFF) + (sum >> 16);
    return ~sum & 0xFFFF;
}

/* Puts `bye` in the place of the words from `at` on → the new end of the frame. */
static unsigned say_bye(unsigned char *frame, unsigned at)
{
    memcpy(frame + at, "bye", 3);
    unsigned end = at + 3;
    set_word(frame + UDP_LENGTH, end - UDP_SOURCE);
    set_word(frame + UDP_CHECKSUM, 0); /* none */
    set_word(frame + IP_LENGTH, end - IP);
    set_word(frame + IP_CHECKSUM, 0);
    set_word(frame + IP_CHECKSUM, header_checksum(frame + IP));
    return end;
}

/* Answers a datagram; true if it says quit. */
static bool answer_udp(unsigned char *frame)
{
    unsigned end = UDP_SOURCE + word_at(frame + UDP_LENGTH);
    unsigned at = UDP_DATA;
    if (at < end && frame[at] == '#')
        while (at < end && frame[at++] != ' ') continue;
    bool quit = end - at == 4 && memcmp(frame + at, "quit", 4) == 0;
    if (quit) end = say_bye(frame, at);
    swap(frame + IP_SOURCE, frame + IP_TARGET, ADDRESS_BYTES);
    swap(frame + UDP_SOURCE, frame + UDP_TARGET, 2);
    send_back(frame, end);
    return quit;
}

int main(void)
{
    interrupts_open();
    if (!net_open()) {
        print("udp-echo: no network device\n");
        return END_NO_DEVICE;
    }
    unsigned idle = argument("idle=", 0);
    if (idle > 0) timer_start(TICKS_A_SECOND);
    print("udp-echo: ready\n");
    unsigned since = timer_ms();
    for (bool quit = false; !quit;) {
        struct frame *frame;
        wait_until((frame = net_receive()) || (idle > 0 && timer_ms() - since >= idle));
        if (!frame) {
            print("udp-echo: nobody asks\n");
            return END_IDLE;
        }
        unsigned char *bytes = frame->bytes;
        unsigned type = frame->length >= IP ? word_at(bytes + TYPE) : 0;
        if (type == ETHER_ARP) answer_arp(bytes, frame->length);
        if (type == ETHER_IPV4 && is_ours(bytes, frame->length)) {
            quit = answer_udp(bytes);
            since = timer_ms();
        }
        net_release(frame);
    }
    net_finish();
    return END_QUIT;
}

/*
 * net.h: Ethernet frames through a virtio network device (virtio 1.2, section 5.1; net.c).
 *
 * Frames lie in buffers of the driver; nothing is copied. Receiving, a program takes a frame, looks
 * at it for as long as it likes and gives it back. Sending, it takes an empty one, writes into it
 * and hands it over; sending never waits. There are as many buffers for each direction as the queue
 * has room, so that a burst of frames waits in memory and not on the wire.
 *
 * A program that waits for frames and for time:
 *
 *     wait_until((frame = net_receive()) || (int)(timer_ticks() - end) >= 0);
 */
#ifndef NET_H
#define NET_H

#include <stdbool.h>
#include "virtio.h"

enum {
    MAC_BYTES = 6,
    FRAME_BYTES = 1514, /* longest frame, without its checksum, which the device adds */
};

/* A frame, from the target's address on. */
struct frame {
    struct frame *next; /* the driver's */
    unsigned length;    /* of `bytes` in use */
    /* The device's own header before each frame; we need none of it. */
    unsigned char header[12] __attribute__((aligned(4)));
    unsigned char bytes[FRAME_BYTES];
};

/* Our address on the wire. */
extern unsigned char net_address[MAC_BYTES];

/* Brings the first network device up. False if there is none. */
bool net_open(void);

/* The next frame that has arrived, or 0. It stays until net_release. */
struct frame *net_receive(void);

/* Gives a frame of net_receive back; its buffer takes up another one. */
void net_release(struct frame *frame);

/* An empty frame, or 0 if all are on their way. It goes back by net_send. */
struct frame *net_frame(void);

/* Sends the `length` bytes of a frame of net_frame. */
void net_send(struct frame *frame);

/*
 * The same for many frames: they are added one by one, and go together. The device is told once
 * instead of each time, and a replicated machine lets them out by one entry of its log.
 */
void net_add(struct frame *frame);
void net_go(void);

/*
 * Whether net_frame has one to give. While it has none the device interrupts when one becomes free,
 * so this is a condition to wait for.
 */
bool net_can_send(void);

/*
 * Sleeps until every frame of net_send has left. A guest that ends before that may take its last
 * frames with it.
 */
void net_finish(void);

#endif

/*
 * virtio.h: virtio devices behind memory-mapped registers, and their queues (virtio 1.2, sections
 * 2.7 split virtqueues, 4.2 virtio over MMIO).
 *
 * A driver finds its device, opens its queues and starts it. Then it hands over *chains*: pieces of
 * memory for the device to read or to fill, together with a tag of its own, by which it gets the
 * chain back when the device has used it. Nothing here waits or allocates.
 *
 *     virtio_find → virtqueue_open … → virtio_start → { virtqueue_add … → virtqueue_notify;
 *                                                       virtqueue_take … } for ever
 *
 * An interrupt only wakes the processor; whoever waits looks at the queues himself.
 */
#ifndef VIRTIO_H
#define VIRTIO_H

#include <stdbool.h>

enum virtio_type { VIRTIO_NET = 1, VIRTIO_BLOCK = 2, VIRTIO_ENTROPY = 4 };

enum {
    VIRTQUEUE_SIZE = 64,  /* descriptors in a queue, if the device can do that many; a power of 2 */
    VIRTQUEUE_PIECES = 4, /* most pieces of a chain */
};

/* A device: its slot. */
struct virtio {
    volatile unsigned *registers;
    unsigned line; /* on which it interrupts */
};

/* A piece of a chain. The pieces that the device reads come before those that it fills. */
struct piece {
    void *address;
    unsigned bytes;
    bool filled; /* by the device */
};

struct descriptor {
    unsigned long long address;
    unsigned bytes;
    unsigned short flags;
    unsigned short next;
};

/* A queue. Driver and device share the first three members; their alignment is the standard's. */
struct virtqueue {
    struct descriptor descriptors[VIRTQUEUE_SIZE] __attribute__((aligned(16)));
    struct {
        unsigned short flags;
        unsigned short index;
        unsigned short ring[VIRTQUEUE_SIZE];
    } available;
    volatile struct {
        unsigned short flags;
        unsigned short index;
        struct {
            unsigned head;
            unsigned bytes;
        } ring[VIRTQUEUE_SIZE];
    } used __attribute__((aligned(4)));

    struct virtio *device;
    unsigned number;
    unsigned size;                /* descriptors in use by both sides */
    unsigned short taken;         /* index of the used ring up to which we have looked */
    unsigned short free;          /* first free descriptor; the others follow by `next` */
    unsigned short free_count;
    void *tags[VIRTQUEUE_SIZE];   /* by first descriptor */
    unsigned short lasts[VIRTQUEUE_SIZE]; /* by first descriptor, the last one of its chain */
};

/*
 * Finds the `nth` device of this type, in the order of slots from 0, resets it and agrees on those
 * of the wanted features 0 … 31 that it has, which are left in *features. False without a device.
 */
bool virtio_find(struct virtio *device, enum virtio_type type, unsigned nth, unsigned *features);

/* Sets queue `number` up, before virtio_start. False if the device has none of that number. */
bool virtqueue_open(struct virtqueue *queue, struct virtio *device, unsigned number);

/* The queues are ready; from now on the device works, and interrupts. */
void virtio_start(struct virtio *device);

/* 32 bits of the device's configuration space at `offset`, a multiple of 4. */
unsigned virtio_config(const struct virtio *device, unsigned offset);

/*
 * Makes a chain of 1 … VIRTQUEUE_PIECES pieces available. False without enough free descriptors. The
 * memory belongs to the device until virtqueue_take returns the tag, which must not be 0.
 */
bool virtqueue_add(struct virtqueue *queue, const struct piece *pieces, unsigned count, void *tag);

/* Tells the device of all that has been added, if it wants to be told. */
void virtqueue_notify(struct virtqueue *queue);

/* The tag of the next chain that the device has used, or 0; *filled bytes are new in it. */
void *virtqueue_take(struct virtqueue *queue, unsigned *filled);

/* Whether the device interrupts when it has used a chain of this queue; at first it does. */
void virtqueue_interrupts(struct virtqueue *queue, bool wanted);

#endif

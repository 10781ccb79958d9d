/*
 * net.c: see net.h. Each frame is one piece: header and bytes lie side by side.
 */
#include "net.h"
#include <stddef.h>
#include "interrupts.h"
#include "string.h"

enum {
    RECEIVE = 0, /* queues */
    SEND = 1,
    FEATURE_MAC = 1 << 5, /* the device tells us our address */
    HEADER_BYTES = sizeof((struct frame *)0)->header,
};

_Static_assert(offsetof(struct frame, bytes) == offsetof(struct frame, header) + HEADER_BYTES,
               "a frame and its header are one piece");

unsigned char net_address[MAC_BYTES];

static struct virtio device;
static struct virtqueue receive_queue, send_queue;
static struct frame received[VIRTQUEUE_SIZE], outgoing[VIRTQUEUE_SIZE];
static struct frame *unused; /* of `outgoing`: the first that is not on its way */
static unsigned on_their_way;
static bool added; /* and the device does not know yet */

static void offer(struct frame *frame)
{
    struct piece piece = {frame->header, HEADER_BYTES + FRAME_BYTES, true};
    virtqueue_add(&receive_queue, &piece, 1, frame);
}

static void keep(struct frame *frame)
{
    frame->next = unused;
    unused = frame;
}

bool net_open(void)
{
    unsigned features = FEATURE_MAC;
    if (!virtio_find(&device, VIRTIO_NET, 0, &features)) return false;
    if (!virtqueue_open(&receive_queue, &device, RECEIVE)) return false;
    if (!virtqueue_open(&send_queue, &device, SEND)) return false;
    unsigned address[2] = {virtio_config(&device, 0), virtio_config(&device, 4)};
    memcpy(net_address, address, MAC_BYTES);
    for (unsigned i = 0; i < receive_queue.size; i++) offer(&received[i]);
    for (unsigned i = 0; i < send_queue.size; i++) keep(&outgoing[i]);
    virtqueue_interrupts(&send_queue, false);
    virtio_start(&device);
    virtqueue_notify(&receive_queue);
    return true;
}

struct frame *net_receive(void)
{
    unsigned filled;
    struct frame *frame = virtqueue_take(&receive_queue, &filled);
    if (frame) frame->length = filled > HEADER_BYTES ? filled - HEADER_BYTES : 0;
    return frame;
}

void net_release(struct frame *frame)
{
    offer(frame);
    virtqueue_notify(&receive_queue);
}

static void collect(void)
{
    struct frame *frame;
    unsigned filled;
    while ((frame = virtqueue_take(&send_queue, &filled))) {
        keep(frame);
        on_their_way--;
    }
}

bool net_can_send(void)
{
    collect();
    /* Asked for before the last look, so that no frame becomes free unnoticed. */
    virtqueue_interrupts(&send_queue, !unused);
    if (!unused) collect();
    return unused;
}

struct frame *net_frame(void)
{
    if (!net_can_send()) return 0;
    struct frame *frame = unused;
    unused = frame->next;
    return frame;
}

void net_add(struct frame *frame)
{
    memset(frame->header, 0, HEADER_BYTES);
    struct piece piece = {frame->header, HEADER_BYTES + frame->length, false};
    virtqueue_add(&send_queue, &piece, 1, frame);
    on_their_way++;
    added = true;
}

void net_go(void)
{
    if (added) virtqueue_notify(&send_queue);
    added = false;
}

void net_send(struct frame *frame)
{
    net_add(frame);
    net_go();
}

void net_finish(void)
{
    virtqueue_interrupts(&send_queue, true);
    wait_until((collect(), on_their_way == 0));
    virtqueue_interrupts(&send_queue, false);
}

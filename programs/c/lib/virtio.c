/*
 * virtio.c: see virtio.h.
 *
 * Addresses are physical and below 4 GiB. The processor's stores become visible in their order, and
 * its loads are done in theirs, so that there the compiler is all that must be held back. Only a
 * load may overtake an earlier store (Intel SDM volume 3, 8.2.2): where a driver tells something and
 * then looks whether the device has noticed in time, the processor must be held back too.
 */
#include "virtio.h"
#include "interrupts.h"
#include "string.h"

enum {
    SLOT_0 = 0xFEB00000,
    SLOT_BYTES = 0x200,
    SLOTS = 8,
    SLOT_0_LINE = 5,
    MAGIC = 0x74726976, /* "virt" */

    NEXT = 1, /* descriptor flags: the chain goes on at `next`, */
    WRITE = 2, /* the device writes here */
    NO_INTERRUPT = 1, /* flag of the available ring */
    NO_NOTIFY = 1, /* flag of the used ring */
};

/* Registers, in words. */
enum {
    REG_MAGIC = 0x00 / 4,
    REG_VERSION = 0x04 / 4,
    REG_TYPE = 0x08 / 4,
    REG_DEVICE_FEATURES = 0x10 / 4,
    REG_DEVICE_FEATURES_WORD = 0x14 / 4,
    REG_DRIVER_FEATURES = 0x20 / 4,
    REG_DRIVER_FEATURES_WORD = 0x24 / 4,
    REG_QUEUE = 0x30 / 4,
    REG_QUEUE_MOST = 0x34 / 4,
    REG_QUEUE_SIZE = 0x38 / 4,
    REG_QUEUE_READY = 0x44 / 4,
    REG_NOTIFY = 0x50 / 4,
    REG_INTERRUPT_STATUS = 0x60 / 4,
    REG_INTERRUPT_ACK = 0x64 / 4,
    REG_STATUS = 0x70 / 4,
    REG_DESCRIPTORS = 0x80 / 4, /* the low halves of addresses; the high ones stay 0 */
    REG_AVAILABLE = 0x90 / 4,
    REG_USED = 0xA0 / 4,
    REG_CONFIG = 0x100 / 4,
};

/* Device status (2.1): what the driver has done so far. */
enum { ACKNOWLEDGED = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8 };

enum { VERSION_1 = 1 }; /* bit 32 of the features: not a device of before the standard */

static void compiler_barrier(void)
{
    __asm__ volatile("" : : : "memory");
}

static void full_barrier(void)
{
    __asm__ volatile("lock; orl $0, (%%esp)" : : : "memory", "cc");
}

static volatile unsigned *slot_registers(unsigned slot)
{
    return (volatile unsigned *)(SLOT_0 + slot * SLOT_BYTES);
}

static bool agree(volatile unsigned *registers, unsigned *features)
{
    registers[REG_STATUS] = 0; /* reset */
    registers[REG_STATUS] = ACKNOWLEDGED;
    registers[REG_STATUS] = ACKNOWLEDGED | DRIVER;
    registers[REG_DEVICE_FEATURES_WORD] = 0;
    *features &= registers[REG_DEVICE_FEATURES];
    registers[REG_DRIVER_FEATURES_WORD] = 0;
    registers[REG_DRIVER_FEATURES] = *features;
    registers[REG_DRIVER_FEATURES_WORD] = 1;
    registers[REG_DRIVER_FEATURES] = VERSION_1;
    registers[REG_STATUS] = ACKNOWLEDGED | DRIVER | FEATURES_OK;
    return registers[REG_STATUS] & FEATURES_OK;
}

bool virtio_find(struct virtio *device, enum virtio_type type, unsigned nth, unsigned *features)
{
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        volatile unsigned *registers = slot_registers(slot);
        if (registers[REG_MAGIC] != MAGIC || registers[REG_VERSION] != 2) continue;
        if (registers[REG_TYPE] != type || nth-- > 0) continue;
        *device = (struct virtio){registers, SLOT_0_LINE + slot};
        return agree(registers, features);
    }
    return false;
}

bool virtqueue_open(struct virtqueue *queue, struct virtio *device, unsigned number)
{
    volatile unsigned *registers = device->registers;
    registers[REG_QUEUE] = number;
    unsigned most = registers[REG_QUEUE_MOST];
    if (most == 0) return false;
    memset(queue, 0, sizeof *queue);
    queue->device = device;
    queue->number = number;
    queue->size = most < VIRTQUEUE_SIZE ? most : VIRTQUEUE_SIZE;
    queue->free_count = queue->size;
    for (unsigned i = 0; i < queue->size; i++) queue->descriptors[i].next = i + 1;

    registers[REG_QUEUE_SIZE] = queue->size;
    registers[REG_DESCRIPTORS] = (unsigned)queue->descriptors;
    registers[REG_AVAILABLE] = (unsigned)&queue->available;
    registers[REG_USED] = (unsigned)&queue->used;
    registers[REG_QUEUE_READY] = 1;
    return true;
}

/* Wakes the processor, which is all. */
static void acknowledge(unsigned line)
{
    volatile unsigned *registers = slot_registers(line - SLOT_0_LINE);
    registers[REG_INTERRUPT_ACK] = registers[REG_INTERRUPT_STATUS];
}

void virtio_start(struct virtio *device)
{
    interrupts_handle(device->line, acknowledge);
    device->registers[REG_STATUS] = ACKNOWLEDGED | DRIVER | FEATURES_OK | DRIVER_OK;
}

unsigned virtio_config(const struct virtio *device, unsigned offset)
{
    return device->registers[REG_CONFIG + offset / 4];
}

bool virtqueue_add(struct virtqueue *queue, const struct piece *pieces, unsigned count, void *tag)
{
    if (count > queue->free_count) return false;
    unsigned head = queue->free, at = head, last = head;
    for (unsigned i = 0; i < count; i++) {
        struct descriptor *descriptor = &queue->descriptors[at];
        descriptor->address = (unsigned)pieces[i].address;
        descriptor->bytes = pieces[i].bytes;
        descriptor->flags = (pieces[i].filled ? WRITE : 0) | (i + 1 < count ? NEXT : 0);
        last = at;
        at = descriptor->next;
    }
    queue->free = at;
    queue->free_count -= count;
    queue->tags[head] = tag;
    queue->lasts[head] = last;
    queue->available.ring[queue->available.index & (queue->size - 1)] = head;
    compiler_barrier(); /* only a complete entry may be seen */
    queue->available.index++;
    return true;
}

void virtqueue_notify(struct virtqueue *queue)
{
    full_barrier(); /* the device looks at the index once more when it has taken NO_NOTIFY back */
    if (!(queue->used.flags & NO_NOTIFY)) queue->device->registers[REG_NOTIFY] = queue->number;
}

/* How many descriptors a chain has; they return to the free ones. */
static void release(struct virtqueue *queue, unsigned head)
{
    unsigned last = queue->lasts[head];
    unsigned count = 1;
    for (unsigned at = head; at != last; at = queue->descriptors[at].next) count++;
    queue->descriptors[last].next = queue->free;
    queue->free = head;
    queue->free_count += count;
}

void *virtqueue_take(struct virtqueue *queue, unsigned *filled)
{
    if (queue->taken == queue->used.index) return 0;
    unsigned at = queue->taken & (queue->size - 1);
    unsigned head = queue->used.ring[at].head;
    *filled = queue->used.ring[at].bytes;
    compiler_barrier(); /* what the device has filled is read after this */
    queue->taken++;
    release(queue, head);
    return queue->tags[head];
}

void virtqueue_interrupts(struct virtqueue *queue, bool wanted)
{
    queue->available.flags = wanted ? 0 : NO_INTERRUPT;
    full_barrier(); /* whoever looks at the used ring next does so after this */
}

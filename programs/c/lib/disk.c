/*
 * disk.c: see disk.h. A request is a chain of header, data and one byte for the device's answer.
 */
#include "disk.h"
#include "interrupts.h"

enum {
    FEATURE_FLUSH = 1 << 9,
    STATUS_OK = 0,
};

bool disk_open(struct disk *disk, unsigned nth)
{
    unsigned features = FEATURE_FLUSH;
    if (!virtio_find(&disk->device, VIRTIO_BLOCK, nth, &features)) return false;
    if (!virtqueue_open(&disk->queue, &disk->device, 0)) return false;
    disk->flushes = features & FEATURE_FLUSH;
    disk->sectors = virtio_config(&disk->device, 0);
    virtio_start(&disk->device);
    return true;
}

bool disk_begin(struct disk *disk, struct disk_request *request)
{
    request->complete = request->failed = false;
    if (request->operation == DISK_FLUSH && !disk->flushes) return request->complete = true;
    request->header.type = request->operation;
    request->header.reserved = 0;
    request->header.sector = request->operation == DISK_FLUSH ? 0 : request->sector;
    struct piece pieces[3];
    unsigned count = 0;
    pieces[count++] = (struct piece){&request->header, sizeof request->header, false};
    if (request->sectors > 0)
        pieces[count++] = (struct piece){request->bytes, request->sectors * SECTOR_BYTES,
                                         request->operation == DISK_READ};
    pieces[count++] = (struct piece){&request->status, 1, true};
    if (!virtqueue_add(&disk->queue, pieces, count, request)) return false;
    virtqueue_notify(&disk->queue);
    return true;
}

void disk_poll(struct disk *disk)
{
    struct disk_request *request;
    unsigned filled;
    while ((request = virtqueue_take(&disk->queue, &filled))) {
        request->failed = request->status != STATUS_OK;
        request->complete = true;
    }
}

/* Whether the request is complete, as a condition to wait for. */
static bool complete(struct disk *disk, const struct disk_request *request)
{
    disk_poll(disk);
    return request->complete;
}

bool disk_do(struct disk *disk, struct disk_request *request)
{
    wait_until((disk_poll(disk), disk_begin(disk, request)));
    wait_until(complete(disk, request));
    return !request->failed;
}

static bool transfer(struct disk *disk, enum disk_operation operation, unsigned sector,
                     unsigned sectors, void *bytes)
{
    struct disk_request request = {
        .operation = operation, .sector = sector, .sectors = sectors, .bytes = bytes};
    return disk_do(disk, &request);
}

bool disk_read(struct disk *disk, unsigned sector, unsigned sectors, void *bytes)
{
    return transfer(disk, DISK_READ, sector, sectors, bytes);
}

bool disk_write(struct disk *disk, unsigned sector, unsigned sectors, const void *bytes)
{
    return transfer(disk, DISK_WRITE, sector, sectors, (void *)bytes);
}

bool disk_flush(struct disk *disk)
{
    return transfer(disk, DISK_FLUSH, 0, 0, 0);
}

/*
 * disk.h: sectors of 512 bytes on virtio block devices (virtio 1.2, section 5.2; disk.c).
 *
 * Requests are in flight together, and complete in any order. What has been written is safe from a
 * power cut only after a flush that began when the write was complete.
 */
#ifndef DISK_H
#define DISK_H

#include <stdbool.h>
#include "virtio.h"

enum { SECTOR_BYTES = 512 };

enum disk_operation { DISK_READ = 0, DISK_WRITE = 1, DISK_FLUSH = 4 };

/* One request. The caller fills in the first four members; the others are the driver's. */
struct disk_request {
    enum disk_operation operation;
    unsigned sector;
    unsigned sectors; /* their number; 0 for a flush */
    void *bytes;

    bool complete;
    bool failed; /* valid when complete */
    struct {
        unsigned type;
        unsigned reserved;
        unsigned long long sector;
    } header;
    unsigned char status;
};

struct disk {
    unsigned sectors; /* how many it has */
    bool flushes;     /* whether it knows DISK_FLUSH; otherwise what is written is safe at once */
    struct virtio device;
    struct virtqueue queue;
};

/* Brings the `nth` disk up, counted from 0. False if there is none. */
bool disk_open(struct disk *disk, unsigned nth);

/*
 * Begins a request. False, and nothing has happened, if too many are in flight. Request and bytes
 * must be left alone until it is complete.
 */
bool disk_begin(struct disk *disk, struct disk_request *request);

/* Marks the requests that are complete by now. */
void disk_poll(struct disk *disk);

/* Does a request from begin to end, sleeping meanwhile; false if it failed. */
bool disk_do(struct disk *disk, struct disk_request *request);

/* The same, for what is most often wanted. */
bool disk_read(struct disk *disk, unsigned sector, unsigned sectors, void *bytes);
bool disk_write(struct disk *disk, unsigned sector, unsigned sectors, const void *bytes);
bool disk_flush(struct disk *disk);

#endif

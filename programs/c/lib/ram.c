/*
 * ram.c: see ram.h.
 */
#include "ram.h"
#include "start-info.h"

enum { PAGE_MASK = 4095 };

struct ram ram_free(void)
{
    unsigned from = (unsigned)guest_end;
    if (start_info->magic != START_INFO_MAGIC || start_info->version < 1)
        return (struct ram){from, from};
    const struct memory_range *range = (void *)(unsigned)start_info->memory_map;
    for (unsigned i = 0; i < start_info->memory_ranges; i++, range++) {
        unsigned long long end = range->address + range->bytes;
        if (range->type == MEMORY_RAM && range->address < from && from < end)
            return (struct ram){from, end > 0xFFFFF000 ? 0xFFFFF000 : end & ~PAGE_MASK};
    }
    return (struct ram){from, from};
}

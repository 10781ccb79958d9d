/*
 * start-info.h: what the loader says about the machine, the structure start_info of the PVH boot
 * protocol (Xen, public/arch-x86/hvm/start_info.h). Addresses are physical, and so are ours.
 */
#ifndef START_INFO_H
#define START_INFO_H

enum { START_INFO_MAGIC = 0x336EC578, MEMORY_RAM = 1 };

/* A part of the address space, and what is there. */
struct memory_range {
    unsigned long long address;
    unsigned long long bytes;
    unsigned type; /* MEMORY_RAM, or anything else: not for us */
    unsigned reserved;
};

/* Where start.s found it; valid if its magic is START_INFO_MAGIC. */
extern const struct start_info {
    unsigned magic;
    unsigned version;
    unsigned flags;
    unsigned modules;
    unsigned long long module_list;
    unsigned long long command_line; /* a text that ends in a zero byte */
    unsigned long long rsdp;
    unsigned long long memory_map; /* of memory_ranges entries; from version 1 on */
    unsigned memory_ranges;
    unsigned reserved;
} *start_info;

/* The first byte after the guest's code, data and stack (guest.ld); a multiple of 4096. */
extern char guest_end[];

#endif

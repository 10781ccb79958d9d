/*
 * ram.h: the memory that the guest may use besides its own (ram.c).
 */
#ifndef RAM_H
#define RAM_H

/* From `from` up to, and without, `to`; multiples of 4096. */
struct ram {
    unsigned from, to;
};

/*
 * What lies between the guest's image and the end of the RAM that the image is in, as the loader's
 * memory map says; nothing (`from` == `to`) without a map.
 */
struct ram ram_free(void);

#endif

/*
 * heap.h: memory by the piece, out of what ram.h finds free (heap.c). Taking and giving back take a
 * constant number of steps, so that no request waits for another one's garbage.
 */
#ifndef HEAP_H
#define HEAP_H

/* Makes all free memory the heap's. Before that, heap_take has nothing to give. */
void heap_open(void);

/* A piece of at least `bytes` bytes, on a multiple of 4; 0 if there is none of that size. */
void *heap_take(unsigned bytes);

/* Gives a piece back; 0 is no piece and does nothing. */
void heap_give(void *piece);

/* Bytes in pieces that are taken, and bytes altogether; both with what the heap itself needs. */
unsigned heap_used(void);
unsigned heap_size(void);

#endif

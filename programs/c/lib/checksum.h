/*
 * checksum.h: the checksum of IPv4, ICMP, UDP and TCP (RFC 1071): the ones' complement of the ones'
 * complement sum of all 16-bit words.
 *
 * A sum is kept as the processor reads words, low byte first; the sum of words with their bytes
 * exchanged is the sum with its bytes exchanged (RFC 1071, section 2 B), so only the end cares.
 * Sums of pieces may be added up where each but the last has an even number of bytes.
 */
#ifndef CHECKSUM_H
#define CHECKSUM_H

#include <stddef.h>

/* The sum of `bytes` bytes, and of `sum`. A last byte without a partner has a zero beside it. */
unsigned checksum_add(unsigned sum, const void *at, size_t bytes);

/*
 * The checksum, 16 bits, to be stored by wire_put16. Over a packet that contains its own right
 * checksum it is 0.
 */
unsigned checksum_end(unsigned sum);

#endif
